-- What a row of a statement says became of the money: settled, paid_out, charged_back.
ALTER TABLE payment ADD COLUMN fate TEXT;
ALTER TABLE payment ADD COLUMN fate_at_ms BIGINT;
