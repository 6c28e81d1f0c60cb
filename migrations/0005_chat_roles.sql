-- What the owner made of a member, until they leave. Who the owner is stands in room.owner_id alone.
ALTER TABLE member ADD COLUMN role VARCHAR(16) NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'moderator'));
