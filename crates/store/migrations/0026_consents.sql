-- To whom an applicant lets its name and number be given.
ALTER TABLE registration ADD COLUMN consents_to TEXT; -- a provider; null: nobody
-- Whether a business that registers is a merchant already.
CREATE INDEX merchant_credit ON merchant (unified_social_credit_code);
