-- People, their sessions, invitations, and the one-time link of the first administrator.
CREATE TABLE account (
  id BIGINT PRIMARY KEY,
  username VARCHAR(64) NOT NULL,
  -- What the name looks like: names that could be mistaken for one another share it.
  skeleton VARCHAR(128) NOT NULL UNIQUE,
  password_hash VARCHAR(255) NOT NULL,
  role VARCHAR(16) NOT NULL,
  public_key TEXT,
  invited_by BIGINT REFERENCES account (id),
  created_at BIGINT NOT NULL,
  CHECK (role IN ('member', 'admin'))
);
CREATE INDEX ix_account_admin ON account (id) WHERE role = 'admin';

CREATE TABLE session (
  id BIGINT PRIMARY KEY,
  account_id BIGINT NOT NULL REFERENCES account (id),
  token_hash CHAR(64) NOT NULL UNIQUE,
  label VARCHAR(120) NOT NULL,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX ix_session_account ON session (account_id);

CREATE TABLE invite (
  id BIGINT PRIMARY KEY,
  code_hash CHAR(64) NOT NULL UNIQUE,
  created_by BIGINT NOT NULL REFERENCES account (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  uses_left INTEGER NOT NULL,
  CHECK (uses_left >= 0)
);

CREATE TABLE setup_link (
  id SMALLINT PRIMARY KEY,
  token_hash CHAR(64) NOT NULL,
  created_at BIGINT NOT NULL,
  CHECK (id = 1)
);
