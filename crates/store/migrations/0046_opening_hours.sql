-- When a shop is open, as its people say; without a row nobody said it. A day's spans are minutes after its midnight, `540-720,840-1080`,
-- the second exclusive, above 1,440 the next day; none: closed.
CREATE TABLE opening_hours (
  shop_id TEXT PRIMARY KEY REFERENCES shop (shop_id),
  merchant_id TEXT NOT NULL,
  week TEXT NOT NULL, -- seven days from Monday, with `;` between them
  exceptions TEXT NOT NULL, -- days that are otherwise, `2026-10-01:540-720`, with `;` between them
  told_by TEXT NOT NULL,
  told_at_ms BIGINT NOT NULL
);

-- Who works in a shop on a day, as its manager enters it; without a row nobody entered it, with no shifts nobody works.
CREATE TABLE roster (
  shop_id TEXT NOT NULL REFERENCES shop (shop_id),
  day BIGINT NOT NULL, -- days since 1970-01-01
  merchant_id TEXT NOT NULL,
  shifts TEXT NOT NULL, -- numbers of operators with spans of minutes, `002 540-1020`, with `,` between them
  entered_by TEXT NOT NULL,
  entered_at_ms BIGINT NOT NULL,
  PRIMARY KEY (shop_id, day)
);
CREATE INDEX roster_day ON roster (day);
