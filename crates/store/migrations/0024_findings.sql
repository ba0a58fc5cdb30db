-- Who has understood what was found wrong with the audit log, and what stood there then.
ALTER TABLE audit_finding ADD COLUMN stands_sha256 TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_finding ADD COLUMN acknowledged_at_ms BIGINT;
ALTER TABLE audit_finding ADD COLUMN acknowledged_by TEXT;
