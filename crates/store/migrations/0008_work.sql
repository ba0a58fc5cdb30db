-- What is to be done later, or by somebody outside: one table with claims, tries, and a state for what a person must decide.

CREATE TABLE work (
  subject_id TEXT NOT NULL, -- of reversals and holds the terminal: one shard, where a store has several
  kind TEXT NOT NULL,
  part TEXT NOT NULL, -- which of several about the same; empty where there is one
  state TEXT NOT NULL, -- waiting, claimed, unknown, dead, given_up
  since_ms BIGINT NOT NULL,
  due_at_ms BIGINT, -- when a node may take it, or a claim runs out; null: a person decides
  tries BIGINT NOT NULL, -- counts the claims
  claimed_by TEXT,
  claimed_incarnation BIGINT,
  last_error TEXT,
  payload BLOB, -- PRIVATE, encrypted where it holds anything of a cardholder
  PRIMARY KEY (subject_id, kind, part)
)
-- sqlite: WITHOUT ROWID
;
CREATE INDEX work_due ON work (kind, due_at_ms);
-- What no node takes: few, and counted on every list.
CREATE INDEX work_stuck ON work (state) WHERE due_at_ms IS NULL;

-- Reversals that are owed are sent by it; when, how often and by whom is its business.
INSERT INTO work (subject_id, kind, part, state, since_ms, due_at_ms, tries)
  SELECT terminal_id, 'reversal', sequence || '', 'waiting', owed_since_ms, next_try_at_ms, tries FROM owed_reversal;
DROP INDEX owed_reversal_due;
ALTER TABLE owed_reversal DROP COLUMN next_try_at_ms;
ALTER TABLE owed_reversal DROP COLUMN tries;
ALTER TABLE owed_reversal DROP COLUMN claimed_by;

-- Holds that end by their time say so when it has come.
INSERT INTO work (subject_id, kind, part, state, since_ms, due_at_ms, tries)
  SELECT terminal_id, 'hold_end', hold_id || '', 'waiting', placed_at_ms, until_ms, 0 FROM hold
  WHERE until_ms IS NOT NULL AND released_at_ms IS NULL;
