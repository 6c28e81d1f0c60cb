"""The ledger's invariants, each as the query for the rows that break it: name, what must hold, SQL.

Every query may use `:owner`: 0 for everybody, or the one person to look at. `OWNED` is that, for a wallet `w`.
"""

from __future__ import annotations

from typing import Any

from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.rollup_store import GROUPS, SUMS
from app.infra.database import Connection

OWNED = "(CAST(:owner AS BIGINT) = 0 OR w.owner_id = CAST(:owner AS BIGINT))"
_SYSTEM = ", ".join(str(int(account)) for account in SystemAccount)

_TRANSFER_SHAPE = f"""
SELECT t.id AS transfer_id, t.amount, t.debit_account, t.debit_wallet, t.credit_account, t.credit_wallet
FROM econ_transfer t
LEFT JOIN econ_lot dl ON dl.id = t.debit_account LEFT JOIN econ_lot cl ON cl.id = t.credit_account
LEFT JOIN econ_wallet cw ON cw.id = t.credit_account
WHERE t.amount <= 0 OR t.returned < 0 OR t.debit_account = t.credit_account
  OR (t.debit_account < 0 AND t.debit_account NOT IN ({_SYSTEM}))
  OR (t.credit_account < 0 AND t.credit_account NOT IN ({_SYSTEM}))
  OR (t.debit_account > 0 AND t.debit_account <> t.debit_wallet AND COALESCE(dl.wallet_id, 0) <> t.debit_wallet)
  OR (t.credit_account > 0 AND cw.id IS NULL AND cl.id IS NULL)
  OR (t.credit_wallet IS NOT NULL AND t.credit_account <> t.credit_wallet
      AND COALESCE(cl.wallet_id, 0) <> t.credit_wallet)
"""

_NEGATIVE = f"""
SELECT w.id AS wallet_id, w.main_available, w.lot_available, w.held,
  l.id AS lot_id, l.available AS lot, l.held AS lot_held
FROM econ_wallet w LEFT JOIN econ_lot l ON l.wallet_id = w.id
WHERE {OWNED} AND (w.main_available < 0 OR w.lot_available < 0 OR w.held < 0 OR l.available < 0 OR l.held < 0)
"""

_WALLET = f"""
SELECT w.id AS wallet_id, w.main_available, w.lot_available, w.held,
  CAST(COALESCE(s.main, 0) AS BIGINT) AS main_by_history, CAST(COALESCE(s.lots, 0) AS BIGINT) AS lots_by_history,
  CAST(COALESCE(s.held, 0) AS BIGINT) AS held_by_history
FROM econ_wallet w LEFT JOIN (
  SELECT wallet_id, SUM(CASE WHEN account = wallet_id THEN change ELSE 0 END) AS main,
    SUM(CASE WHEN account <> wallet_id THEN change ELSE 0 END) AS lots, SUM(held_change) AS held
  FROM econ_leg GROUP BY wallet_id
) s ON s.wallet_id = w.id
WHERE {OWNED} AND (w.main_available <> COALESCE(s.main, 0) OR w.lot_available <> COALESCE(s.lots, 0)
  OR w.held <> COALESCE(s.held, 0))
"""

_LOT = f"""
SELECT l.id AS lot_id, l.wallet_id, l.available, l.held,
  CAST(COALESCE(s.available, 0) AS BIGINT) AS available_by_history,
  CAST(COALESCE(s.held, 0) AS BIGINT) AS held_by_history
FROM econ_lot l JOIN econ_wallet w ON w.id = l.wallet_id LEFT JOIN (
  SELECT account, SUM(change) AS available, SUM(held_change) AS held FROM econ_leg GROUP BY account
) s ON s.account = l.id
WHERE {OWNED} AND (l.available <> COALESCE(s.available, 0) OR l.held <> COALESCE(s.held, 0))
"""

_LOTS_OF_WALLET = f"""
SELECT w.id AS wallet_id, w.lot_available, w.next_expiry_at,
  CAST(COALESCE(s.available, 0) AS BIGINT) AS lots, s.next_expiry_at AS next_by_lots
FROM econ_wallet w LEFT JOIN (
  SELECT wallet_id, SUM(available) AS available, MIN(CASE WHEN available > 0 THEN expires_at END) AS next_expiry_at
  FROM econ_lot GROUP BY wallet_id
) s ON s.wallet_id = w.id
WHERE {OWNED} AND (w.lot_available <> COALESCE(s.available, 0)
  OR w.next_expiry_at <> COALESCE(s.next_expiry_at, 9223372036854775807))
"""

