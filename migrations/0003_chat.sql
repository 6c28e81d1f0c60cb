-- Rooms, who is in them, what was said, and the one numbered log of everything that changed in a room.
CREATE TABLE room (
  id BIGINT PRIMARY KEY,
  kind VARCHAR(16) NOT NULL,
  name VARCHAR(200) NOT NULL,
  name_folded VARCHAR(400) NOT NULL,
  topic VARCHAR(1000) NOT NULL,
  owner_id BIGINT NOT NULL REFERENCES account (id),
  -- Made by the client for each intent, so that a repeated request makes one room.
  client_id VARCHAR(64) NOT NULL,
  seq BIGINT NOT NULL DEFAULT 0,
  members INTEGER NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  UNIQUE (owner_id, client_id),
  CHECK (kind IN ('public')),
  CHECK (seq >= 0 AND members >= 0)
);
CREATE INDEX ix_room_discover ON room (kind, members, id);

-- A row stays when its person leaves: joining again is not a first join.
CREATE TABLE member (
  room_id BIGINT NOT NULL REFERENCES room (id),
  account_id BIGINT NOT NULL REFERENCES account (id),
  active SMALLINT NOT NULL,
  read_seq BIGINT NOT NULL,
  joined_at BIGINT NOT NULL,
  PRIMARY KEY (room_id, account_id),
  CHECK (active IN (0, 1) AND read_seq >= 0)
);
CREATE INDEX ix_member_account ON member (account_id, room_id) WHERE active = 1;

CREATE TABLE message (
  id BIGINT PRIMARY KEY,
  room_id BIGINT NOT NULL REFERENCES room (id),
  seq BIGINT NOT NULL,
  author_id BIGINT NOT NULL REFERENCES account (id),
  client_id VARCHAR(64) NOT NULL,
  body TEXT NOT NULL,
  at BIGINT NOT NULL,
  UNIQUE (author_id, client_id),
  UNIQUE (room_id, seq)
);

-- What changed, by number; the new state itself is read from its own table.
CREATE TABLE room_event (
  room_id BIGINT NOT NULL REFERENCES room (id),
  seq BIGINT NOT NULL,
  kind VARCHAR(32) NOT NULL,
  actor_id BIGINT NOT NULL REFERENCES account (id),
  subject_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (room_id, seq)
);
