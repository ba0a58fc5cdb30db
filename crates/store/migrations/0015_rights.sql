-- Custom roles: some of the rights of a role. Rights are bits, in the order of `domain::right::Right`.

CREATE TABLE custom_role (
  custom_role_id TEXT PRIMARY KEY,
  merchant_id TEXT REFERENCES merchant (merchant_id), -- whose people have it; null: those of the house
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  rights BIGINT NOT NULL,
  state TEXT NOT NULL -- active, retired
);
CREATE UNIQUE INDEX custom_role_merchant_id_name ON custom_role (coalesce(merchant_id, ''), name);

-- The rights stand with each account that has the role, so that no request looks for them; they change together.
ALTER TABLE account ADD COLUMN custom_role_id TEXT;
ALTER TABLE account ADD COLUMN custom_rights BIGINT;
CREATE INDEX account_custom_role ON account (custom_role_id) WHERE custom_role_id IS NOT NULL;
ALTER TABLE invitation ADD COLUMN custom_role_id TEXT;
ALTER TABLE invitation ADD COLUMN custom_rights BIGINT;

-- The rights that an import is looked through with.
ALTER TABLE import ADD COLUMN made_with BIGINT NOT NULL DEFAULT 0;
