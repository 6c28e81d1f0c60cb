"""Every statement of the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from app.economy.ledger.accounts import NEVER, Place
from app.economy.ledger.model import (
    Leg,
    Lot,
    LotTerms,
    OpRequest,
    StoredOp,
    Tally,
    Transfer,
    TransferKind,
    Wallet,
)
from app.economy.ledger.sheet import Posted
from app.infra.database import Connection, Row

APPLIED = 1
REFUSED = 2

_WALLET = """
id, owner_id, main_available, lot_available, held, earn_day, earn_day_used, earn_week_used, next_expiry_at, version,
tier, streak_days, streak_day, streak_best
"""
_LOT = "id, wallet_id, lot_key, source, priority, expires_at, giftable, reserved_for, available, held"
_TRANSFER = """
t.id, t.op_id, t.kind, t.code, t.amount, t.returned, t.debit_account, t.debit_wallet, t.credit_account, t.day,
t.created_at, t.pending_id, t.reverses_id, t.expires_at, l.wallet_id AS credit_lot_wallet, w.id AS credit_main_wallet
"""


async def claim_op(db: Connection, op_id: int, op: OpRequest, now: int) -> bool:
    """Store the op as its first statement; False if its key is taken. Waits for whoever is storing the same."""
    row = await db.one(
        """
        INSERT INTO econ_op (id, scope, idem_key, request_hash, kind, actor_id, policy_version, status, created_at)
        VALUES (:id, :scope, :key, :hash, :kind, :actor, :policy_version, 1, :now)
        ON CONFLICT (scope, idem_key) DO NOTHING RETURNING id
        """,
        id=op_id,
        scope=op.scope,
        key=op.key,
        hash=op.digest(),
        kind=op.kind,
        actor=op.actor,
        policy_version=op.policy_version,
        now=now,
    )
    return row is not None


async def op_by_key(db: Connection, scope: str, key: str) -> Row | None:
    return await db.one(
        "SELECT id, request_hash, status, result FROM econ_op WHERE scope = :scope AND idem_key = :key",
        scope=scope,
        key=key,
    )


async def op(db: Connection, op_id: int) -> StoredOp | None:
    row = await db.one(
        """
        SELECT id, kind, actor_id, policy_version, status, result, created_at FROM econ_op
        WHERE id = :id AND result IS NOT NULL
        """,
        id=op_id,
    )
    if row is None:
        return None
    return StoredOp(
        id=row["id"],
        kind=row["kind"],
        actor_id=row["actor_id"],
        policy_version=row["policy_version"],
        applied=row["status"] == APPLIED,
        result=json.loads(row["result"]),
        created_at=row["created_at"],
    )


async def settle_op(db: Connection, op_id: int, status: int, result: str) -> None:
    await db.execute(
        "UPDATE econ_op SET status = :status, result = :result WHERE id = :id",
        id=op_id,
        status=status,
        result=result,
    )


async def wallet(db: Connection, owner_id: int) -> Wallet | None:
    """The wallet as it stands, unlocked: for reading."""
    row = await db.one(f"SELECT {_WALLET} FROM econ_wallet WHERE owner_id = :owner", owner=owner_id)
    return None if row is None else Wallet(**row)


async def spendable_by_source(db: Connection, owner_id: int, now: int) -> dict[str, int]:
    """What an owner can spend by where it came from: main money, and lots that have not expired.

    One statement, so that it is one moment: money on its way between main and a lot is neither missed nor seen twice.
    """
    rows = await db.all(
        """
        SELECT 'main' AS source, main_available AS available FROM econ_wallet WHERE owner_id = :owner
        UNION ALL
        SELECT l.source, CAST(SUM(l.available) AS BIGINT) FROM econ_lot l JOIN econ_wallet w ON w.id = l.wallet_id
        WHERE w.owner_id = :owner AND l.available > 0 AND l.expires_at > :now GROUP BY l.source
        """,
        owner=owner_id,
        now=now,
    )
    return {row["source"]: row["available"] for row in rows} or {"main": 0}


async def create_wallet(db: Connection, wallet_id: int, owner_id: int) -> None:
    """Create the wallet of an owner who has none."""
    await db.execute(
        "INSERT INTO econ_wallet (id, owner_id) VALUES (:id, :owner) ON CONFLICT (owner_id) DO NOTHING",
        id=wallet_id,
        owner=owner_id,
    )


async def wallet_id(db: Connection, owner_id: int) -> int | None:
    row = await db.one("SELECT id FROM econ_wallet WHERE owner_id = :owner", owner=owner_id)
    return None if row is None else int(row["id"])


async def owner_of(db: Connection, wallet_id: int) -> int:
    """Whose wallet it is."""
    row = await db.one("SELECT owner_id FROM econ_wallet WHERE id = :id", id=wallet_id)
    assert row is not None, f"wallet {wallet_id} does not exist"
    return int(row["owner_id"])


async def lock_wallet(db: Connection, wallet_id: int) -> Wallet:
    """Lock a wallet that exists until the transaction ends, and read it as it is then."""
    row = await db.one(f"UPDATE econ_wallet SET version = version WHERE id = :id RETURNING {_WALLET}", id=wallet_id)
    assert row is not None, f"wallet {wallet_id} does not exist"
    return Wallet(**row)


async def save_wallet(db: Connection, wallet: Wallet, seen_version: int) -> None:
    row = await db.one(
        """
        UPDATE econ_wallet SET main_available = :main_available, lot_available = :lot_available, held = :held,
          earn_day = :earn_day, earn_day_used = :earn_day_used, earn_week_used = :earn_week_used,
          next_expiry_at = :next_expiry_at, version = :version, tier = :tier, streak_days = :streak_days,
          streak_day = :streak_day, streak_best = :streak_best
        WHERE id = :id AND version = :seen_version RETURNING id
        """,
        **asdict(wallet),
        seen_version=seen_version,
    )
    # Impossible under the lock; if it ever happened, going on would lose money.
    assert row is not None, f"wallet {wallet.id} moved under its lock"


async def spendable_lots(db: Connection, wallet_id: int) -> list[Lot]:
    """The lots that hold money which is not held, in burn order."""
    rows = await db.all(
        f"""
        SELECT {_LOT} FROM econ_lot WHERE wallet_id = :wallet AND available > 0
        ORDER BY priority, expires_at, id
        """,
        wallet=wallet_id,
    )
    return [Lot(**row) for row in rows]


async def lot(db: Connection, lot_id: int) -> Lot:
    row = await db.one(f"SELECT {_LOT} FROM econ_lot WHERE id = :id", id=lot_id)
    assert row is not None, f"lot {lot_id} does not exist"
    return Lot(**row)


async def open_lot(db: Connection, lot_id: int, wallet_id: int, terms: LotTerms, now: int) -> Lot:
    """The lot of this key, created if there is none."""
    await db.execute(
        """
        INSERT INTO econ_lot
          (id, wallet_id, lot_key, source, priority, expires_at, giftable, reserved_for, created_at)
        VALUES (:id, :wallet, :key, :source, :priority, :expires_at, :giftable, :reserved_for, :now)
        ON CONFLICT (wallet_id, lot_key) DO NOTHING
        """,
        id=lot_id,
        wallet=wallet_id,
        key=terms.key,
        source=terms.source,
        priority=terms.priority,
        expires_at=terms.expires_at,
        giftable=int(terms.giftable),
        reserved_for=terms.reserved_for or "",
        now=now,
    )
    row = await db.one(
        f"SELECT {_LOT} FROM econ_lot WHERE wallet_id = :wallet AND lot_key = :key", wallet=wallet_id, key=terms.key
    )
    assert row is not None
    return Lot(**row)


async def save_lot(db: Connection, lot: Lot) -> None:
    await db.execute(
        "UPDATE econ_lot SET available = :available, held = :held WHERE id = :id",
        id=lot.id,
        available=lot.available,
        held=lot.held,
    )


async def insert_transfers(db: Connection, posted: Sequence[Posted]) -> None:
    await db.many(
        """
        INSERT INTO econ_transfer (id, op_id, kind, code, amount, returned, debit_account, debit_wallet,
          debit_version, debit_balance, credit_account, credit_wallet, credit_version, credit_balance,
          pending_id, reverses_id, expires_at, day, created_at)
        VALUES (:id, :op_id, :kind, :code, :amount, :returned, :debit_account, :debit_wallet,
          :debit_version, :debit_balance, :credit_account, :credit_wallet, :credit_version, :credit_balance,
          :pending_id, :reverses_id, :expires_at, :day, :created_at)
        """,
        [_row(item) for item in posted],
    )


async def add_tally(db: Connection, tally: Tally) -> None:
    """Add to a wallet's day. The wallet is locked, and what came was cut to fit `came_max`."""
    row = await db.one(
        """
        INSERT INTO econ_tally (wallet_id, day, code, done, came, went, came_ops, went_ops)
        VALUES (:wallet_id, :day, :code, :done, :came, :went, :came_ops, :went_ops)
        ON CONFLICT (wallet_id, day, code) DO UPDATE SET
          done = econ_tally.done + excluded.done, came = econ_tally.came + excluded.came,
          went = econ_tally.went + excluded.went, came_ops = econ_tally.came_ops + excluded.came_ops,
          went_ops = econ_tally.went_ops + excluded.went_ops
        WHERE econ_tally.came + excluded.came <= :came_max RETURNING came
        """,
        **{**asdict(tally), "came_max": NEVER if tally.came_max is None else tally.came_max},
        came_ops=int(tally.came > 0),
        went_ops=int(tally.went > 0),
    )
    # Impossible under the lock; if it ever happened, going on would exceed the cap.
    assert row is not None, f"the cap of {tally.code} moved under the lock of wallet {tally.wallet_id}"


