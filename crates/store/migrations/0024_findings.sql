-- Who has understood what was found wrong with the audit log.
ALTER TABLE audit_finding ADD COLUMN acknowledged_at_ms BIGINT;
ALTER TABLE audit_finding ADD COLUMN acknowledged_by TEXT;
