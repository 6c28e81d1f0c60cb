-- Every policy that was ever in force. Rows are only added: an op names the version that paid it.
CREATE TABLE econ_policy (
  version INTEGER PRIMARY KEY,
  name VARCHAR(32) NOT NULL,
  source TEXT NOT NULL,
  effective_from BIGINT NOT NULL,
  author_id BIGINT,
  note VARCHAR(500) NOT NULL,
  created_at BIGINT NOT NULL,
  CHECK (version > 0)
);

-- Windows in which a kind of event multiplies rewards. A cancelled one keeps its row.
CREATE TABLE econ_event (
  id BIGINT PRIMARY KEY,
  kind VARCHAR(16) NOT NULL,
  name VARCHAR(80) NOT NULL,
  starts_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  author_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  cancelled_at BIGINT,
  CHECK (kind IN ('weekend', 'holiday', 'special')),
  CHECK (ends_at > starts_at)
);
CREATE INDEX ix_event_ends ON econ_event (ends_at) WHERE cancelled_at IS NULL;

-- Who brought whom, until the newcomer is first active.
CREATE TABLE econ_referral (
  account_id BIGINT PRIMARY KEY,
  inviter_id BIGINT NOT NULL,
  settled_at BIGINT
);

-- What a person chose about the economy. Without a row: shown on the boards.
CREATE TABLE econ_choice (
  account_id BIGINT PRIMARY KEY,
  on_boards SMALLINT NOT NULL DEFAULT 1,
  CHECK (on_boards IN (0, 1))
);
