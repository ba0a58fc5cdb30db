-- When people are told next follows from the end of the term; an end that people have moved is said to be moved.
ALTER TABLE duty DROP COLUMN reminder_count;
ALTER TABLE duty ADD COLUMN extended_at_ms BIGINT;
