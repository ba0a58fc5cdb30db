-- Types are the three that SQLite and PostgreSQL share: BIGINT, TEXT, BLOB (BYTEA there).
-- Every hot table (terminal_session, hold, ledger, pending, owed_reversal, contact) has the terminal first in its key.
-- Times are milliseconds since the epoch, UTC. Columns marked PRIVATE hold personal or secret data; everything else
-- may be shown to whoever may see the terminal.

CREATE TABLE merchant (
  merchant_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  trade TEXT NOT NULL,
  unified_social_credit_code TEXT NOT NULL
);

CREATE TABLE shop (
  shop_id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL REFERENCES merchant (merchant_id),
  name TEXT NOT NULL,
  address TEXT NOT NULL
);
CREATE INDEX shop_merchant ON shop (merchant_id);

CREATE TABLE terminal (
  terminal_id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL REFERENCES merchant (merchant_id),
  shop_id TEXT NOT NULL REFERENCES shop (shop_id),
  serial TEXT NOT NULL,
  model TEXT NOT NULL,
  name TEXT NOT NULL,
  acquirer_code TEXT NOT NULL,
  unified_social_credit_code TEXT NOT NULL,
  settlement_account_sealed BLOB NOT NULL, -- PRIVATE, encrypted
  settlement_account_last4 TEXT NOT NULL,
  placement_address TEXT NOT NULL,
  status TEXT NOT NULL,
  language TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  master_key_sealed BLOB NOT NULL -- PRIVATE, encrypted
);
CREATE UNIQUE INDEX terminal_serial ON terminal (serial);
CREATE INDEX terminal_shop ON terminal (merchant_id, shop_id);

-- What the last sign-in gave the terminal.
CREATE TABLE terminal_session (
  terminal_id TEXT PRIMARY KEY,
  batch BIGINT NOT NULL,
  operator TEXT,
  signed_in_at_ms BIGINT NOT NULL,
  keys_sealed BLOB NOT NULL -- PRIVATE, encrypted
);

CREATE TABLE contact (
  terminal_id TEXT PRIMARY KEY,
  at_ms BIGINT NOT NULL,
  peer TEXT NOT NULL
);

CREATE TABLE operator (
  shop_id TEXT NOT NULL REFERENCES shop (shop_id),
  operator TEXT NOT NULL,
  name TEXT NOT NULL,
  password_hash TEXT NOT NULL, -- PRIVATE, argon2id
  PRIMARY KEY (shop_id, operator)
);

-- Wrong operator passwords on a terminal since the last right one.
CREATE TABLE wrong_password (
  terminal_id TEXT PRIMARY KEY,
  wrong_count BIGINT NOT NULL,
  at_ms BIGINT NOT NULL
);

CREATE TABLE hold (
  terminal_id TEXT NOT NULL,
  hold_id BIGINT NOT NULL, -- the ledger sequence of its placing
  kind TEXT NOT NULL,
  cause TEXT NOT NULL,
  placed_by TEXT NOT NULL,
  placed_at_ms BIGINT NOT NULL,
  until_ms BIGINT,
  incident_id TEXT,
  released_at_ms BIGINT,
  released_by TEXT,
  release_ground TEXT,
  PRIMARY KEY (terminal_id, hold_id)
);
CREATE INDEX hold_standing ON hold (terminal_id, until_ms, kind) WHERE released_at_ms IS NULL;

-- Append only: no row is ever updated or deleted. `sequence` is the terminal's own durable order.
CREATE TABLE ledger (
  terminal_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  at_ms BIGINT NOT NULL,
  decision TEXT, -- null for a hold placed or released
  entry TEXT NOT NULL,
  batch BIGINT,
  trace BIGINT,
  amount_minor BIGINT,
  currency BIGINT,
  card TEXT, -- first six and last four digits only
  entry_mode TEXT,
  operator TEXT,
  response_code TEXT,
  reason TEXT, -- for staff only, never sent to a terminal
  retrieval_reference TEXT,
  approval_code TEXT,
  peer TEXT,
  requested_at_ms BIGINT NOT NULL,
  of_sequence BIGINT,
  PRIMARY KEY (terminal_id, sequence)
);
CREATE INDEX ledger_batch_trace ON ledger (terminal_id, batch, trace);

