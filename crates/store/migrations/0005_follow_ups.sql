-- What refers to a ledger row: its refunds, its void, what undid it. Only rows that refer to one are in the index, so a
-- purchase costs nothing.
CREATE INDEX ledger_of ON ledger (terminal_id, of_sequence) WHERE of_sequence IS NOT NULL;

-- sqlite: INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('ledger', 'ledger_of', '5000000 50 2');
-- sqlite: ANALYZE sqlite_schema;
