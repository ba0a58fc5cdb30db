-- One event for each change of any noun: time line, live stream and record of who did what in one place.

CREATE TABLE event (
  subject TEXT NOT NULL, -- terminal, incident, contact …
  subject_id TEXT NOT NULL,
  sequence BIGINT NOT NULL, -- from 1 within the subject, without gaps
  at_ms BIGINT NOT NULL,
  verb TEXT NOT NULL,
  actor_kind TEXT NOT NULL, -- person, terminal, node, timer, outside
  actor TEXT NOT NULL,
  text TEXT,
  ledger_sequence BIGINT,
  PRIMARY KEY (subject, subject_id, sequence)
);

INSERT INTO event (subject, subject_id, sequence, at_ms, verb, actor_kind, actor, text, ledger_sequence)
  SELECT 'incident', l.incident_id, l.sequence, l.at_ms, l.kind,
    CASE WHEN l.by_whom IS NOT NULL THEN 'person' WHEN l.kind IN ('attempt_refused', 'attempt_recorded') THEN 'terminal' ELSE 'node' END,
    coalesce(l.by_whom, CASE WHEN l.kind IN ('attempt_refused', 'attempt_recorded') THEN i.terminal_id ELSE i.node END), l.text, l.ledger_sequence
  FROM timeline l JOIN incident i ON i.incident_id = l.incident_id;

INSERT INTO event (subject, subject_id, sequence, at_ms, verb, actor_kind, actor, text, ledger_sequence)
  SELECT 'terminal', a.subject, row_number() OVER (PARTITION BY a.subject ORDER BY a.audit_id), a.at_ms,
    CASE a.verb WHEN 'hold.place' THEN 'hold_placed' WHEN 'hold.release' THEN 'hold_released' ELSE a.verb END,
    CASE WHEN a.actor LIKE 'operator %' THEN 'terminal' ELSE 'person' END, a.actor, a.detail, NULL
  FROM audit a JOIN terminal t ON t.terminal_id = a.subject;

DROP TABLE timeline;
DROP TABLE audit;
-- postgres: DROP SEQUENCE audit_id;

-- Counted as they come: a list does not scan what it counts.
ALTER TABLE incident ADD COLUMN attempt_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN open_alarm_count BIGINT NOT NULL DEFAULT 0;
UPDATE incident SET
  attempt_count = (SELECT count(*) FROM event e WHERE e.subject = 'incident' AND e.subject_id = incident.incident_id
    AND e.verb IN ('attempt_refused', 'attempt_recorded')),
  open_alarm_count = (SELECT count(*) FROM alarm a WHERE a.incident_id = incident.incident_id AND a.acknowledged_at_ms IS NULL);

-- Reports that are still to be acknowledged: asked several times a second.
CREATE INDEX incident_unacknowledged ON incident (terminal_id) WHERE acknowledged_at_ms IS NULL;

-- When a terminal was last heard; the word contact is for people.
ALTER TABLE contact RENAME TO heard;
-- postgres: ALTER INDEX contact_pkey RENAME TO heard_pkey;

CREATE TABLE contact (
  contact_id TEXT PRIMARY KEY,
  merchant_id TEXT REFERENCES merchant (merchant_id), -- null: everybody's
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  hotline TEXT,
  email TEXT,
  reference TEXT,
  state TEXT NOT NULL
);
CREATE UNIQUE INDEX contact_merchant_id_kind_name ON contact (merchant_id, kind, name);
