-- Letters of an incident to banks and payment institutions. Their documents are in attachment_piece, by the letter's identifier.
CREATE TABLE letter (
  letter_id TEXT PRIMARY KEY,
  incident_id TEXT NOT NULL REFERENCES incident (incident_id),
  position BIGINT NOT NULL,
  number TEXT NOT NULL, -- 2026-0001
  kind TEXT NOT NULL, -- inquiry, settlement_hold, protection
  language TEXT NOT NULL,
  state TEXT NOT NULL, -- draft, sending, sent, answered, withdrawn
  to_name TEXT NOT NULL,
  to_email TEXT,
  to_contact_id TEXT,
  questions TEXT NOT NULL, -- words, a blank between
  own_question TEXT,
  payments TEXT NOT NULL, -- names, a blank between
  due_on TEXT NOT NULL,
  due_at_ms BIGINT NOT NULL,
  written_by TEXT NOT NULL,
  written_at_ms BIGINT NOT NULL,
  document_sha256 TEXT,
  document_len BIGINT,
  document_at_ms BIGINT,
  mail_state TEXT,
  mail_at_ms BIGINT,
  mail_to TEXT,
  mail_said TEXT,
  mail_count BIGINT,
  sent_way TEXT, -- mail, hand
  sent_at_ms BIGINT,
  sent_by TEXT,
  answer_by TEXT,
  answer_at_ms BIGINT,
  answer_reference TEXT,
  answer_text TEXT,
  answer_attachment_id TEXT,
  withdrawn_by TEXT,
  withdrawn_at_ms BIGINT,
  withdrawn_ground TEXT
);
CREATE UNIQUE INDEX letter_incident_id_position ON letter (incident_id, position);
CREATE UNIQUE INDEX letter_number ON letter (number);

-- The last number that a letter was given in a year of the house.
CREATE TABLE letter_year (
  year BIGINT PRIMARY KEY,
  last BIGINT NOT NULL
);
