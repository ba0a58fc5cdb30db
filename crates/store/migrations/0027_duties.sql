-- What one of several nodes does for all has its own name.
ALTER TABLE duty RENAME TO node_duty;

-- What must follow a loss: duties, drawn up from a playbook when the incident begins; what was binding then stays.
CREATE TABLE duty (
  duty_id TEXT PRIMARY KEY,
  incident_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  duty TEXT NOT NULL,
  title_zh TEXT NOT NULL,
  title_en TEXT NOT NULL,
  whose TEXT NOT NULL,
  is_outside BIGINT NOT NULL,
  state TEXT NOT NULL,
  proof TEXT NOT NULL,
  blocks_closing BIGINT NOT NULL,
  not_needed TEXT NOT NULL,
  after TEXT NOT NULL,
  rule TEXT,
  rule_mark TEXT,
  starts_from TEXT NOT NULL,
  term TEXT,
  started_at_ms BIGINT,
  due_at_ms BIGINT,
  is_provisional BIGINT NOT NULL,
  remind_at_ms BIGINT, -- null when nobody is to be told
  reminder_count BIGINT NOT NULL,
  assigned_to TEXT,
  ended_by TEXT,
  ended_at_ms BIGINT,
  done_at_ms BIGINT,
  reference TEXT,
  statement TEXT,
  confirmed_by TEXT
);
CREATE UNIQUE INDEX duty_incident_id_position ON duty (incident_id, position);
CREATE INDEX duty_remind_at ON duty (remind_at_ms) WHERE remind_at_ms IS NOT NULL;

ALTER TABLE incident ADD COLUMN playbook TEXT;
ALTER TABLE incident ADD COLUMN playbook_version BIGINT;
ALTER TABLE incident ADD COLUMN occurred_at_ms BIGINT;
ALTER TABLE incident ADD COLUMN confirmed_at_ms BIGINT;
ALTER TABLE incident ADD COLUMN aware_at_ms BIGINT;
ALTER TABLE incident ADD COLUMN ended_as TEXT;
ALTER TABLE incident ADD COLUMN closed_by TEXT;
ALTER TABLE incident ADD COLUMN closed_at_ms BIGINT;
ALTER TABLE incident ADD COLUMN closing_statement TEXT;
-- The only end there was.
UPDATE incident SET ended_as = 'found', closed_by = found_confirmed_by, closed_at_ms = found_confirmed_at_ms WHERE state = 'closed';
CREATE INDEX incident_without_playbook ON incident (terminal_id) WHERE playbook IS NULL AND state <> 'closed';
CREATE INDEX incident_not_found ON incident (terminal_id) WHERE ended_as = 'not_found';
