-- Codes by which somebody who cannot log in reports a loss, once.
CREATE TABLE emergency_code (
  code_id TEXT PRIMARY KEY,
  code_digest BLOB NOT NULL UNIQUE, -- SHA-256 of the code; the code itself is nowhere but in its mail
  login TEXT NOT NULL REFERENCES account (login),
  made_at_ms BIGINT NOT NULL,
  ends_at_ms BIGINT NOT NULL,
  terminal_id TEXT, -- whose loss it reported; null: it has not been used
  incident_id TEXT
);
CREATE INDEX emergency_code_login ON emergency_code (login, ends_at_ms);
CREATE INDEX emergency_code_end ON emergency_code (ends_at_ms);
