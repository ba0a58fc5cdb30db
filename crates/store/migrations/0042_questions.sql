-- Whether a terminal is with the shop: asked when it behaves as a stolen one would, before anybody reports. A hot table has the terminal
-- first in its key; this is none: a terminal is asked about once in a week at most.
CREATE TABLE question (
  question_id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  terminal_id TEXT NOT NULL,
  state TEXT NOT NULL,
  score BIGINT NOT NULL, -- of 1,000
  reasons TEXT NOT NULL, -- JSON: what stood out, with its numbers
  asked_at_ms BIGINT NOT NULL,
  answered_by TEXT,
  answered_at_ms BIGINT,
  passed_on_at_ms BIGINT,
  incident_id TEXT
);
CREATE INDEX question_terminal_id ON question (terminal_id, asked_at_ms);
CREATE INDEX question_open ON question (merchant_id, asked_at_ms) WHERE state IN ('asked', 'unsure');

-- What the house wants of the watcher: off, or ask.
ALTER TABLE setting ADD COLUMN watch TEXT NOT NULL DEFAULT 'ask';
