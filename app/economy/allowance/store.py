"""Every statement of this room."""

from __future__ import annotations

from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import Leg, TransferKind
from app.infra.database import Connection

_DUE = """
FROM econ_wallet w JOIN account a ON a.id = w.owner_id
WHERE NOT EXISTS (
  SELECT 1 FROM econ_op o
  WHERE o.scope = :scope AND o.idem_key = CAST(w.owner_id AS VARCHAR(20)) || ':' || CAST(:day AS VARCHAR(20))
)
"""


async def due(db: Connection, scope: str, day: int, limit: int) -> list[int]:
    """Owners of wallets who have not been granted a day's allowance yet, in the order of their wallets."""
    rows = await db.all(f"SELECT w.owner_id {_DUE} ORDER BY w.id LIMIT :limit", scope=scope, day=str(day), limit=limit)
    return [row["owner_id"] for row in rows]


async def count_due(db: Connection, scope: str, day: int) -> int:
    """How many have not been granted a day's allowance yet."""
    row = await db.one(f"SELECT COUNT(*) AS n {_DUE}", scope=scope, day=str(day))
    assert row is not None
    return int(row["n"])


async def lot_of_day(db: Connection, owner_id: int, lot_key: str) -> tuple[int, int] | None:
    """What is available and held in the allowance lot of a day; None if it was not granted."""
    row = await db.one(
        """
        SELECT l.available, l.held FROM econ_lot l JOIN econ_wallet w ON w.id = l.wallet_id
        WHERE w.owner_id = :owner AND l.lot_key = :key
        """,
        owner=owner_id,
        key=lot_key,
    )
    return None if row is None else (row["available"], row["held"])


async def ran_out(db: Connection, hold_id: int) -> bool:
    """Whether a hold was given back because its time was over."""
    row = await db.one(
        """
        SELECT r.id FROM econ_transfer p JOIN econ_transfer r ON r.pending_id = p.id
        WHERE p.op_id = :hold AND r.kind = :expired LIMIT 1
        """,
        hold=hold_id,
        expired=int(TransferKind.EXPIRED),
    )
    return row is not None


async def returned_too_late(db: Connection, hold_id: int, source: str) -> dict[int, int]:
    """How much of a hold went back to lots of this source that had expired by then, by owner."""
    rows = await db.all(
        """
        SELECT w.owner_id, CAST(SUM(r.returned) AS BIGINT) AS amount
        FROM econ_transfer p JOIN econ_transfer r ON r.pending_id = p.id
        JOIN econ_lot l ON l.id = p.debit_account JOIN econ_wallet w ON w.id = l.wallet_id
        WHERE p.op_id = :hold AND l.source = :source AND l.expires_at <= r.created_at GROUP BY w.owner_id
        """,
        hold=hold_id,
        source=source,
    )
    return {row["owner_id"]: row["amount"] for row in rows}


async def spendable(db: Connection, owner_id: int, purpose: str, now: int) -> dict[str, int]:
    """What a person can spend on a purpose, by source, in one moment."""
    rows = await db.all(
        """
        SELECT 'main' AS source, main_available AS available FROM econ_wallet WHERE owner_id = :owner
        UNION ALL
        SELECT l.source, CAST(SUM(l.available) AS BIGINT) FROM econ_lot l JOIN econ_wallet w ON w.id = l.wallet_id
        WHERE w.owner_id = :owner AND l.available > 0 AND l.expires_at > :now AND l.reserved_for IN ('', :purpose)
        GROUP BY l.source
        """,
        owner=owner_id,
        now=now,
        purpose=purpose,
    )
    return {row["source"]: row["available"] for row in rows}


async def movements(db: Connection, owner_id: int, source: str, before: int, limit: int) -> list[Leg]:
    """Movements of money of this source, and of any money spent on work, newest first."""
    rows = await db.all(
        """
        SELECT leg.transfer_id, leg.op_id, op.kind AS op_kind, leg.code, leg.created_at, leg.version, leg.change,
          leg.balance_after, COALESCE(lot.source, 'main') AS source
        FROM econ_leg leg JOIN econ_wallet w ON w.id = leg.wallet_id JOIN econ_transfer t ON t.id = leg.transfer_id
        JOIN econ_op op ON op.id = leg.op_id LEFT JOIN econ_lot lot ON lot.id = leg.account
        WHERE w.owner_id = :owner AND leg.version < :before AND (lot.source = :source OR t.credit_account = :burn)
        ORDER BY leg.version DESC LIMIT :limit
        """,
        owner=owner_id,
        before=before,
        source=source,
        burn=int(SystemAccount.BURN),
        limit=limit,
    )
    return [Leg(**row) for row in rows]
