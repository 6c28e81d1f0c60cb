-- The ledger. Amounts are integer micro-tokens, times are milliseconds, "never" is 2^63-1.
-- The CASTs in the checks refuse what SQLite would otherwise keep as REAL: 1.5, or an overflow.

-- One hot row for each person: the only balance that is stored. No index on anything that moves.
CREATE TABLE econ_wallet (
  id BIGINT PRIMARY KEY,
  owner_id BIGINT NOT NULL UNIQUE,
  main_available BIGINT NOT NULL DEFAULT 0,
  lot_available BIGINT NOT NULL DEFAULT 0,
  held BIGINT NOT NULL DEFAULT 0,
  earn_day INTEGER NOT NULL DEFAULT 1,
  earn_day_used BIGINT NOT NULL DEFAULT 0,
  earn_week_used BIGINT NOT NULL DEFAULT 0,
  next_expiry_at BIGINT NOT NULL DEFAULT 9223372036854775807,
  version BIGINT NOT NULL DEFAULT 0,
  CHECK (main_available = CAST(main_available AS BIGINT) AND main_available BETWEEN 0 AND 1000000000000000),
  CHECK (lot_available = CAST(lot_available AS BIGINT) AND lot_available BETWEEN 0 AND 1000000000000000),
  CHECK (held = CAST(held AS BIGINT) AND held BETWEEN 0 AND 1000000000000000),
  CHECK (earn_day_used >= 0 AND earn_week_used >= earn_day_used AND version >= 0)
);

-- Money that expires or is restricted. `reserved_for` names the one purpose it may serve; empty is any.
CREATE TABLE econ_lot (
  id BIGINT PRIMARY KEY,
  wallet_id BIGINT NOT NULL REFERENCES econ_wallet (id),
  lot_key VARCHAR(64) NOT NULL,
  source VARCHAR(32) NOT NULL,
  priority SMALLINT NOT NULL,
  expires_at BIGINT NOT NULL,
  giftable SMALLINT NOT NULL,
  reserved_for VARCHAR(16) NOT NULL,
  available BIGINT NOT NULL DEFAULT 0,
  held BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  UNIQUE (wallet_id, lot_key),
  CHECK (giftable IN (0, 1)),
  CHECK (available = CAST(available AS BIGINT) AND available BETWEEN 0 AND 1000000000000000),
  CHECK (held = CAST(held AS BIGINT) AND held BETWEEN 0 AND 1000000000000000)
);
CREATE INDEX ix_lot_spendable ON econ_lot (wallet_id, priority, expires_at, id) WHERE available > 0;
CREATE INDEX ix_lot_expiry ON econ_lot (expires_at) WHERE available > 0;

-- Every request that may move money: its key, what was asked, what came of it. status: 1 applied, 2 refused.
CREATE TABLE econ_op (
  id BIGINT PRIMARY KEY,
  scope VARCHAR(64) NOT NULL,
  idem_key VARCHAR(128) NOT NULL,
  request_hash CHAR(64) NOT NULL,
  kind VARCHAR(32) NOT NULL,
  actor_id BIGINT NOT NULL,
  policy_version INTEGER NOT NULL,
  status SMALLINT NOT NULL,
  result TEXT,
  created_at BIGINT NOT NULL,
  UNIQUE (scope, idem_key),
  CHECK (status IN (1, 2))
);

