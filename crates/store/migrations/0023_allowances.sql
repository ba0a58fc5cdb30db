-- What those who guess passwords have used up, told each second by every node.
CREATE TABLE allowance (
  subject BLOB PRIMARY KEY, -- a keyed digest of a login, an address or a device
  full_at_ms BIGINT NOT NULL -- when all of it may be used again
);
CREATE INDEX allowance_full_at ON allowance (full_at_ms);
