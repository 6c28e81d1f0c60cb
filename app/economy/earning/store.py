"""Every query of the room beside the ledger's: the counters of caps, and the claims of what is rewarded once."""

from __future__ import annotations

from app.infra.database import Connection


async def cap_used(db: Connection, wallet_id: int, activity: str, day: int) -> int:
    """What an activity has earned a wallet on a day."""
    row = await db.one(
        "SELECT used FROM econ_cap WHERE wallet_id = :wallet AND activity = :activity AND day = :day",
        wallet=wallet_id,
        activity=activity,
        day=day,
    )
    return 0 if row is None else int(row["used"])


async def count_to_cap(db: Connection, wallet_id: int, activity: str, day: int, amount: int, limit: int) -> None:
    """Add to what an activity has earned on a day. The wallet is locked and the amount was cut to fit."""
    row = await db.one(
        """
        INSERT INTO econ_cap (wallet_id, activity, day, used) VALUES (:wallet, :activity, :day, :amount)
        ON CONFLICT (wallet_id, activity, day) DO UPDATE SET used = econ_cap.used + excluded.used
        WHERE econ_cap.used + excluded.used <= :limit RETURNING used
        """,
        wallet=wallet_id,
        activity=activity,
        day=day,
        amount=amount,
        limit=limit,
    )
    # Impossible under the lock; if it ever happened, going on would exceed the cap.
    assert row is not None, f"the cap of {activity} moved under the lock of wallet {wallet_id}"


async def claim(db: Connection, wallet_id: int, activity: str, day: int, subject: str, op_id: int) -> bool:
    """Note that a person was rewarded for this subject; False if that is noted already. Day 0 is ever."""
    row = await db.one(
        """
        INSERT INTO econ_claim (wallet_id, activity, day, subject, op_id)
        VALUES (:wallet, :activity, :day, :subject, :op)
        ON CONFLICT (wallet_id, activity, day, subject) DO NOTHING RETURNING op_id
        """,
        wallet=wallet_id,
        activity=activity,
        day=day,
        subject=subject,
        op=op_id,
    )
    return row is not None


async def drop_daily_claims(db: Connection, before: int) -> None:
    """Forget what was rewarded once on days below `before`; what is rewarded once ever stays."""
    await db.execute("DELETE FROM econ_claim WHERE day > 0 AND day < :before", before=before)
