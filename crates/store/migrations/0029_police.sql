-- The case at the police about an incident, and what its papers say.
CREATE TABLE police_case (
  incident_id TEXT PRIMARY KEY,
  state TEXT NOT NULL
);
CREATE TABLE police_entry (
  entry_id TEXT PRIMARY KEY,
  incident_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  verb TEXT NOT NULL,
  before TEXT NOT NULL,
  number TEXT,
  office TEXT,
  on_day TEXT NOT NULL,
  starts_at_ms BIGINT NOT NULL,
  said_by TEXT NOT NULL,
  said_at_ms BIGINT NOT NULL,
  taken_back_by TEXT
);
CREATE UNIQUE INDEX police_entry_incident_id_position ON police_entry (incident_id, position);
