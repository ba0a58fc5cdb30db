-- How a terminal was found; null where it was said before anybody was asked. The check value that its master key had then, and the newest
-- inspection since.
ALTER TABLE incident ADD COLUMN found_kind TEXT;
ALTER TABLE incident ADD COLUMN found_old_key_check TEXT;
ALTER TABLE incident ADD COLUMN inspection_position BIGINT;
ALTER TABLE incident ADD COLUMN inspected_by TEXT;
ALTER TABLE incident ADD COLUMN inspection_is_passed BIGINT;
ALTER TABLE incident ADD COLUMN inspection_has_new_keys BIGINT;

-- What is broken stays stopped for good, as what is never found.
DROP INDEX incident_not_found;
CREATE INDEX incident_stays_stopped ON incident (terminal_id) WHERE ended_as IN ('not_found', 'destroyed');

-- Inspections of terminals that were found, and what was seen of each item. They are only added.
CREATE TABLE inspection (
  incident_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  version BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  made_at_ms BIGINT NOT NULL,
  is_passed BIGINT NOT NULL,
  new_keys_reference TEXT,
  PRIMARY KEY (incident_id, position)
);
CREATE TABLE inspection_item (
  incident_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  place BIGINT NOT NULL,
  item TEXT NOT NULL,
  outcome TEXT NOT NULL,
  note TEXT,
  attachment_id TEXT,
  PRIMARY KEY (incident_id, position, place)
);
