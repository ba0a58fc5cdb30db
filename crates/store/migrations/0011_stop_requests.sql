-- Terminals that an outside acquirer decides, and what is asked of that acquirer when one is lost.

ALTER TABLE terminal ADD COLUMN control TEXT NOT NULL DEFAULT 'gate'; -- gate: ours is in the path; outside: theirs is
-- Where a provider's own API can stop it.
ALTER TABLE terminal ADD COLUMN provider TEXT; -- adyen, sumup, stripe
ALTER TABLE terminal ADD COLUMN provider_device_id TEXT;

-- One for each incident of a terminal that an outside acquirer decides. What became of the request, of the letter and of the
-- question to a provider are three things.
CREATE TABLE stop_request (
  incident_id TEXT PRIMARY KEY,
  terminal_id TEXT NOT NULL,
  state TEXT NOT NULL, -- requested, confirmed, stopped
  requested_at_ms BIGINT NOT NULL,
  requested_by TEXT NOT NULL,
  letter_zh TEXT NOT NULL, -- as it was written with the report; never made anew
  letter_en TEXT NOT NULL,
  letter_sha256 TEXT NOT NULL,
  mail_state TEXT, -- queued, sent, refused, unknown, dropped; null: there was no address
  mail_at_ms BIGINT,
  mail_to TEXT,
  mail_said TEXT,
  mail_count BIGINT,
  asked_state TEXT, -- asked, in_progress, stopped, refused, unknown; null: no provider
  asked_at_ms BIGINT,
  provider TEXT,
  provider_device_id TEXT,
  asked_said TEXT,
  asked_evidence TEXT, -- what the provider knew of the device before
  reminder_count BIGINT NOT NULL,
  remind_at_ms BIGINT,
  confirmation_reference TEXT,
  confirmation_by TEXT,
  confirmation_at_ms BIGINT,
  confirmation_recorded_by TEXT,
  confirmation_recorded_at_ms BIGINT
);

-- What a receipt says is what is known of the incident's stop.
ALTER TABLE receipt DROP COLUMN state;

-- A merchant's account with a provider whose own interface can stop its terminals.
CREATE TABLE provider_account (
  merchant_id TEXT NOT NULL REFERENCES merchant (merchant_id),
  provider TEXT NOT NULL, -- adyen, sumup, stripe
  account TEXT, -- what the provider calls the merchant
  address TEXT, -- another than the provider's own
  key_sealed BLOB NOT NULL, -- PRIVATE, encrypted
  since_ms BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, provider)
);

-- Whom a reminder is for: the people of one merchant.
CREATE INDEX account_merchant ON account (merchant_id, shop_id);
