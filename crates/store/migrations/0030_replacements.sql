-- The terminal that takes a lost one's place, or stands in for it, and each step that was taken with it.
CREATE TABLE replacement (
  replacement_id TEXT PRIMARY KEY,
  incident_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  is_loaner BIGINT NOT NULL,
  state TEXT NOT NULL,
  old_terminal_id TEXT NOT NULL,
  old_is_outside BIGINT NOT NULL,
  old_key_check TEXT,
  serial TEXT,
  tusn TEXT,
  device_kind TEXT,
  make TEXT,
  model TEXT,
  supplier TEXT,
  channel TEXT,
  unionpay TEXT,
  pts TEXT,
  pts_version BIGINT,
  certificate_model TEXT,
  hardware TEXT,
  firmware TEXT,
  seal TEXT,
  dispatched_seal TEXT,
  box_serial TEXT,
  seal_is_whole BIGINT,
  signs TEXT,
  refusals TEXT NOT NULL,
  warnings TEXT NOT NULL,
  terminal_id TEXT,
  is_outside BIGINT,
  hold_id BIGINT,
  test_until_ms BIGINT,
  test_sequence BIGINT,
  checklist_version BIGINT,
  checklist_digest TEXT,
  checklist_text TEXT,
  begun_at_ms BIGINT NOT NULL,
  live_at_ms BIGINT,
  closed_at_ms BIGINT
);
CREATE UNIQUE INDEX replacement_incident_id_position ON replacement (incident_id, position);
-- A real one and a loaner at a time.
CREATE UNIQUE INDEX replacement_incident_id_is_loaner ON replacement (incident_id, is_loaner) WHERE closed_at_ms IS NULL;
CREATE INDEX replacement_test_until ON replacement (test_until_ms) WHERE test_until_ms IS NOT NULL;
CREATE INDEX replacement_serial ON replacement (serial) WHERE closed_at_ms IS NULL;
CREATE INDEX replacement_terminal_id ON replacement (terminal_id) WHERE terminal_id IS NOT NULL;

CREATE TABLE replacement_step (
  replacement_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  verb TEXT NOT NULL,
  taken_by TEXT NOT NULL,
  taken_at_ms BIGINT NOT NULL,
  reference TEXT,
  statement TEXT,
  PRIMARY KEY (replacement_id, position)
);

-- Of two terminals none has the other's key.
CREATE INDEX terminal_key_check ON terminal (substr(key_check, 1, 6)) WHERE key_check IS NOT NULL;
