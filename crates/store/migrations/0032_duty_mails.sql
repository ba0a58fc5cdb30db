-- When a person wants mails about duties, where it is not each time.
CREATE TABLE duty_mail (
  login TEXT PRIMARY KEY,
  often TEXT NOT NULL,
  next_at_ms BIGINT
);
CREATE INDEX duty_mail_next ON duty_mail (next_at_ms) WHERE next_at_ms IS NOT NULL;

CREATE INDEX duty_due ON duty (due_at_ms) WHERE state IN ('open', 'not_needed_proposed') AND due_at_ms IS NOT NULL;
