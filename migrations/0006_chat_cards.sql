-- Something shown in a message instead of its text: flat JSON by kind, and the person it is for.
ALTER TABLE message ADD COLUMN card TEXT;
ALTER TABLE message ADD COLUMN card_for BIGINT REFERENCES account (id);
