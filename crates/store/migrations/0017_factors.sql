-- Second factors, how a session was begun and proved, and log-ins that are half done.

ALTER TABLE session ADD COLUMN session_id TEXT NOT NULL DEFAULT 'before'; -- how its owner names it; opens nothing
ALTER TABLE session ADD COLUMN used_at_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN idle_max_ms BIGINT NOT NULL DEFAULT 43200000; -- over when unused for so long
ALTER TABLE session ADD COLUMN proved_by TEXT NOT NULL DEFAULT 'password'; -- password, second_factor
ALTER TABLE session ADD COLUMN proved_at_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN network TEXT; -- PRIVATE
ALTER TABLE session ADD COLUMN browser TEXT;
UPDATE session SET used_at_ms = created_at_ms;
CREATE INDEX session_login ON session (login);

-- From when the house requires a second factor of whoever has power; null: it does not.
ALTER TABLE setting ADD COLUMN second_factor_from_ms BIGINT;

CREATE TABLE factor (
  factor_id TEXT PRIMARY KEY,
  login TEXT NOT NULL REFERENCES account (login),
  kind TEXT NOT NULL, -- totp, passkey
  name TEXT NOT NULL,
  rp_id TEXT, -- of a passkey: the host name it is good for
  secret_sealed BLOB NOT NULL, -- PRIVATE, encrypted: the secret of the codes, or the whole credential
  last_step BIGINT, -- of codes: the newest that was taken
  since_ms BIGINT NOT NULL,
  used_at_ms BIGINT
);
CREATE INDEX factor_login ON factor (login);

CREATE TABLE recovery_code (
  code_digest BLOB PRIMARY KEY, -- SHA-256 of 120 random bits
  login TEXT NOT NULL REFERENCES account (login),
  made_at_ms BIGINT NOT NULL,
  used_at_ms BIGINT
);
CREATE INDEX recovery_code_login ON recovery_code (login);

-- What an answer is awaited for. Whoever holds the token of the digest may give it: of a session, or of a half-done log-in.
CREATE TABLE challenge (
  token_digest BLOB NOT NULL,
  ask TEXT NOT NULL, -- log_in, log_in_passkey, prove_passkey, enrol_totp, enrol_passkey
  login TEXT NOT NULL,
  secret_sealed BLOB NOT NULL, -- PRIVATE, encrypted: what the answer is compared with; empty: nothing
  tries BIGINT NOT NULL,
  ends_at_ms BIGINT NOT NULL,
  PRIMARY KEY (token_digest, ask)
);
CREATE INDEX challenge_end ON challenge (ends_at_ms);
