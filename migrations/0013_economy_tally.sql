-- What a person did, got and gave on a day, by code. Caps, streaks, goals, boards and statistics read it, so that none
-- of them scans history. Moved with the transfers themselves: `came` and `went` are sums of them, `came_ops` and
-- `went_ops` count the requests, `done` how often the person did it, whether it was paid or not. What reverses a
-- transfer counts under `undo.` and its code.
CREATE TABLE econ_tally (
  wallet_id BIGINT NOT NULL REFERENCES econ_wallet (id),
  day INTEGER NOT NULL,
  code VARCHAR(56) NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  came BIGINT NOT NULL DEFAULT 0,
  went BIGINT NOT NULL DEFAULT 0,
  came_ops INTEGER NOT NULL DEFAULT 0,
  went_ops INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (wallet_id, day, code),
  CHECK (came = CAST(came AS BIGINT) AND came >= 0 AND went = CAST(went AS BIGINT) AND went >= 0),
  CHECK (done >= 0 AND came_ops >= 0 AND went_ops >= 0)
);
CREATE INDEX ix_tally_day ON econ_tally (day, code);

INSERT INTO econ_tally (wallet_id, day, code, done, came, went, came_ops, went_ops)
SELECT wallet_id, day, code,
  CASE WHEN code IN ('registration', 'create_room', 'join_room', 'send_message')
    THEN COUNT(DISTINCT CASE WHEN came > 0 THEN op_id END) ELSE 0 END,
  SUM(came), SUM(went), COUNT(DISTINCT CASE WHEN came > 0 THEN op_id END), COUNT(DISTINCT CASE WHEN went > 0 THEN op_id END)
FROM (
  SELECT credit_wallet AS wallet_id, day, CASE WHEN reverses_id IS NULL THEN code ELSE 'undo.' || code END AS code,
    amount AS came, 0 AS went, op_id
  FROM econ_transfer WHERE credit_wallet IS NOT NULL
  UNION ALL
  SELECT debit_wallet, day, CASE WHEN reverses_id IS NULL THEN code ELSE 'undo.' || code END, 0, amount, op_id
  FROM econ_transfer WHERE debit_wallet IS NOT NULL AND kind IN (0, 2)
) AS moved GROUP BY wallet_id, day, code;

DROP TABLE econ_cap;

-- The tier last told to the person, and the days in a row on which the daily reward was claimed.
ALTER TABLE econ_wallet ADD COLUMN tier VARCHAR(32) NOT NULL DEFAULT '';
ALTER TABLE econ_wallet ADD COLUMN streak_days INTEGER NOT NULL DEFAULT 0;
ALTER TABLE econ_wallet ADD COLUMN streak_day INTEGER NOT NULL DEFAULT 1;
ALTER TABLE econ_wallet ADD COLUMN streak_best INTEGER NOT NULL DEFAULT 0;
