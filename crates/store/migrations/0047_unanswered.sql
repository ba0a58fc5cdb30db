-- When the terminal was stopped because nobody had answered, where the house wants that (setting.watch = 'hold').
ALTER TABLE question ADD COLUMN held_at_ms BIGINT;
CREATE INDEX question_held ON question (held_at_ms) WHERE held_at_ms IS NOT NULL;
