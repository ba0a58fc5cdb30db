-- The file of the incident that is a picture or a scan of a paper of the police.
ALTER TABLE police_entry ADD COLUMN attachment_id TEXT;
