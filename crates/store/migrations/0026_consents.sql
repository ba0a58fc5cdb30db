-- To whom an applicant lets its name and number be given.
ALTER TABLE registration ADD COLUMN consents_to TEXT; -- a provider; null: nobody
