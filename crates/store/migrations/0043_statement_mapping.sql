-- How a file was read whose layout is not public, as JSON.
ALTER TABLE statement ADD COLUMN mapping TEXT;
CREATE INDEX statement_mapped ON statement (merchant_id, made_at_ms) WHERE mapping IS NOT NULL;
