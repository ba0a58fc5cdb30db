-- The audit log: every event becomes a leaf of a Merkle tree (RFC 6962) whose checkpoints are signed. Nothing of it, and no
-- event, is ever changed or taken out; only an event's text, and the salt that hid it in its leaf, may be erased.

-- Which log this is, how far it has grown, and its right edge. Whoever appends holds this row.
CREATE TABLE audit_log (
  audit_log_id TEXT PRIMARY KEY, -- house
  origin TEXT NOT NULL,
  public_key BLOB NOT NULL,
  seed_sealed BLOB NOT NULL, -- PRIVATE, encrypted
  size BIGINT NOT NULL,
  edge BLOB NOT NULL,
  ledger_after TEXT NOT NULL, -- the last terminal whose ledger was looked at
  check_leaf BIGINT NOT NULL, -- the next leaf to be compared with what it is of
  check_subject TEXT NOT NULL, -- the last event that was looked for among the leaves
  check_subject_id TEXT NOT NULL,
  check_sequence BIGINT NOT NULL
);

-- Events that are no leaf yet: written by a trigger, in the transaction of the event, so that none can be left out.
CREATE TABLE audit_pending (
-- sqlite:   audit_pending_id INTEGER PRIMARY KEY AUTOINCREMENT,
-- postgres:   audit_pending_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  at_ms BIGINT NOT NULL
);
CREATE INDEX audit_pending_subject ON audit_pending (subject, subject_id, sequence);

CREATE TABLE audit_leaf (
  leaf_index BIGINT PRIMARY KEY, -- from 0, without gaps
  subject TEXT NOT NULL, -- of the event; or ledger, for a run of a terminal's ledger
  subject_id TEXT NOT NULL, -- PRIVATE of accounts
  sequence BIGINT NOT NULL, -- of the event; or of the last row of the run
  from_sequence BIGINT, -- of the first row of the run
  at_ms BIGINT NOT NULL,
  salt TEXT NOT NULL, -- PRIVATE: what hides the actor, and the log-in of an account
  text_salt TEXT, -- PRIVATE: what hides the text; erased with it
  data BLOB NOT NULL -- the bytes that were hashed
);
CREATE UNIQUE INDEX audit_leaf_subject ON audit_leaf (subject, subject_id, sequence);
CREATE INDEX audit_leaf_at ON audit_leaf (at_ms, leaf_index);
-- What people and nodes did: runs of ledgers are many more, and asked for by themselves.
CREATE INDEX audit_leaf_event_at ON audit_leaf (at_ms, leaf_index) WHERE subject <> 'ledger';
CREATE INDEX event_actor ON event (actor, at_ms);

-- Each perfect node once: the root over the leaves from position * 2^level on, 2^level of them.
CREATE TABLE audit_node (
  level BIGINT NOT NULL, -- 0 for leaves
  position BIGINT NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (level, position)
)
-- sqlite: WITHOUT ROWID
;

CREATE TABLE audit_checkpoint (
  size BIGINT PRIMARY KEY,
  at_ms BIGINT NOT NULL,
  note TEXT NOT NULL -- as signed
);

-- Where checkpoints are kept besides.
CREATE TABLE audit_anchor (
  size BIGINT NOT NULL,
  place TEXT NOT NULL, -- timestamp, folder
  at_ms BIGINT NOT NULL,
  token BLOB, -- the authority's answer (RFC 3161), as it came
  PRIMARY KEY (size, place)
);

-- How far a terminal's ledger is in the log.
CREATE TABLE audit_ledger (
  terminal_id TEXT PRIMARY KEY,
  sealed_to BIGINT NOT NULL
)
-- sqlite: WITHOUT ROWID
;

-- What was found not to be as it must: an alarm until somebody has understood it.
CREATE TABLE audit_finding (
  what TEXT NOT NULL, -- see domain::audit::Wrong
  subject TEXT NOT NULL,
  subject_id TEXT NOT NULL, -- PRIVATE of accounts
  sequence BIGINT NOT NULL,
  found_at_ms BIGINT NOT NULL,
  PRIMARY KEY (what, subject, subject_id, sequence)
)
-- sqlite: WITHOUT ROWID
;

-- Everything that has happened so far becomes part of it.
INSERT INTO audit_pending (subject, subject_id, sequence, at_ms)
  SELECT subject, subject_id, sequence, at_ms FROM event ORDER BY at_ms, subject, subject_id, sequence;

