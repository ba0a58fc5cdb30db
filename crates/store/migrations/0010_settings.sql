-- Settings of the house: one row, there from the moment there is an account. Its key lets two first accounts exclude each other.
CREATE TABLE setting (
  setting_id TEXT PRIMARY KEY, -- always `house`
  mode TEXT NOT NULL, -- shop, acquirer
  merchant_id TEXT REFERENCES merchant (merchant_id), -- whose owners administer the house of a shop
  language TEXT NOT NULL, -- zh, en
  time_zone TEXT NOT NULL, -- IANA
  currency BIGINT NOT NULL, -- ISO 4217, the number
  mail_from TEXT,
  smtp_url_sealed BLOB, -- PRIVATE, encrypted
  host_address TEXT,
  acquirer_code TEXT,
  zone_keys_sealed BLOB -- PRIVATE, encrypted
);
-- A house that had people before it had settings was an acquirer's.
INSERT INTO setting (setting_id, mode, language, time_zone, currency)
  SELECT 'house', 'acquirer', 'zh', 'Asia/Shanghai', 156 WHERE EXISTS (SELECT 1 FROM account);
