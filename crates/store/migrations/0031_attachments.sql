-- Files of an incident. A row is here once all pieces of its file are.
CREATE TABLE attachment (
  attachment_id TEXT PRIMARY KEY,
  incident_id TEXT NOT NULL,
  name TEXT,
  sent_as TEXT NOT NULL,
  purpose TEXT NOT NULL,
  state TEXT NOT NULL,
  sent_len BIGINT NOT NULL,
  sent_sha256 BLOB NOT NULL,
  kept_len BIGINT NOT NULL,
  kept_sha256 BLOB NOT NULL,
  scan TEXT NOT NULL,
  is_there BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  made_at_ms BIGINT NOT NULL,
  withdrawn_by TEXT,
  withdrawn_at_ms BIGINT,
  withdrawn_ground TEXT
);
CREATE UNIQUE INDEX attachment_once ON attachment (incident_id, purpose, sent_sha256) WHERE state = 'kept';
CREATE INDEX attachment_incident_id ON attachment (incident_id);
CREATE INDEX attachment_made_by ON attachment (made_by, made_at_ms);
CREATE INDEX attachment_withdrawn ON attachment (incident_id) WHERE state = 'withdrawn' AND is_there = 1;

-- Their bytes, sealed by the edge, in pieces that are small enough for one statement.
CREATE TABLE attachment_piece (
  attachment_id TEXT NOT NULL,
  part BIGINT NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (attachment_id, part)
);

-- Pieces that belong to no file: to none yet, since its first one was written; or to none any more, since 0.
CREATE TABLE attachment_loose (
  attachment_id TEXT PRIMARY KEY,
  since_ms BIGINT NOT NULL
);

ALTER TABLE duty ADD COLUMN takes_file BIGINT NOT NULL DEFAULT 0;
ALTER TABLE duty ADD COLUMN attachment_id TEXT; -- the file that shows that it was done

-- Who was asked on a case by name: the newest time of each person and incident. What was asked is the text of an event.
CREATE TABLE mention (
  incident_id TEXT NOT NULL,
  login TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  asked_at_ms BIGINT NOT NULL,
  mailed_at_ms BIGINT,
  seen_at_ms BIGINT,
  PRIMARY KEY (incident_id, login)
);
CREATE INDEX mention_unseen ON mention (login) WHERE seen_at_ms IS NULL;
