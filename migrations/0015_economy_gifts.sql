-- Gifts as people see them: who gave what to whom, with which words, and in which room. The money is in the op.
CREATE TABLE econ_gift (
  op_id BIGINT PRIMARY KEY REFERENCES econ_op (id),
  sender_id BIGINT NOT NULL,
  recipient_id BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  note VARCHAR(280),
  room_id BIGINT,
  at BIGINT NOT NULL,
  CHECK (sender_id <> recipient_id),
  CHECK (amount = CAST(amount AS BIGINT) AND amount BETWEEN 1 AND 1000000000000000)
);
CREATE INDEX ix_gift_sender ON econ_gift (sender_id, op_id);
CREATE INDEX ix_gift_recipient ON econ_gift (recipient_id, op_id);

-- A person's PIN, hashed with a secret that is not in this database. `tries` are those counted since the last right
-- one or the last lock, `locks` how often it was locked since the last right one.
CREATE TABLE econ_pin (
  account_id BIGINT PRIMARY KEY,
  hash VARCHAR(255) NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  locks INTEGER NOT NULL DEFAULT 0,
  locked_until BIGINT NOT NULL DEFAULT 0,
  set_at BIGINT NOT NULL,
  CHECK (tries >= 0 AND locks >= 0 AND locked_until >= 0)
);
