-- Which data keys have sealed rows here, so that a node without them refuses to start.
CREATE TABLE data_key (
  number BIGINT PRIMARY KEY,
  check_value BLOB NOT NULL UNIQUE, -- SHA-256 of the key and a label
  since_ms BIGINT NOT NULL
);

-- From the report's arrival to its acknowledgement, by a clock that never steps; null when another process acknowledged.
ALTER TABLE incident ADD COLUMN stop_ms BIGINT;