-- Requests forwarded to the host whose answer is not yet decided on. Small: a row lives as long as the host thinks.
CREATE TABLE pending (
  terminal_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  node TEXT NOT NULL,
  entry TEXT NOT NULL,
  batch BIGINT NOT NULL,
  trace BIGINT NOT NULL,
  amount_minor BIGINT,
  currency BIGINT,
  card TEXT,
  entry_mode TEXT,
  operator TEXT,
  requested_at_ms BIGINT NOT NULL,
  of_sequence BIGINT,
  undo_asked BIGINT NOT NULL, -- 1 when the terminal sent a reversal meanwhile
  reversal_sealed BLOB, -- PRIVATE, encrypted: what a reversal of it must carry
  PRIMARY KEY (terminal_id, sequence)
);

-- Reversals the host has not answered yet; repeated until it does.
CREATE TABLE owed_reversal (
  terminal_id TEXT NOT NULL,
  sequence BIGINT NOT NULL, -- of the ledger row it undoes
  batch BIGINT NOT NULL,
  trace BIGINT NOT NULL,
  entry TEXT NOT NULL,
  amount_minor BIGINT,
  currency BIGINT,
  card TEXT,
  reason_code TEXT NOT NULL, -- field 39 of the 0400: 98 no answer, 06 other
  cause TEXT NOT NULL,
  owed_since_ms BIGINT NOT NULL,
  next_try_at_ms BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  reversal_sealed BLOB, -- PRIVATE, encrypted
  PRIMARY KEY (terminal_id, sequence)
);
CREATE INDEX owed_reversal_due ON owed_reversal (next_try_at_ms);

CREATE TABLE incident (
  incident_id TEXT PRIMARY KEY,
  terminal_id TEXT NOT NULL,
  state TEXT NOT NULL,
  manner TEXT NOT NULL,
  hold_id BIGINT NOT NULL,
  node TEXT NOT NULL,
  reported_at_ms BIGINT NOT NULL,
  reported_by TEXT NOT NULL,
  suspended_at_ms BIGINT NOT NULL,
  acknowledged_at_ms BIGINT, -- null until every receipt is written
  last_seen_at_ms BIGINT,
  place TEXT,
  circumstances TEXT,
  window_from_ms BIGINT NOT NULL,
  window_to_ms BIGINT NOT NULL,
  window_basis TEXT NOT NULL,
  stop_request_number TEXT NOT NULL,
  found_proposed_by TEXT,
  found_proposed_at_ms BIGINT,
  found_statement TEXT,
  found_confirmed_by TEXT,
  found_confirmed_at_ms BIGINT
);
CREATE INDEX incident_terminal ON incident (terminal_id, state);
CREATE INDEX incident_reported ON incident (reported_at_ms);

CREATE TABLE receipt (
  incident_id TEXT NOT NULL,
  channel TEXT NOT NULL,
  state TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  node TEXT NOT NULL,
  in_flight_waited BIGINT NOT NULL,
  PRIMARY KEY (incident_id, channel)
);

-- Append only: what happened in an incident, in order.
CREATE TABLE timeline (
  incident_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  at_ms BIGINT NOT NULL,
  kind TEXT NOT NULL,
  ledger_sequence BIGINT,
  by_whom TEXT,
  text TEXT,
  PRIMARY KEY (incident_id, sequence)
);

CREATE TABLE alarm (
  incident_id TEXT NOT NULL,
  alarm_id BIGINT NOT NULL, -- the timeline sequence that raised it
  raised_at_ms BIGINT NOT NULL,
  attempt_count BIGINT NOT NULL,
  last_attempt_at_ms BIGINT NOT NULL,
  acknowledged_at_ms BIGINT,
  acknowledged_by TEXT,
  PRIMARY KEY (incident_id, alarm_id)
);

CREATE TABLE account (
  login TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  merchant_id TEXT,
  shop_id TEXT,
  password_hash TEXT NOT NULL -- PRIVATE, argon2id
);

CREATE TABLE session (
  token_digest BLOB PRIMARY KEY, -- SHA-256 of the token; the token itself is nowhere
  login TEXT NOT NULL REFERENCES account (login),
  created_at_ms BIGINT NOT NULL,
  expires_at_ms BIGINT NOT NULL
);
CREATE INDEX session_expiry ON session (expires_at_ms);

CREATE TABLE idempotency (
  login TEXT NOT NULL,
  key TEXT NOT NULL,
  request_digest BLOB NOT NULL,
  status BIGINT NOT NULL,
  body TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (login, key)
);
CREATE INDEX idempotency_at ON idempotency (at_ms);

-- Append only: who did what, outside the ledger.
CREATE TABLE audit (
  audit_id BIGINT PRIMARY KEY,
  at_ms BIGINT NOT NULL,
  actor TEXT NOT NULL,
  verb TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
);
