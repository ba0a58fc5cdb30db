-- Nodes that share a store, and what a loss report asks of them.

-- One row per node and start. A node that stops without leaving is expelled once its renewals stand still.
CREATE TABLE node (
  node TEXT NOT NULL,
  incarnation BIGINT NOT NULL, -- counts the node's starts
  renewal BIGINT NOT NULL, -- counts up while the node lives
  joined_at_ms BIGINT NOT NULL,
  renewed_at_ms BIGINT NOT NULL,
  left_at_ms BIGINT, -- when it left, or was expelled
  PRIMARY KEY (node, incarnation)
);
CREATE INDEX node_present ON node (node) WHERE left_at_ms IS NULL;

-- A loss report waits until each node that was present has no approval of the terminal on its way out any more.
CREATE TABLE drain (
  terminal_id TEXT NOT NULL,
  hold_id BIGINT NOT NULL,
  node TEXT NOT NULL,
  incarnation BIGINT NOT NULL,
  asked_at_ms BIGINT NOT NULL,
  drained_at_ms BIGINT,
  waited BIGINT, -- approvals that were on their way out
  PRIMARY KEY (terminal_id, hold_id, node, incarnation)
);
CREATE INDEX drain_asked ON drain (node, incarnation) WHERE drained_at_ms IS NULL;

-- Who does what only one node should do at a time.
CREATE TABLE duty (
  duty TEXT PRIMARY KEY,
  node TEXT NOT NULL,
  incarnation BIGINT NOT NULL,
  taken_at_ms BIGINT NOT NULL
);

-- The node that sends a reversal now; others leave it alone until it is due again.
ALTER TABLE owed_reversal ADD COLUMN claimed_by TEXT;

-- The ledger row of the sign-in that gave the keys: which of two sets is the newer one.
ALTER TABLE terminal_session ADD COLUMN sequence BIGINT NOT NULL DEFAULT 0;

-- What the acknowledgement waited for on other nodes.
ALTER TABLE receipt ADD COLUMN nodes_drained BIGINT NOT NULL DEFAULT 0;
ALTER TABLE receipt ADD COLUMN nodes_expelled BIGINT NOT NULL DEFAULT 0;

-- postgres: CREATE SEQUENCE audit_id;
