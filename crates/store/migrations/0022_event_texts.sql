-- What people say of a change is sealed, as it is elsewhere. Nothing of an event is ever changed but its text: sealed with another key,
-- or erased. Whether a sealed text is still the one that was said, the audit log's leaf tells.

-- sqlite: DROP TRIGGER event_unchanged;
-- sqlite: CREATE TRIGGER event_unchanged BEFORE UPDATE ON event
-- sqlite: WHEN (NEW.text IS NOT NULL AND (OLD.text IS NULL OR substr(NEW.text, 1, 7) <> 'sealed:'))
-- sqlite:   OR NEW.subject <> OLD.subject OR NEW.subject_id <> OLD.subject_id OR NEW.sequence <> OLD.sequence
-- sqlite:   OR NEW.at_ms <> OLD.at_ms OR NEW.verb <> OLD.verb OR NEW.actor_kind <> OLD.actor_kind OR NEW.actor <> OLD.actor
-- sqlite:   OR NEW.ledger_sequence IS NOT OLD.ledger_sequence
-- sqlite: BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;

-- postgres: DROP TRIGGER event_unchanged ON event;
-- postgres: CREATE TRIGGER event_unchanged BEFORE UPDATE ON event FOR EACH ROW WHEN (
-- postgres:   (NEW.text IS NOT NULL AND (OLD.text IS NULL OR substr(NEW.text, 1, 7) <> 'sealed:'))
-- postgres:   OR (NEW.subject, NEW.subject_id, NEW.sequence, NEW.at_ms, NEW.verb, NEW.actor_kind, NEW.actor, NEW.ledger_sequence)
-- postgres:     IS DISTINCT FROM (OLD.subject, OLD.subject_id, OLD.sequence, OLD.at_ms, OLD.verb, OLD.actor_kind, OLD.actor, OLD.ledger_sequence))
-- postgres:   EXECUTE FUNCTION audit_kept();

-- Whether a person can be erased.
CREATE INDEX incident_reported_by ON incident (reported_by);
CREATE INDEX incident_found_proposed_by ON incident (found_proposed_by);