-- sqlite: CREATE TRIGGER event_pending AFTER INSERT ON event BEGIN
-- sqlite:   INSERT INTO audit_pending (subject, subject_id, sequence, at_ms) VALUES (NEW.subject, NEW.subject_id, NEW.sequence, NEW.at_ms);
-- sqlite: END;
-- sqlite: CREATE TRIGGER event_unchanged BEFORE UPDATE ON event
-- sqlite: WHEN NEW.text IS NOT NULL OR NEW.subject <> OLD.subject OR NEW.subject_id <> OLD.subject_id OR NEW.sequence <> OLD.sequence
-- sqlite:   OR NEW.at_ms <> OLD.at_ms OR NEW.verb <> OLD.verb OR NEW.actor_kind <> OLD.actor_kind OR NEW.actor <> OLD.actor
-- sqlite:   OR NEW.ledger_sequence IS NOT OLD.ledger_sequence
-- sqlite: BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
-- sqlite: CREATE TRIGGER event_kept BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
-- sqlite: CREATE TRIGGER audit_leaf_unchanged BEFORE UPDATE ON audit_leaf
-- sqlite: WHEN NEW.text_salt IS NOT NULL OR NEW.leaf_index <> OLD.leaf_index OR NEW.subject <> OLD.subject OR NEW.subject_id <> OLD.subject_id
-- sqlite:   OR NEW.sequence <> OLD.sequence OR NEW.from_sequence IS NOT OLD.from_sequence OR NEW.at_ms <> OLD.at_ms
-- sqlite:   OR NEW.salt <> OLD.salt OR NEW.data <> OLD.data
-- sqlite: BEGIN SELECT RAISE(ABORT, 'leaves are never changed'); END;
-- sqlite: CREATE TRIGGER audit_leaf_kept BEFORE DELETE ON audit_leaf BEGIN SELECT RAISE(ABORT, 'leaves are never deleted'); END;
-- sqlite: CREATE TRIGGER audit_node_unchanged BEFORE UPDATE ON audit_node BEGIN SELECT RAISE(ABORT, 'nodes are never changed'); END;
-- sqlite: CREATE TRIGGER audit_node_kept BEFORE DELETE ON audit_node BEGIN SELECT RAISE(ABORT, 'nodes are never deleted'); END;
-- sqlite: CREATE TRIGGER audit_checkpoint_unchanged BEFORE UPDATE ON audit_checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoints are never changed'); END;
-- sqlite: CREATE TRIGGER audit_checkpoint_kept BEFORE DELETE ON audit_checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoints are never deleted'); END;

-- postgres: CREATE FUNCTION event_pending() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
-- postgres:   INSERT INTO audit_pending (subject, subject_id, sequence, at_ms)
-- postgres:     SELECT subject, subject_id, sequence, at_ms FROM added ORDER BY at_ms, subject, subject_id, sequence;
-- postgres:   RETURN NULL; END $$;
-- postgres: CREATE TRIGGER event_pending AFTER INSERT ON event REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION event_pending();
-- postgres: CREATE FUNCTION audit_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
-- postgres:   RAISE EXCEPTION 'the audit log is never changed' USING ERRCODE = 'restrict_violation'; END $$;
-- postgres: CREATE TRIGGER event_unchanged BEFORE UPDATE ON event FOR EACH ROW WHEN (NEW.text IS NOT NULL
-- postgres:   OR (NEW.subject, NEW.subject_id, NEW.sequence, NEW.at_ms, NEW.verb, NEW.actor_kind, NEW.actor, NEW.ledger_sequence)
-- postgres:     IS DISTINCT FROM (OLD.subject, OLD.subject_id, OLD.sequence, OLD.at_ms, OLD.verb, OLD.actor_kind, OLD.actor, OLD.ledger_sequence))
-- postgres:   EXECUTE FUNCTION audit_kept();
-- postgres: CREATE TRIGGER event_kept BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION audit_kept();
-- postgres: CREATE TRIGGER event_not_emptied BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION audit_kept();
-- postgres: CREATE TRIGGER audit_leaf_unchanged BEFORE UPDATE ON audit_leaf FOR EACH ROW WHEN (NEW.text_salt IS NOT NULL
-- postgres:   OR (NEW.leaf_index, NEW.subject, NEW.subject_id, NEW.sequence, NEW.from_sequence, NEW.at_ms, NEW.salt, NEW.data)
-- postgres:     IS DISTINCT FROM (OLD.leaf_index, OLD.subject, OLD.subject_id, OLD.sequence, OLD.from_sequence, OLD.at_ms, OLD.salt, OLD.data))
-- postgres:   EXECUTE FUNCTION audit_kept();
-- postgres: CREATE TRIGGER audit_leaf_kept BEFORE DELETE ON audit_leaf FOR EACH ROW EXECUTE FUNCTION audit_kept();
-- postgres: CREATE TRIGGER audit_leaf_not_emptied BEFORE TRUNCATE ON audit_leaf FOR EACH STATEMENT EXECUTE FUNCTION audit_kept();
-- postgres: CREATE TRIGGER audit_node_kept BEFORE UPDATE OR DELETE ON audit_node FOR EACH ROW EXECUTE FUNCTION audit_kept();
-- postgres: CREATE TRIGGER audit_node_not_emptied BEFORE TRUNCATE ON audit_node FOR EACH STATEMENT EXECUTE FUNCTION audit_kept();
-- postgres: CREATE TRIGGER audit_checkpoint_kept BEFORE UPDATE OR DELETE ON audit_checkpoint FOR EACH ROW EXECUTE FUNCTION audit_kept();
-- postgres: CREATE TRIGGER audit_checkpoint_not_emptied BEFORE TRUNCATE ON audit_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION audit_kept();
