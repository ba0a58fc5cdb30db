-- Where people open the house in a browser, so that mails can lead there.
ALTER TABLE setting ADD COLUMN address TEXT;
