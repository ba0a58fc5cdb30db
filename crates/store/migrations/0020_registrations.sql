-- Merchants that sign up by themselves, and what a provider said of them.
CREATE TABLE registration (
  registration_id TEXT PRIMARY KEY,
  token_digest BLOB NOT NULL UNIQUE, -- SHA-256 of the token by which the applicant looks at it
  code_digest BLOB NOT NULL, -- SHA-256 of the code; the code itself is nowhere but in its mail
  wrong_codes BIGINT NOT NULL,
  made_from TEXT NOT NULL,
  made_at_ms BIGINT NOT NULL,
  ends_at_ms BIGINT NOT NULL, -- until when the code works
  kind TEXT NOT NULL, -- enterprise, individual, micro
  business_name TEXT NOT NULL,
  credit_code TEXT NOT NULL, -- empty for who has no licence
  person_name TEXT NOT NULL, -- PRIVATE, sealed
  identity_number TEXT NOT NULL, -- PRIVATE, sealed
  mobile TEXT NOT NULL, -- PRIVATE, sealed
  login TEXT NOT NULL, -- wanted; free or not
  email TEXT NOT NULL, -- PRIVATE, sealed
  password_hash TEXT NOT NULL,
  language TEXT NOT NULL,
  state TEXT NOT NULL,
  sent_count BIGINT NOT NULL,
  sent_at_ms BIGINT, -- null: nobody confirmed it
  provider TEXT,
  person_asked_at_ms BIGINT,
  person_outcome TEXT,
  person_because TEXT,
  company_asked_at_ms BIGINT,
  company_outcome TEXT,
  company_because TEXT,
  approved_by TEXT,
  approved_at_ms BIGINT,
  documents TEXT,
  documents_until_ms BIGINT, -- null: for good
  reason TEXT, -- PRIVATE, sealed
  wrong_fields TEXT,
  told TEXT, -- PRIVATE, sealed
  decided_by TEXT,
  decided_at_ms BIGINT,
  became TEXT, -- the merchant
  email_index TEXT,
  identity_index TEXT
);
CREATE INDEX registration_state ON registration (state, registration_id);
CREATE INDEX registration_email ON registration (email_index, made_at_ms);
CREATE INDEX registration_identity ON registration (identity_index);
CREATE INDEX registration_credit ON registration (credit_code);
-- How many queries that cost were asked on a day.
CREATE TABLE identity_day (
  day BIGINT PRIMARY KEY, -- days since 1970-01-01, UTC
  asked_count BIGINT NOT NULL
);
ALTER TABLE setting ADD COLUMN takes_registrations BIGINT NOT NULL DEFAULT 0;
ALTER TABLE setting ADD COLUMN identity_provider TEXT; -- aliyun, tencent
ALTER TABLE setting ADD COLUMN identity_key_sealed BLOB; -- PRIVATE, encrypted
ALTER TABLE setting ADD COLUMN identity_daily_limit BIGINT NOT NULL DEFAULT 100;
