-- Two people of one name are told apart by their log-ins: asked for each name that is shown.
CREATE INDEX account_name ON account (name);
