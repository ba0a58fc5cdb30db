-- What a merchant signed up with is asked for by the log-in of its owner.
CREATE INDEX registration_login ON registration (login) WHERE state = 'accepted';
