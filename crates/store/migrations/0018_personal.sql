-- Personal data: how far the sealed columns have been moved to the newest key, and how a person is found by what is sealed.

CREATE TABLE reseal (
  unit TEXT PRIMARY KEY, -- table.column
  data_key BLOB NOT NULL, -- check value of the key it is moved to
  since_ms BIGINT NOT NULL,
  place TEXT NOT NULL, -- key of the last row that was looked at, U+001F between its parts; empty: none yet
  looked_count BIGINT NOT NULL,
  moved_count BIGINT NOT NULL,
  stuck_count BIGINT NOT NULL, -- values that do not open with any key
  older_nodes BIGINT NOT NULL, -- starts of nodes that sealed with another key, when it began; -1: one was present
  done_at_ms BIGINT
);

-- Check values of the data keys a node has, the one that seals first; null: it did not say.
ALTER TABLE node ADD COLUMN data_keys BLOB;

ALTER TABLE account ADD COLUMN phone TEXT; -- PRIVATE, sealed; E.164
-- What a sealed address or number is found by: HMAC-SHA-256, hexadecimal, under a key derived from the data key.
ALTER TABLE account ADD COLUMN email_index TEXT;
ALTER TABLE account ADD COLUMN phone_index TEXT;
CREATE INDEX account_email_index ON account (email_index) WHERE email_index IS NOT NULL;
CREATE INDEX account_phone_index ON account (phone_index) WHERE phone_index IS NOT NULL;
