-- Terminals that nobody reported, and at which cards were before they came to harm elsewhere: as they were judged last. No card is in it,
-- only the places of payments.
CREATE TABLE common_point (
  terminal_id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  found_at_ms BIGINT NOT NULL,
  judged_at_ms BIGINT NOT NULL,
  from_ms BIGINT NOT NULL,
  to_ms BIGINT NOT NULL,
  cards BIGINT NOT NULL,
  victims BIGINT NOT NULL,
  independent BIGINT NOT NULL,
  expected_millionths BIGINT NOT NULL,
  odds BIGINT NOT NULL, -- one in so many looks
  incidents TEXT NOT NULL,
  payments TEXT NOT NULL,
  question_id TEXT,
  asked_victims BIGINT NOT NULL
);
CREATE INDEX common_point_judged ON common_point (judged_at_ms);
