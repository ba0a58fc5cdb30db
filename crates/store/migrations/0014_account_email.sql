-- Where a person can be reached.

ALTER TABLE account ADD COLUMN email TEXT; -- PRIVATE; null: nobody said