_HELD = f"""
SELECT w.id AS wallet_id, w.held, CAST(COALESCE(s.held, 0) AS BIGINT) AS unresolved
FROM econ_wallet w LEFT JOIN (
  SELECT p.debit_wallet, SUM(p.amount) AS held FROM econ_transfer p
  WHERE p.kind = 1 AND NOT EXISTS (SELECT 1 FROM econ_transfer r WHERE r.pending_id = p.id) GROUP BY p.debit_wallet
) s ON s.debit_wallet = w.id
WHERE {OWNED} AND w.held <> COALESCE(s.held, 0)
"""

_RESOLUTION = """
SELECT r.id AS transfer_id, r.pending_id, p.kind AS pending_kind, p.amount AS held, r.amount, r.returned
FROM econ_transfer r LEFT JOIN econ_transfer p ON p.id = r.pending_id
WHERE r.pending_id IS NOT NULL AND (p.id IS NULL OR p.kind <> 1
  OR r.debit_account <> p.debit_account OR r.credit_account <> p.credit_account
  OR p.amount <> CASE r.kind WHEN 2 THEN r.amount + r.returned ELSE r.returned END)
UNION ALL
SELECT MIN(r.id), r.pending_id, 1, 0, COUNT(*), 0 FROM econ_transfer r
WHERE r.pending_id IS NOT NULL GROUP BY r.pending_id HAVING COUNT(*) > 1
"""

_OUTCOME = """
SELECT o.id AS op_id, o.scope, o.idem_key, o.status, COUNT(t.id) AS transfers
FROM econ_op o LEFT JOIN econ_transfer t ON t.op_id = o.id
WHERE o.status = 2 OR o.result IS NULL GROUP BY o.id, o.scope, o.idem_key, o.status, o.result
HAVING o.result IS NULL OR COUNT(t.id) > 0
UNION ALL
SELECT MIN(o.id), o.scope, o.idem_key, 0, COUNT(*) FROM econ_op o GROUP BY o.scope, o.idem_key HAVING COUNT(*) > 1
UNION ALL
SELECT t.op_id, '', '', 0, COUNT(*) FROM econ_transfer t LEFT JOIN econ_op o ON o.id = t.op_id
WHERE o.id IS NULL GROUP BY t.op_id
"""

_REVERSAL_AMOUNT = """
SELECT o.id AS transfer_id, o.amount, CAST(SUM(r.amount) AS BIGINT) AS reversed
FROM econ_transfer r JOIN econ_transfer o ON o.id = r.reverses_id
GROUP BY o.id, o.amount HAVING SUM(r.amount) > o.amount
"""

_REVERSAL_LEGS = """
SELECT r.id AS transfer_id, r.reverses_id, r.debit_account, r.credit_account,
  o.debit_account AS original_debit, o.credit_account AS original_credit
FROM econ_transfer r LEFT JOIN econ_transfer o ON o.id = r.reverses_id
WHERE r.reverses_id IS NOT NULL AND (o.id IS NULL OR o.kind NOT IN (0, 2) OR o.reverses_id IS NOT NULL
  OR r.debit_account <> o.credit_account OR r.credit_account <> o.debit_account)
"""

_EXPIRED_SPENT = f"""
SELECT t.id AS transfer_id, t.code, t.amount, t.created_at, l.id AS lot_id, l.expires_at
FROM econ_transfer t JOIN econ_lot l ON l.id = t.debit_account JOIN econ_wallet w ON w.id = l.wallet_id
WHERE {OWNED} AND t.kind IN (0, 1) AND t.reverses_id IS NULL AND t.created_at >= l.expires_at
  AND t.credit_account <> {int(SystemAccount.EXPIRY)}
"""

_EXPIRED_EARLY = f"""
SELECT t.id AS transfer_id, t.amount, t.created_at, l.id AS lot_id, l.expires_at
FROM econ_transfer t LEFT JOIN econ_lot l ON l.id = t.debit_account
WHERE t.credit_account = {int(SystemAccount.EXPIRY)} AND (l.id IS NULL OR t.created_at < l.expires_at)
"""