-- One immutable movement, both sides in one row. An account above 0 is a wallet or a lot, below 0 the system's.
-- kind: 0 posted, 1 pending, 2 captured, 3 voided, 4 expired. `returned` is what a capture, a void or an expiry
-- gives back to the account that was held. Each side that changes a wallet takes that wallet's next version.
CREATE TABLE econ_transfer (
  id BIGINT PRIMARY KEY,
  op_id BIGINT NOT NULL REFERENCES econ_op (id),
  kind SMALLINT NOT NULL,
  code VARCHAR(48) NOT NULL,
  amount BIGINT NOT NULL,
  returned BIGINT NOT NULL DEFAULT 0,
  debit_account BIGINT NOT NULL,
  debit_wallet BIGINT REFERENCES econ_wallet (id),
  debit_version BIGINT,
  debit_balance BIGINT,
  credit_account BIGINT NOT NULL,
  credit_wallet BIGINT REFERENCES econ_wallet (id),
  credit_version BIGINT,
  credit_balance BIGINT,
  pending_id BIGINT REFERENCES econ_transfer (id),
  reverses_id BIGINT REFERENCES econ_transfer (id),
  expires_at BIGINT,
  day INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  CHECK (kind BETWEEN 0 AND 4),
  CHECK (amount = CAST(amount AS BIGINT) AND amount BETWEEN 1 AND 1000000000000000),
  CHECK (returned = CAST(returned AS BIGINT) AND returned BETWEEN 0 AND 1000000000000000),
  CHECK (debit_account <> credit_account),
  CHECK (debit_account <> 0 AND credit_account <> 0),
  CHECK ((debit_account > 0) = (debit_wallet IS NOT NULL)),
  CHECK ((debit_wallet IS NULL) = (debit_version IS NULL) AND (debit_wallet IS NULL) = (debit_balance IS NULL)),
  CHECK ((credit_wallet IS NULL) = (credit_version IS NULL) AND (credit_wallet IS NULL) = (credit_balance IS NULL)),
  CHECK ((credit_wallet IS NOT NULL) = (credit_account > 0 AND kind IN (0, 2))),
  CHECK ((kind IN (2, 3, 4)) = (pending_id IS NOT NULL)),
  CHECK ((kind = 1) = (expires_at IS NOT NULL)),
  CHECK (kind > 1 OR returned = 0),
  CHECK (kind < 3 OR returned = amount),
  CHECK (reverses_id IS NULL OR kind = 0)
);
CREATE UNIQUE INDEX ux_transfer_resolution ON econ_transfer (pending_id) WHERE pending_id IS NOT NULL;
CREATE UNIQUE INDEX ux_transfer_debit ON econ_transfer (debit_wallet, debit_version) WHERE debit_wallet IS NOT NULL;
CREATE UNIQUE INDEX ux_transfer_credit ON econ_transfer (credit_wallet, credit_version) WHERE credit_wallet IS NOT NULL;
CREATE INDEX ix_transfer_op ON econ_transfer (op_id);
CREATE INDEX ix_transfer_reverses ON econ_transfer (reverses_id) WHERE reverses_id IS NOT NULL;
CREATE INDEX ix_transfer_pending ON econ_transfer (expires_at) WHERE kind = 1;
CREATE INDEX ix_transfer_day ON econ_transfer (day);

-- A transfer as each wallet sees it: what became spendable, what became held, and the balance it left.
CREATE VIEW econ_leg AS
  SELECT id AS transfer_id, op_id, kind, code, day, created_at, reverses_id, pending_id,
    debit_wallet AS wallet_id, debit_account AS account, debit_version AS version, debit_balance AS balance_after,
    CASE WHEN kind < 2 THEN -amount ELSE returned END AS change,
    CASE kind WHEN 0 THEN 0 WHEN 1 THEN amount WHEN 2 THEN -amount - returned ELSE -amount END AS held_change
  FROM econ_transfer WHERE debit_wallet IS NOT NULL
  UNION ALL
  SELECT id, op_id, kind, code, day, created_at, reverses_id, pending_id,
    credit_wallet, credit_account, credit_version, credit_balance, amount, 0
  FROM econ_transfer WHERE credit_wallet IS NOT NULL;

-- What one activity has earned a wallet in one day.
CREATE TABLE econ_cap (
  wallet_id BIGINT NOT NULL REFERENCES econ_wallet (id),
  activity VARCHAR(48) NOT NULL,
  day INTEGER NOT NULL,
  used BIGINT NOT NULL,
  PRIMARY KEY (wallet_id, activity, day),
  CHECK (used = CAST(used AS BIGINT) AND used >= 0)
);

-- What a person is rewarded for once: ever (day 0), or once on a day.
CREATE TABLE econ_claim (
  wallet_id BIGINT NOT NULL REFERENCES econ_wallet (id),
  activity VARCHAR(48) NOT NULL,
  day INTEGER NOT NULL,
  subject VARCHAR(128) NOT NULL,
  op_id BIGINT NOT NULL REFERENCES econ_op (id),
  PRIMARY KEY (wallet_id, activity, day, subject)
);

-- Closed days, summed: account 0 stands for all people together.
CREATE TABLE econ_rollup_day (
  day INTEGER NOT NULL,
  kind SMALLINT NOT NULL,
  code VARCHAR(48) NOT NULL,
  debit_account BIGINT NOT NULL,
  credit_account BIGINT NOT NULL,
  transfers BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  returned BIGINT NOT NULL,
  PRIMARY KEY (day, kind, code, debit_account, credit_account)
);
