-- Keys by which programs call the API. A row stays for good: events name the key.
CREATE TABLE api_key (
  api_key_id TEXT PRIMARY KEY,
  secret_digest BLOB NOT NULL, -- SHA-256 of 256 random bits; the key itself is kept nowhere
  name TEXT NOT NULL,
  merchant_id TEXT REFERENCES merchant (merchant_id), -- whose it is; null: the house's
  shop_id TEXT REFERENCES shop (shop_id), -- of which shop; null: of the whole of it
  rights BIGINT NOT NULL,
  state TEXT NOT NULL, -- active, revoked
  made_by TEXT NOT NULL,
  made_at_ms BIGINT NOT NULL,
  ends_at_ms BIGINT NOT NULL,
  used_at_ms BIGINT,
  used_from TEXT -- PRIVATE
);
CREATE INDEX api_key_place ON api_key (merchant_id, shop_id);
