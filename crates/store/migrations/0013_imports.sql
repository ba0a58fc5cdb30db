-- Estates that come as a table: staged beside the estate until they are taken over whole.

CREATE TABLE import (
  import_id TEXT PRIMARY KEY, -- begins with its time: a later one is the greater
  made_by TEXT NOT NULL,
  made_as TEXT NOT NULL, -- the role whose rights it is looked through with
  merchant_id TEXT, -- whose estate alone it is about; null: everybody's
  made_at_ms BIGINT NOT NULL,
  ended_at_ms BIGINT,
  file_name TEXT NOT NULL,
  has_gate BIGINT NOT NULL,
  state TEXT NOT NULL, -- uploading, checking, checked, done, discarded, unreadable
  trouble TEXT,
  line_count BIGINT NOT NULL,
  checked_count BIGINT NOT NULL,
  added_count BIGINT NOT NULL,
  changed_count BIGINT NOT NULL,
  unchanged_count BIGINT NOT NULL,
  wrong_count BIGINT NOT NULL,
  merchant_count BIGINT NOT NULL,
  shop_count BIGINT NOT NULL
);
CREATE INDEX import_open ON import (made_at_ms) WHERE ended_at_ms IS NULL;

-- The file, in pieces that fit a transaction.
CREATE TABLE import_file (
  import_id TEXT NOT NULL,
  part BIGINT NOT NULL,
  sealed BLOB NOT NULL, -- PRIVATE, encrypted: it has numbers of settlement accounts
  PRIMARY KEY (import_id, part)
);

-- A line that has been looked through.
CREATE TABLE import_line (
  import_id TEXT NOT NULL,
  line BIGINT NOT NULL, -- its row in the file, from 1
  outcome TEXT NOT NULL, -- added, changed, unchanged, wrong
  terminal_id TEXT NOT NULL, -- as it is written there, and so the next three
  serial TEXT NOT NULL,
  name TEXT NOT NULL,
  shop TEXT NOT NULL,
  field TEXT, -- which column is wrong
  code TEXT,
  reason_zh TEXT,
  reason_en TEXT,
  PRIMARY KEY (import_id, line)
);
CREATE INDEX import_line_outcome ON import_line (import_id, outcome, line);

-- What it adds, and what terminals are afterwards: the columns of the tables they go to.
CREATE TABLE import_merchant (
  import_id TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  trade TEXT NOT NULL,
  unified_social_credit_code TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (import_id, merchant_id)
);
CREATE TABLE import_shop (
  import_id TEXT NOT NULL,
  shop_id TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  name TEXT NOT NULL,
  address TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (import_id, shop_id)
);
CREATE UNIQUE INDEX import_shop_name ON import_shop (import_id, merchant_id, name);
CREATE TABLE import_terminal (
  import_id TEXT NOT NULL,
  line BIGINT NOT NULL,
  outcome TEXT NOT NULL, -- added, changed
  text TEXT, -- what is changed
  sequence BIGINT NOT NULL, -- of the terminal's last event when the line was looked through
  terminal_id TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  acquirer_code TEXT NOT NULL,
  unified_social_credit_code TEXT NOT NULL,
  settlement_account_sealed BLOB NOT NULL, -- PRIVATE, encrypted
  settlement_account_last4 TEXT NOT NULL,
  placement_address TEXT NOT NULL,
  shop_id TEXT NOT NULL,
  serial TEXT NOT NULL,
  model TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  control TEXT NOT NULL,
  provider TEXT,
  provider_device_id TEXT,
  language TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  location TEXT,
  keys_held_by TEXT,
  purchased_on TEXT,
  purchased_from TEXT,
  price_minor BIGINT,
  price_currency BIGINT,
  key_check TEXT,
  master_key_sealed BLOB NOT NULL, -- empty: keys never travel in a table
  PRIMARY KEY (import_id, line)
);
CREATE UNIQUE INDEX import_terminal_id ON import_terminal (import_id, terminal_id);

-- A table's shop is found by its name.
CREATE INDEX shop_merchant_name ON shop (merchant_id, name);
