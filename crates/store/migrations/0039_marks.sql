-- What people say of payments around a loss: only added. Without a verdict somebody takes back what was said.
CREATE TABLE mark (
  incident_id TEXT NOT NULL REFERENCES incident (incident_id),
  position BIGINT NOT NULL,
  payment TEXT NOT NULL, -- L and a sequence of the ledger, or P and the key of a payment in statements
  verdict TEXT, -- genuine, fraudulent, unsure
  ground TEXT,
  made_by TEXT NOT NULL,
  made_at_ms BIGINT NOT NULL,
  PRIMARY KEY (incident_id, position)
);
