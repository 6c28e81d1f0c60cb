"""Every statement of the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from app.economy.ledger.accounts import Place
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
from app.infra.database import Columns, Connection, Row

APPLIED = 1
REFUSED = 2

_WALLET = """
id, owner_id, main_available, lot_available, held, earn_day, earn_day_used, earn_week_used, next_expiry_at, version,
tier, streak_days, streak_day, streak_best
"""
_WALLET_FIELDS = tuple(name.strip() for name in _WALLET.split(","))
_SAVED_WALLET: Columns = {
    "id": "bigint",
    "owner_id": "bigint",
    "main_available": "bigint",
    "lot_available": "bigint",
    "held": "bigint",
    "earn_day": "integer",
    "earn_day_used": "bigint",
    "earn_week_used": "bigint",
    "next_expiry_at": "bigint",
    "version": "bigint",
    "tier": "text",
    "streak_days": "integer",
    "streak_day": "integer",
    "streak_best": "integer",
    "seen": "bigint",
}
_POSTED: Columns = {
    "id": "bigint",
    "op_id": "bigint",
    "kind": "integer",
    "code": "text",
    "amount": "bigint",
    "returned": "bigint",
    "debit_account": "bigint",
    "debit_wallet": "bigint",
    "debit_version": "bigint",
    "debit_balance": "bigint",
    "credit_account": "bigint",
    "credit_wallet": "bigint",
    "credit_version": "bigint",
    "credit_balance": "bigint",
    "pending_id": "bigint",
    "reverses_id": "bigint",
    "expires_at": "bigint",
    "day": "integer",
    "created_at": "bigint",
}
_TALLY: Columns = {
    "wallet_id": "bigint",
    "day": "integer",
    "code": "text",
    "done": "integer",
    "came": "bigint",
    "went": "bigint",
    "came_ops": "integer",
    "went_ops": "integer",
}
_LOT = "id, wallet_id, lot_key, source, priority, expires_at, giftable, reserved_for, available, held"
_TRANSFER = """
t.id, t.op_id, t.kind, t.code, t.amount, t.returned, t.debit_account, t.debit_wallet, t.credit_account, t.day,
t.created_at, t.pending_id, t.reverses_id, t.expires_at, l.wallet_id AS credit_lot_wallet, w.id AS credit_main_wallet
"""


async def claim_ops(
    db: Connection, ops: Sequence[tuple[int, OpRequest]], now: int, *, result: Sequence[str | None] = ()
) -> set[int]:
    """Store ops as their first statement; the ids of those whose keys were free.

    Waits for whoever is storing the same key. `result` settles ops as applied at once, one for each op.
    """
    columns: Columns = {
        "id": "bigint",
        "scope": "text",
        "idem_key": "text",
        "request_hash": "text",
        "kind": "text",
        "actor_id": "bigint",
        "policy_version": "integer",
        "result": "text",
    }
    results = result or (None,) * len(ops)
    rows = await db.over(
        """
        INSERT INTO econ_op
          (id, scope, idem_key, request_hash, kind, actor_id, policy_version, result, status, created_at)
        SELECT id, scope, idem_key, request_hash, kind, actor_id, policy_version, result, 1, CAST(:now AS BIGINT)
        FROM given WHERE true ON CONFLICT (scope, idem_key) DO NOTHING RETURNING id
        """,
        columns,
        [
            (op_id, op.scope, op.key, op.digest(), op.kind, op.actor, op.policy_version, its)
            for (op_id, op), its in zip(ops, results, strict=True)
        ],
        now=now,
    )
    return {row["id"] for row in rows}


async def ops_by_key(db: Connection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Row]:
    """The ops there are of these scopes and keys."""
    rows = await db.over(
        """
        SELECT op.scope, op.idem_key, op.id, op.request_hash, op.status, op.result FROM given
        JOIN econ_op op ON op.scope = given.scope AND op.idem_key = given.idem_key
        """,
        {"scope": "text", "idem_key": "text"},
        keys,
    )
    return {(row["scope"], row["idem_key"]): row for row in rows}


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


async def settle_ops(db: Connection, outcomes: Sequence[tuple[int, int, str]]) -> None:
    """Give ops their outcome: id, status, result."""
    await db.over(
        """
        UPDATE econ_op SET status = given.status, result = given.result FROM given WHERE econ_op.id = given.id
        """,
        {"id": "bigint", "status": "integer", "result": "text"},
        outcomes,
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


async def create_wallets(db: Connection, wallets: Sequence[tuple[int, int]]) -> None:
    """Create wallets, each an id and its owner, for those owners who have none."""
    await db.over(
        """
        INSERT INTO econ_wallet (id, owner_id) SELECT id, owner_id FROM given WHERE true
        ON CONFLICT (owner_id) DO NOTHING
        """,
        {"id": "bigint", "owner_id": "bigint"},
        wallets,
    )


async def wallets_of(db: Connection, owners: Iterable[int]) -> dict[int, int]:
    """The wallets of these owners, as far as they have one."""
    rows = await db.over(
        "SELECT id, owner_id FROM econ_wallet WHERE owner_id IN (SELECT owner_id FROM given)",
        {"owner_id": "bigint"},
        [(owner,) for owner in owners],
    )
    return {row["owner_id"]: row["id"] for row in rows}


async def owner_of(db: Connection, wallet_id: int) -> int:
    """Whose wallet it is."""
    row = await db.one("SELECT owner_id FROM econ_wallet WHERE id = :id", id=wallet_id)
    assert row is not None, f"wallet {wallet_id} does not exist"
    return int(row["owner_id"])


async def lock_wallets(db: Connection, wallets: Iterable[int]) -> list[Wallet]:
    """Lock wallets that exist until the transaction ends, in ascending id, and read them as they are then."""
    rows = await db.over(
        f"SELECT {_WALLET} FROM econ_wallet WHERE id IN (SELECT id FROM given) ORDER BY id {db.for_update}",
        {"id": "bigint"},
        [(wallet_id,) for wallet_id in wallets],
    )
    return [Wallet(**row) for row in rows]


async def save_wallets(db: Connection, wallets: Sequence[tuple[Wallet, int]]) -> None:
    """Store locked wallets, each with the version it was read at."""
    rows = await db.over(
        """
        UPDATE econ_wallet SET main_available = given.main_available, lot_available = given.lot_available,
          held = given.held, earn_day = given.earn_day, earn_day_used = given.earn_day_used,
          earn_week_used = given.earn_week_used, next_expiry_at = given.next_expiry_at, version = given.version,
          tier = given.tier, streak_days = given.streak_days, streak_day = given.streak_day,
          streak_best = given.streak_best
        FROM given WHERE econ_wallet.id = given.id AND econ_wallet.version = given.seen RETURNING econ_wallet.id
        """,
        _SAVED_WALLET,
        [(*(getattr(wallet, name) for name in _WALLET_FIELDS), seen) for wallet, seen in wallets],
    )
    # Impossible under the lock; if it ever happened, going on would lose money.
    assert len(rows) == len(wallets), "a wallet moved under its lock"


async def spendable_lots(db: Connection, wallets: Iterable[int]) -> list[Lot]:
    """The lots of these wallets that hold money which is not held, in burn order."""
    rows = await db.over(
        f"""
        SELECT {_LOT} FROM econ_lot WHERE wallet_id IN (SELECT wallet_id FROM given) AND available > 0
        ORDER BY priority, expires_at, id
        """,
        {"wallet_id": "bigint"},
        [(wallet_id,) for wallet_id in wallets],
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


async def save_lots(db: Connection, lots: Iterable[Lot]) -> None:
    await db.over(
        "UPDATE econ_lot SET available = given.available, held = given.held FROM given WHERE econ_lot.id = given.id",
        {"id": "bigint", "available": "bigint", "held": "bigint"},
        [(lot.id, lot.available, lot.held) for lot in lots],
    )


async def insert_transfers(db: Connection, posted: Sequence[Posted]) -> None:
    names = ", ".join(_POSTED)
    await db.over(
        f"INSERT INTO econ_transfer ({names}) SELECT {names} FROM given", _POSTED, [_row(item) for item in posted]
    )


async def add_tallies(db: Connection, tallies: Sequence[Tally]) -> None:
    """Add to wallets' days. The wallets are locked, and what came was cut to fit `came_max`."""
    rows = await db.over(
        """
        INSERT INTO econ_tally (wallet_id, day, code, done, came, went, came_ops, went_ops)
        SELECT wallet_id, day, code, done, came, went, came_ops, went_ops FROM given WHERE true
        ON CONFLICT (wallet_id, day, code) DO UPDATE SET
          done = econ_tally.done + excluded.done, came = econ_tally.came + excluded.came,
          went = econ_tally.went + excluded.went, came_ops = econ_tally.came_ops + excluded.came_ops,
          went_ops = econ_tally.went_ops + excluded.went_ops
        RETURNING wallet_id, day, code, came
        """,
        _TALLY,
        [
            (its.wallet_id, its.day, its.code, its.done, its.came, its.went, its.came_ops, its.went_ops)
            for its in tallies
        ],
    )
    came = {(row["wallet_id"], row["day"], row["code"]): row["came"] for row in rows}
    for its in tallies:
        # Impossible under the lock; if it ever happened, going on would exceed the cap.
        assert its.came_max is None or came[its.wallet_id, its.day, its.code] <= its.came_max, f"the cap of {its.code}"


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


def _row(item: Posted) -> tuple[Any, ...]:
    """The values of `_POSTED`."""
    transfer, debit, credit = item.transfer, item.debit, item.credit
    return (
        transfer.id,
        transfer.op_id,
        int(transfer.kind),
        transfer.code,
        transfer.amount,
        transfer.returned,
        transfer.debit.account,
        transfer.debit.wallet_id,
        debit.version if debit else None,
        debit.balance if debit else None,
        transfer.credit.account,
        transfer.credit.wallet_id if credit else None,
        credit.version if credit else None,
        credit.balance if credit else None,
        transfer.pending_id,
        transfer.reverses_id,
        transfer.expires_at,
        transfer.day,
        transfer.created_at,
    )


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
