-- The hot tables as one tree each. Where a table is a tree of rows by number and its key another tree beside it, each row costs
-- two searches and two pages. PostgreSQL knows no such tables; nothing changes there.

-- sqlite: CREATE TABLE terminal_session_as_one (terminal_id TEXT PRIMARY KEY, batch BIGINT NOT NULL, operator TEXT, signed_in_at_ms BIGINT NOT NULL, keys_sealed BLOB NOT NULL, sequence BIGINT NOT NULL DEFAULT 0) WITHOUT ROWID;
-- sqlite: INSERT INTO terminal_session_as_one (terminal_id, batch, operator, signed_in_at_ms, keys_sealed, sequence) SELECT terminal_id, batch, operator, signed_in_at_ms, keys_sealed, sequence FROM terminal_session ORDER BY 1;
-- sqlite: DROP TABLE terminal_session;
-- sqlite: ALTER TABLE terminal_session_as_one RENAME TO terminal_session;

-- sqlite: CREATE TABLE contact_as_one (terminal_id TEXT PRIMARY KEY, at_ms BIGINT NOT NULL, peer TEXT NOT NULL) WITHOUT ROWID;
-- sqlite: INSERT INTO contact_as_one (terminal_id, at_ms, peer) SELECT terminal_id, at_ms, peer FROM contact ORDER BY 1;
-- sqlite: DROP TABLE contact;
-- sqlite: ALTER TABLE contact_as_one RENAME TO contact;

-- sqlite: CREATE TABLE hold_as_one (terminal_id TEXT NOT NULL, hold_id BIGINT NOT NULL, kind TEXT NOT NULL, cause TEXT NOT NULL, placed_by TEXT NOT NULL, placed_at_ms BIGINT NOT NULL, until_ms BIGINT, incident_id TEXT, released_at_ms BIGINT, released_by TEXT, release_ground TEXT, PRIMARY KEY (terminal_id, hold_id)) WITHOUT ROWID;
-- sqlite: INSERT INTO hold_as_one (terminal_id, hold_id, kind, cause, placed_by, placed_at_ms, until_ms, incident_id, released_at_ms, released_by, release_ground) SELECT terminal_id, hold_id, kind, cause, placed_by, placed_at_ms, until_ms, incident_id, released_at_ms, released_by, release_ground FROM hold ORDER BY 1;
-- sqlite: DROP TABLE hold;
-- sqlite: ALTER TABLE hold_as_one RENAME TO hold;
-- sqlite: CREATE INDEX hold_standing ON hold (terminal_id, until_ms, kind) WHERE released_at_ms IS NULL;

-- sqlite: CREATE TABLE ledger_as_one (terminal_id TEXT NOT NULL, sequence BIGINT NOT NULL, at_ms BIGINT NOT NULL, decision TEXT, entry TEXT NOT NULL, batch BIGINT, trace BIGINT, amount_minor BIGINT, currency BIGINT, card TEXT, entry_mode TEXT, operator TEXT, response_code TEXT, reason TEXT, retrieval_reference TEXT, approval_code TEXT, peer TEXT, requested_at_ms BIGINT NOT NULL, of_sequence BIGINT, PRIMARY KEY (terminal_id, sequence)) WITHOUT ROWID;
-- sqlite: INSERT INTO ledger_as_one (terminal_id, sequence, at_ms, decision, entry, batch, trace, amount_minor, currency, card, entry_mode, operator, response_code, reason, retrieval_reference, approval_code, peer, requested_at_ms, of_sequence) SELECT terminal_id, sequence, at_ms, decision, entry, batch, trace, amount_minor, currency, card, entry_mode, operator, response_code, reason, retrieval_reference, approval_code, peer, requested_at_ms, of_sequence FROM ledger ORDER BY 1;
-- sqlite: DROP TABLE ledger;
-- sqlite: ALTER TABLE ledger_as_one RENAME TO ledger;
-- sqlite: CREATE INDEX ledger_batch_trace ON ledger (terminal_id, batch, trace);

-- sqlite: CREATE TABLE pending_as_one (terminal_id TEXT NOT NULL, sequence BIGINT NOT NULL, node TEXT NOT NULL, entry TEXT NOT NULL, batch BIGINT NOT NULL, trace BIGINT NOT NULL, amount_minor BIGINT, currency BIGINT, card TEXT, entry_mode TEXT, operator TEXT, requested_at_ms BIGINT NOT NULL, of_sequence BIGINT, undo_asked BIGINT NOT NULL, reversal_sealed BLOB, PRIMARY KEY (terminal_id, sequence)) WITHOUT ROWID;
-- sqlite: INSERT INTO pending_as_one (terminal_id, sequence, node, entry, batch, trace, amount_minor, currency, card, entry_mode, operator, requested_at_ms, of_sequence, undo_asked, reversal_sealed) SELECT terminal_id, sequence, node, entry, batch, trace, amount_minor, currency, card, entry_mode, operator, requested_at_ms, of_sequence, undo_asked, reversal_sealed FROM pending ORDER BY 1;
-- sqlite: DROP TABLE pending;
-- sqlite: ALTER TABLE pending_as_one RENAME TO pending;

-- What the planner shall take for true of a full ledger, whatever it holds now: 500 rows a terminal, 50 a batch, 1 a trace.
-- sqlite: ANALYZE merchant;
-- sqlite: DELETE FROM sqlite_stat1;
-- sqlite: INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('ledger', 'ledger', '50000000 500 1');
-- sqlite: INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('ledger', 'ledger_batch_trace', '50000000 500 50 1');
-- sqlite: ANALYZE sqlite_schema;
