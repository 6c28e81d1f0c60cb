-- Files of messages: what is known of each; the bytes lie in the object storage under the id.
CREATE TABLE file (
  id BIGINT PRIMARY KEY,
  owner_id BIGINT NOT NULL REFERENCES account (id),
  room_id BIGINT NOT NULL REFERENCES room (id),
  name VARCHAR(200) NOT NULL,
  -- uploading: its bytes are on their way; stored: they are all there; discarded: they are to be removed, then the row.
  state VARCHAR(16) NOT NULL,
  -- What it takes of its owner's storage: while it is uploading, the most that may come.
  size BIGINT NOT NULL,
  media_type VARCHAR(64),
  sha256 CHAR(64),
  width INTEGER,
  height INTEGER,
  -- The message that shows it, and its place there, from 0.
  message_id BIGINT REFERENCES message (id),
  place SMALLINT,
  -- How many people other than its owner have opened it.
  people INTEGER NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  UNIQUE (message_id, place),
  CHECK (state IN ('uploading', 'stored', 'discarded')),
  CHECK (size > 0 AND people >= 0),
  CHECK ((message_id IS NULL) = (place IS NULL)),
  CHECK (state = 'stored' OR message_id IS NULL),
  CHECK (state <> 'stored' OR (media_type IS NOT NULL AND sha256 IS NOT NULL)),
  CHECK ((width IS NULL) = (height IS NULL))
);
CREATE INDEX ix_file_loose ON file (created_at) WHERE message_id IS NULL;

CREATE TABLE file_opening (
  file_id BIGINT NOT NULL REFERENCES file (id),
  account_id BIGINT NOT NULL REFERENCES account (id),
  at BIGINT NOT NULL,
  PRIMARY KEY (file_id, account_id)
);

-- The sum of the sizes of a person's files, those on their way included.
CREATE TABLE file_storage (
  owner_id BIGINT PRIMARY KEY REFERENCES account (id),
  used BIGINT NOT NULL,
  CHECK (used >= 0)
);

-- How many files a message has; most have none.
ALTER TABLE message ADD COLUMN files SMALLINT NOT NULL DEFAULT 0 CHECK (files >= 0);
