-- What held terminals tried to turn back, beside its row in the ledger: what a reversal of its original needs, and what people decide.
CREATE TABLE recorded (
  terminal_id TEXT NOT NULL,
  sequence BIGINT NOT NULL, -- of the ledger row that it is
  at_ms BIGINT NOT NULL,
  original BIGINT, -- of the ledger row that it would undo
  reversal_sealed BLOB, -- PRIVATE, encrypted; null once decided, or after 30 days
  state TEXT NOT NULL, -- open, proposed, carried_out, refused
  way TEXT, -- host, elsewhere
  reference TEXT, -- the acquirer's, of what it did
  ground TEXT, -- PRIVATE, encrypted: why, of who proposed or refused it; null after 3 years
  proposed_by TEXT,
  proposed_at_ms BIGINT,
  decided_by TEXT,
  decided_at_ms BIGINT,
  PRIMARY KEY (terminal_id, sequence)
);
CREATE INDEX recorded_sealed ON recorded (at_ms) WHERE reversal_sealed IS NOT NULL;
CREATE INDEX recorded_ground ON recorded (at_ms) WHERE ground IS NOT NULL;