_RESTRICTED = """
SELECT t.id AS transfer_id, t.code, t.amount, l.id AS lot_id
FROM econ_transfer t JOIN econ_lot l ON l.id = t.debit_account
WHERE t.kind = 0 AND t.reverses_id IS NULL AND l.giftable = 0
  AND t.credit_wallet IS NOT NULL AND t.credit_wallet <> t.debit_wallet
"""

_VERSIONS = f"""
SELECT s.wallet_id, s.version, s.previous, s.change, s.balance_before, s.balance_after FROM (
  SELECT g.wallet_id, g.version, g.change, g.balance_after,
    COALESCE(LAG(g.version) OVER (PARTITION BY g.wallet_id ORDER BY g.version), 0) AS previous,
    COALESCE(LAG(g.balance_after) OVER (PARTITION BY g.wallet_id ORDER BY g.version), 0) AS balance_before
  FROM econ_leg g
) s JOIN econ_wallet w ON w.id = s.wallet_id
WHERE {OWNED} AND (s.version <> s.previous + 1 OR s.balance_after <> s.balance_before + s.change)
"""

_LAST_VERSION = f"""
SELECT w.id AS wallet_id, w.version, COALESCE(s.version, 0) AS version_by_history
FROM econ_wallet w LEFT JOIN (SELECT wallet_id, MAX(version) AS version FROM econ_leg GROUP BY wallet_id) s
  ON s.wallet_id = w.id
WHERE {OWNED} AND w.version <> COALESCE(s.version, 0)
"""

_COLUMNS = "day, kind, code, debit_account, credit_account, transfers, amount, returned"
_HISTORY = f"{SUMS} WHERE t.day <= (SELECT MAX(day) FROM econ_rollup_day) {GROUPS}"
_ROLLUP = f"""
SELECT {_COLUMNS} FROM (
  SELECT {_COLUMNS} FROM econ_rollup_day UNION ALL SELECT {_COLUMNS} FROM ({_HISTORY}) AS h
) AS both_sides GROUP BY {_COLUMNS} HAVING COUNT(*) <> 2
"""

CHECKS: tuple[tuple[str, str, str], ...] = (
    ("transfer_shape", "a transfer moves a positive amount between two known, different accounts", _TRANSFER_SHAPE),
    ("no_negative_balance", "no wallet and no lot is below zero", _NEGATIVE),
    ("wallet_equals_history", "a wallet is the sum of its transfers", _WALLET),
    ("lot_equals_history", "a lot is the sum of its transfers", _LOT),
    ("wallet_equals_lots", "a wallet's lot money and next expiry are those of its lots", _LOTS_OF_WALLET),
    ("held_equals_holds", "what is held is what unresolved holds set aside", _HELD),
    ("hold_resolved_once", "a hold is resolved once, in full, between its own accounts", _RESOLUTION),
    ("one_key_one_outcome", "a key has one op, an op one outcome, and a refused op no transfers", _OUTCOME),
    ("reversal_within_original", "reversals never exceed what they reverse", _REVERSAL_AMOUNT),
    ("reversal_mirrors_original", "a reversal goes back between the accounts of its original", _REVERSAL_LEGS),
    ("expired_never_spent", "money that has expired is not spent", _EXPIRED_SPENT),
    ("expired_only_when_due", "money expires from a lot, and not before its time", _EXPIRED_EARLY),
    ("restricted_never_given", "money that may not be given away does not reach another person", _RESTRICTED),
    ("versions_gap_free", "a wallet's versions have no gap, and each balance follows from the last", _VERSIONS),
    ("version_is_last", "a wallet's version is that of its last transfer", _LAST_VERSION),
    ("rollup_equals_history", "the sums of closed days are those of their transfers", _ROLLUP),
)


async def breaches(db: Connection, sql: str, limit: int, params: dict[str, Any]) -> list[dict[str, Any]]:
    """At most `limit` of the rows that break an invariant."""
    rows = await db.all(f"SELECT * FROM ({sql}) AS breach LIMIT {limit}", **params)
    return [dict(row) for row in rows]