async def transfers_of(db: Connection, op_id: int) -> list[Transfer]:
    """The transfers of an op, in the order they were recorded."""
    rows = await db.all(
        f"""
        SELECT {_TRANSFER} FROM econ_transfer t
        LEFT JOIN econ_lot l ON l.id = t.credit_account LEFT JOIN econ_wallet w ON w.id = t.credit_account
        WHERE t.op_id = :op ORDER BY t.id
        """,
        op=op_id,
    )
    return [_transfer(row) for row in rows]


async def resolution_of(db: Connection, pending_id: int) -> int | None:
    """The id of the transfer that resolved a pending one."""
    row = await db.one("SELECT id FROM econ_transfer WHERE pending_id = :pending", pending=pending_id)
    return None if row is None else int(row["id"])


async def reversed_so_far(db: Connection, transfer_id: int) -> int:
    """How much of a transfer has been reversed."""
    row = await db.one(
        "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS total FROM econ_transfer WHERE reverses_id = :id",
        id=transfer_id,
    )
    assert row is not None
    return int(row["total"])


async def legs(db: Connection, wallet_id: int, before: int, limit: int) -> list[Leg]:
    """What happened to a wallet at the `limit` versions below `before`, newest first.

    Versions have no gaps, so a page is a range of them, however long the history is.
    """
    rows = await db.all(
        """
        SELECT leg.transfer_id, leg.op_id, op.kind AS op_kind, leg.code, leg.created_at, leg.version, leg.change,
          leg.balance_after, COALESCE(lot.source, 'main') AS source
        FROM econ_leg leg JOIN econ_op op ON op.id = leg.op_id LEFT JOIN econ_lot lot ON lot.id = leg.account
        WHERE leg.wallet_id = :wallet AND leg.version < :before AND leg.version >= :oldest
        ORDER BY leg.version DESC
        """,
        wallet=wallet_id,
        before=before,
        oldest=before - limit,
    )
    return [Leg(**row) for row in rows]


