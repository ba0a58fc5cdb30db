-- Holds on settlement: what a terminal or a merchant took is not paid out for a while. That one's term is over follows from until_ms.
CREATE TABLE settlement_hold (
  settlement_hold_id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL REFERENCES merchant (merchant_id),
  terminal_id TEXT, -- null: all of the merchant's
  incident_id TEXT,
  ground TEXT NOT NULL, -- suspected_fraud, terminal_lost, dispute, authority_order
  ground_text TEXT,
  until_on TEXT NOT NULL, -- the last day, by the clock of the house
  until_ms BIGINT NOT NULL, -- the first moment after it
  state TEXT NOT NULL, -- proposed, standing, release_proposed, released, withdrawn
  proposed_by TEXT NOT NULL,
  proposed_at_ms BIGINT NOT NULL,
  confirmed_by TEXT,
  since_ms BIGINT,
  release_by TEXT,
  release_at_ms BIGINT,
  release_ground TEXT,
  released_by TEXT,
  released_at_ms BIGINT,
  withdrawn_by TEXT,
  withdrawn_at_ms BIGINT,
  withdrawn_ground TEXT,
  read_at_ms BIGINT -- when a program first read that it stands
);
-- What a settlement run asks for before it pays out.
CREATE INDEX settlement_hold_standing ON settlement_hold (settlement_hold_id, until_ms)
  WHERE state IN ('standing', 'release_proposed');
CREATE INDEX settlement_hold_merchant_id ON settlement_hold (merchant_id, settlement_hold_id);
CREATE INDEX settlement_hold_incident_id ON settlement_hold (incident_id, settlement_hold_id) WHERE incident_id IS NOT NULL;
