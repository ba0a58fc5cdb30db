-- Files of transactions that shops downloaded. What stands in one counts once it is kept.
CREATE TABLE statement (
  statement_id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL REFERENCES merchant (merchant_id),
  shop_id TEXT NOT NULL REFERENCES shop (shop_id),
  terminal_id TEXT, -- the one terminal that it was brought for
  name TEXT NOT NULL,
  file_len BIGINT NOT NULL,
  file_sha256 BLOB NOT NULL,
  kinds TEXT NOT NULL, -- what its tables were recognised as, a line each
  first_at_ms BIGINT,
  last_at_ms BIGINT,
  payments BIGINT NOT NULL,
  added BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  state TEXT NOT NULL, -- coming, kept, withdrawn, gone
  has_payments BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  made_at_ms BIGINT NOT NULL,
  withdrawn_by TEXT,
  withdrawn_at_ms BIGINT,
  withdrawn_ground TEXT
);
CREATE UNIQUE INDEX statement_once ON statement (shop_id, coalesce(terminal_id, ''), file_sha256) WHERE state = 'kept';
CREATE INDEX statement_merchant_id ON statement (merchant_id, made_at_ms);
CREATE INDEX statement_made_by ON statement (made_by, made_at_ms);
CREATE INDEX statement_made_at ON statement (made_at_ms);
CREATE INDEX statement_emptied ON statement (statement_id) WHERE has_payments = 1 AND state IN ('withdrawn', 'gone');

-- From when until when a statement says something.
CREATE TABLE statement_cover (
  statement_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  from_ms BIGINT NOT NULL,
  to_ms BIGINT NOT NULL,
  is_said BIGINT NOT NULL,
  PRIMARY KEY (statement_id, position)
);

-- What stands in them; the same payment in two files is two rows with one key, of which the later file's counts.
CREATE TABLE payment (
  statement_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  merchant_id TEXT NOT NULL,
  key TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  certainty TEXT NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency BIGINT NOT NULL,
  direction TEXT NOT NULL,
  state TEXT NOT NULL,
  method TEXT NOT NULL,
  order_id TEXT,
  terminal TEXT, -- as the file writes it
  terminal_id TEXT, -- the merchant's, where it is one
  card TEXT,
  payer TEXT,
  operator TEXT,
  entry TEXT,
  file_row BIGINT NOT NULL,
  PRIMARY KEY (statement_id, position)
);
CREATE INDEX payment_merchant_id ON payment (merchant_id, at_ms);
CREATE INDEX payment_key ON payment (merchant_id, key);
