-- The estate as people keep it: who is in business, what is known of a device, who may log in, and who is invited.

ALTER TABLE merchant ADD COLUMN state TEXT NOT NULL DEFAULT 'active'; -- active, retired
ALTER TABLE shop ADD COLUMN state TEXT NOT NULL DEFAULT 'active'; -- active, retired
ALTER TABLE operator ADD COLUMN state TEXT NOT NULL DEFAULT 'active'; -- active, disabled
ALTER TABLE account ADD COLUMN state TEXT NOT NULL DEFAULT 'active'; -- active, disabled

ALTER TABLE terminal ADD COLUMN location TEXT;
ALTER TABLE terminal ADD COLUMN keys_held_by TEXT;
ALTER TABLE terminal ADD COLUMN purchased_on TEXT; -- YYYY-MM-DD
ALTER TABLE terminal ADD COLUMN purchased_from TEXT;
ALTER TABLE terminal ADD COLUMN price_minor BIGINT;
ALTER TABLE terminal ADD COLUMN price_currency BIGINT;
ALTER TABLE terminal ADD COLUMN key_check TEXT; -- check value of the master key; it tells nothing of the key

-- Links that make one account, or give one another password.
CREATE TABLE invitation (
  invitation_id TEXT PRIMARY KEY,
  token_digest BLOB NOT NULL, -- SHA-256 of the token; the token itself is nowhere
  login TEXT, -- whose password it changes; null: a new account
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  merchant_id TEXT,
  shop_id TEXT,
  state TEXT NOT NULL, -- open, accepted, withdrawn
  made_by TEXT NOT NULL,
  made_at_ms BIGINT NOT NULL,
  ends_at_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX invitation_token_digest ON invitation (token_digest);
-- Another link for the same account takes the place of the one before.
CREATE INDEX invitation_login ON invitation (login) WHERE state = 'open' AND login IS NOT NULL;
