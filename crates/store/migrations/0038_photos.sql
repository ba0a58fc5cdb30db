-- Photos of terminals, taken before anything is lost. A row is here once all pieces of its file are; they are in `attachment_piece`,
-- and those of no photo yet in `attachment_loose`, like the files of incidents.
CREATE TABLE photo (
  photo_id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  terminal_id TEXT NOT NULL,
  shows TEXT NOT NULL,
  caption TEXT,
  state TEXT NOT NULL,
  sent_sha256 BLOB NOT NULL,
  sha256 BLOB NOT NULL,
  len BIGINT NOT NULL,
  scan TEXT NOT NULL,
  is_there BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  made_at_ms BIGINT NOT NULL,
  removed_by TEXT,
  removed_at_ms BIGINT,
  removed_ground TEXT
);
CREATE UNIQUE INDEX photo_once ON photo (terminal_id, shows, sent_sha256) WHERE state = 'kept';
CREATE INDEX photo_terminal_id ON photo (terminal_id, made_at_ms);
CREATE INDEX photo_made_by ON photo (made_by, made_at_ms);
CREATE INDEX photo_removed ON photo (removed_at_ms) WHERE state = 'removed' AND is_there = 1;
