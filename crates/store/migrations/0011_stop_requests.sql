-- Terminals that an outside acquirer decides, and what is asked of that acquirer when one is lost.

ALTER TABLE terminal ADD COLUMN control TEXT NOT NULL DEFAULT 'gate'; -- gate: ours is in the path; outside: theirs is
-- Where a provider's own API can stop it.
ALTER TABLE terminal ADD COLUMN provider TEXT; -- adyen, sumup, stripe
ALTER TABLE terminal ADD COLUMN provider_device_id TEXT;
