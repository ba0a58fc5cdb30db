-- Reports of suspicious transactions. That one is overdue follows from due_at_ms.
CREATE TABLE suspicious_report (
  suspicious_report_id TEXT PRIMARY KEY, -- at random: no number says that there are others
  kind TEXT NOT NULL, -- first, supplement, correction
  earlier_id TEXT,
  merchant_id TEXT NOT NULL REFERENCES merchant (merchant_id),
  terminal_id TEXT, -- null: not about one of its terminals
  incident_id TEXT,
  grounds TEXT NOT NULL, -- identity, behaviour, source, amount, frequency, destination, nature; a blank between
  is_grave BIGINT NOT NULL,
  persons TEXT,
  facts TEXT,
  analysis TEXT,
  payments TEXT, -- a line each
  decision TEXT, -- report, no_report
  decision_text TEXT,
  state TEXT NOT NULL, -- draft, proposed, confirmed, filed, not_reported
  version BIGINT NOT NULL,
  writers TEXT NOT NULL, -- log-ins, a line each
  written_at_ms BIGINT NOT NULL,
  proposed_by TEXT,
  proposed_at_ms BIGINT,
  confirmed_by TEXT,
  confirmed_at_ms BIGINT,
  due_at_ms BIGINT, -- the first moment after the term
  is_provisional BIGINT NOT NULL,
  filed_at_ms BIGINT, -- as a person says
  filed_by TEXT,
  filed_recorded_at_ms BIGINT,
  receipt TEXT,
  branch TEXT,
  reminded_at_ms BIGINT
);
CREATE INDEX suspicious_report_incident_id ON suspicious_report (incident_id) WHERE incident_id IS NOT NULL;
CREATE INDEX suspicious_report_earlier_id ON suspicious_report (earlier_id) WHERE earlier_id IS NOT NULL;
CREATE INDEX suspicious_report_due ON suspicious_report (due_at_ms) WHERE state = 'confirmed';
