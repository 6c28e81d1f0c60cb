-- What people think of a message. `seq` is the number of the event that told of it.
CREATE TABLE reaction (
  message_id BIGINT NOT NULL REFERENCES message (id),
  account_id BIGINT NOT NULL REFERENCES account (id),
  emoji VARCHAR(64) NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (message_id, account_id, emoji)
);

CREATE TABLE helpful_vote (
  message_id BIGINT NOT NULL REFERENCES message (id),
  account_id BIGINT NOT NULL REFERENCES account (id),
  seq BIGINT NOT NULL,
  PRIMARY KEY (message_id, account_id)
);

-- The event at which either last changed; 0 for a message nobody has given any, which most are.
ALTER TABLE message ADD COLUMN feedback_seq BIGINT NOT NULL DEFAULT 0 CHECK (feedback_seq >= 0);
