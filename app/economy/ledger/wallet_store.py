"""Every statement of the ledger on what people hold: wallets, lots, and the tallies of their days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from app.economy.ledger.model import Lot, LotTerms, Tally, Wallet
from app.infra.database import Columns, Connection, Over

_WALLET = """
id, owner_id, main_available, lot_available, held, earn_day, earn_day_used, earn_week_used, next_expiry_at, version,
tier, streak_days, streak_day, streak_best
"""
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
_TALLY: Columns = {
    "wallet_id": "bigint",
    "day": "integer",
    "code": "text",
    "done": "integer",
    "came": "bigint",
    "went": "bigint",
    "came_ops": "integer",
    "went_ops": "integer",
    "came_max": "bigint",
}
_LOT = "id, wallet_id, lot_key, source, priority, expires_at, giftable, reserved_for, available, held"


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


async def lock_wallets(db: Connection, by: Literal["id", "owner_id"], those: Iterable[int]) -> list[Wallet]:
    """Lock those wallets there are until the transaction ends, in ascending id, and read them as they are then."""
    rows = await db.over(
        f"SELECT {_WALLET} FROM econ_wallet WHERE {by} IN (SELECT that FROM given) ORDER BY id {db.for_update}",
        {"that": "bigint"},
        [(that,) for that in those],
    )
    return [Wallet(**row) for row in rows]


def wallets_saved(wallets: Sequence[tuple[Wallet, int]]) -> Over:
    """Stores locked wallets, each with the version it was read at; returns a row for each that was as it was read."""
    return Over(
        """
        UPDATE econ_wallet SET main_available = given.main_available, lot_available = given.lot_available,
          held = given.held, earn_day = given.earn_day, earn_day_used = given.earn_day_used,
          earn_week_used = given.earn_week_used, next_expiry_at = given.next_expiry_at, version = given.version,
          tier = given.tier, streak_days = given.streak_days, streak_day = given.streak_day,
          streak_best = given.streak_best
        FROM given WHERE econ_wallet.id = given.id AND econ_wallet.version = given.seen RETURNING 1 AS saved
        """,
        _SAVED_WALLET,
        [(*wallet, seen) for wallet, seen in wallets],
    )


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


def lots_saved(lots: Iterable[Lot]) -> Over:
    """Stores lots of locked wallets."""
    return Over(
        """
        UPDATE econ_lot SET available = given.available, held = given.held FROM given WHERE econ_lot.id = given.id
        RETURNING 1 AS saved
        """,
        {"id": "bigint", "available": "bigint", "held": "bigint"},
        [(lot.id, lot.available, lot.held) for lot in lots],
    )


def tallies_added(tallies: Sequence[Tally]) -> Over:
    """Adds to the days of locked wallets. What would come above `came_max` is an `IntegrityViolation`."""
    return Over(
        """
        INSERT INTO econ_tally (wallet_id, day, code, done, came, went, came_ops, went_ops, came_max)
        SELECT wallet_id, day, code, done, came, went, came_ops, went_ops, came_max FROM given WHERE true
        ON CONFLICT (wallet_id, day, code) DO UPDATE SET
          done = econ_tally.done + excluded.done, came = econ_tally.came + excluded.came,
          went = econ_tally.went + excluded.went, came_ops = econ_tally.came_ops + excluded.came_ops,
          went_ops = econ_tally.went_ops + excluded.went_ops,
          came_max = COALESCE(excluded.came_max, econ_tally.came_max)
        RETURNING 1 AS added
        """,
        _TALLY,
        tallies,
    )


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
