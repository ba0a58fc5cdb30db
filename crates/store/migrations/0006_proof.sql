-- What a terminal has proved, and what anybody may have sent.

-- Whether the MAC of the request verified: 'proven' or 'unproven'; null where nobody asked.
ALTER TABLE ledger ADD COLUMN proof TEXT;
-- How many alike requests the row stands for; null: one.
ALTER TABLE ledger ADD COLUMN repeated BIGINT;

-- Working keys that a sign-in was answered with and that no message has proved yet. They take the place of the session's
-- keys when a MAC under them verifies; until then a sign-in is answered with the same ones again.
CREATE TABLE offered_keys (
  terminal_id TEXT NOT NULL,
  net_code BIGINT NOT NULL, -- field 60.3 of the sign-in: which layout of keys
  operator TEXT NOT NULL,
  sequence BIGINT NOT NULL, -- the ledger row of the sign-in
  keys_sealed BLOB NOT NULL, -- PRIVATE, encrypted
  PRIMARY KEY (terminal_id, net_code, operator)
);

-- How far the settlement of the current batch is, by messages that nobody can prove: 'unequal', 'equal' or 'ended', and the
-- ledger row that says so. Undone by whatever the terminal does in the batch after it.
ALTER TABLE terminal_session ADD COLUMN closing TEXT;
ALTER TABLE terminal_session ADD COLUMN closing_sequence BIGINT;

-- How many attempts of an alarm, and of an incident, were sent without proof.
ALTER TABLE alarm ADD COLUMN unproven_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN unproven_attempt_count BIGINT NOT NULL DEFAULT 0;
