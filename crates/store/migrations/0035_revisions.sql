-- Texts of the house in versions: playbooks and templates that are used instead of those that come with the software, each once a second
-- person has signed it off.
CREATE TABLE revision (
  revision_id TEXT PRIMARY KEY,
  kind TEXT NOT NULL, -- playbook, template
  name TEXT NOT NULL,
  merchant_id TEXT REFERENCES merchant (merchant_id), -- the shop that runs the house; null: an acquirer's
  version BIGINT NOT NULL,
  text TEXT NOT NULL,
  state TEXT NOT NULL, -- draft, proposed, in_use, withdrawal_proposed, replaced, withdrawn
  writers TEXT NOT NULL, -- log-ins, a line each
  written_at_ms BIGINT NOT NULL,
  proposed_by TEXT,
  proposed_at_ms BIGINT,
  signed_by TEXT,
  signed_at_ms BIGINT,
  ended_by TEXT,
  ended_at_ms BIGINT
);
CREATE UNIQUE INDEX revision_kind_name_version ON revision (kind, coalesce(merchant_id, ''), name, version);
-- One at most is used.
CREATE UNIQUE INDEX revision_in_use ON revision (kind, coalesce(merchant_id, ''), name)
  WHERE state IN ('in_use', 'withdrawal_proposed');
CREATE INDEX revision_open ON revision (kind, coalesce(merchant_id, ''))
  WHERE state IN ('draft', 'proposed', 'withdrawal_proposed');

-- The house's own playbook that an incident's duties were drawn up from, and the one of what follows once its terminal is found.
ALTER TABLE incident ADD COLUMN playbook_revision_id TEXT;
ALTER TABLE incident ADD COLUMN found_revision_id TEXT;
