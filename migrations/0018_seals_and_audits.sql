-- The hash chain over history: each batch seals the ops and transfers with ids from `from_id` to `to_id`. `digests`
-- holds 41 bytes for each of them: its table's letter, its id, and the SHA-256 of its columns as `format` spells them.
CREATE TABLE econ_seal (
  number BIGINT PRIMARY KEY,
  format SMALLINT NOT NULL,
  from_id BIGINT NOT NULL,
  to_id BIGINT NOT NULL,
  members INTEGER NOT NULL,
  digests BYTEA NOT NULL,
  previous CHAR(64) NOT NULL,
  hash CHAR(64) NOT NULL,
  sealed_at BIGINT NOT NULL,
  CHECK (number > 0 AND members > 0 AND from_id <= to_id),
  CHECK (LENGTH(previous) = 64 AND LENGTH(hash) = 64)
);

-- The latest audits. `report` is JSON: what was checked, and each finding with a few of its rows.
CREATE TABLE econ_audit_run (
  id BIGINT PRIMARY KEY,
  started_at BIGINT NOT NULL,
  took_ms BIGINT NOT NULL,
  ok SMALLINT NOT NULL,
  report TEXT NOT NULL,
  CHECK (ok IN (0, 1))
);
