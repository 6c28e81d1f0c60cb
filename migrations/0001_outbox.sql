-- Work that facts cause, stored with them and applied once.
CREATE TABLE outbox (
  id BIGINT PRIMARY KEY,
  topic VARCHAR(64) NOT NULL,
  -- Whose affairs it touches; relays work through a batch in this order and so never wait for each other in a circle.
  owner_id BIGINT NOT NULL,
  payload TEXT NOT NULL,
  correlation_id VARCHAR(64) NOT NULL,
  created_at BIGINT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at BIGINT NOT NULL,
  last_error VARCHAR(120),
  done_at BIGINT,
  CHECK (attempts >= 0)
);
CREATE INDEX ix_outbox_waiting ON outbox (id) WHERE done_at IS NULL;

-- One row: the name of this history. A restored backup gets a new one, so that clients reload.
CREATE TABLE database_epoch (
  id SMALLINT PRIMARY KEY,
  epoch VARCHAR(32) NOT NULL,
  CHECK (id = 1)
);