async def overdue_holds(db: Connection, since: int, now: int, limit: int) -> list[int]:
    """Holds that ran out after `since` and are unresolved at `now`, as the ids of the ops that made them."""
    rows = await db.all(
        """
        SELECT DISTINCT p.op_id FROM econ_transfer p
        WHERE p.kind = 1 AND p.expires_at > :since AND p.expires_at <= :now
          AND NOT EXISTS (SELECT 1 FROM econ_transfer r WHERE r.pending_id = p.id)
        ORDER BY p.op_id LIMIT :limit
        """,
        since=since,
        now=now,
        limit=limit,
    )
    return [row["op_id"] for row in rows]


async def overdue_owners(db: Connection, now: int, limit: int) -> list[int]:
    """Owners of lots whose money has expired and has not been taken out yet."""
    rows = await db.all(
        """
        SELECT DISTINCT w.owner_id FROM econ_lot l JOIN econ_wallet w ON w.id = l.wallet_id
        WHERE l.available > 0 AND l.expires_at <= :now ORDER BY w.owner_id LIMIT :limit
        """,
        now=now,
        limit=limit,
    )
    return [row["owner_id"] for row in rows]


def _row(item: Posted) -> dict[str, Any]:
    transfer = item.transfer
    credit_wallet = transfer.credit.wallet_id if item.credit else None
    return {
        "id": transfer.id,
        "op_id": transfer.op_id,
        "kind": int(transfer.kind),
        "code": transfer.code,
        "amount": transfer.amount,
        "returned": transfer.returned,
        "debit_account": transfer.debit.account,
        "debit_wallet": transfer.debit.wallet_id,
        "debit_version": item.debit.version if item.debit else None,
        "debit_balance": item.debit.balance if item.debit else None,
        "credit_account": transfer.credit.account,
        "credit_wallet": credit_wallet,
        "credit_version": item.credit.version if item.credit else None,
        "credit_balance": item.credit.balance if item.credit else None,
        "pending_id": transfer.pending_id,
        "reverses_id": transfer.reverses_id,
        "expires_at": transfer.expires_at,
        "day": transfer.day,
        "created_at": transfer.created_at,
    }


def _transfer(row: Row) -> Transfer:
    # A pending transfer touches no wallet on its credit side yet, but a capture of it will.
    credit_wallet = row["credit_lot_wallet"] or row["credit_main_wallet"]
    return Transfer(
        id=row["id"],
        op_id=row["op_id"],
        kind=TransferKind(row["kind"]),
        code=row["code"],
        amount=row["amount"],
        debit=Place(row["debit_account"], row["debit_wallet"]),
        credit=Place(row["credit_account"], credit_wallet),
        day=row["day"],
        created_at=row["created_at"],
        returned=row["returned"],
        pending_id=row["pending_id"],
        reverses_id=row["reverses_id"],
        expires_at=row["expires_at"],
    )


def wallet_ids(transfers: Iterable[Transfer]) -> set[int]:
    """Every wallet the transfers touch or may touch."""
    places = [place for transfer in transfers for place in (transfer.debit, transfer.credit)]
    return {place.wallet_id for place in places if place.wallet_id is not None}
