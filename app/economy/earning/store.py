"""Every statement of this room: what was done and earned on which day, what is rewarded once, who brought whom."""

from __future__ import annotations

from app.economy.rules.model import ACTIVITIES
from app.infra.database import Connection


async def came_on(db: Connection, wallet_id: int, day: int) -> dict[str, int]:
    """What came to a wallet on a day, by code."""
    rows = await db.all(
        "SELECT code, came FROM econ_tally WHERE wallet_id = :wallet AND day = :day", wallet=wallet_id, day=day
    )
    return {row["code"]: row["came"] for row in rows}


async def came_since(db: Connection, wallet_id: int, code: str, day: int) -> int:
    """What came to a wallet under a code from a day on."""
    row = await db.one(
        """
        SELECT CAST(COALESCE(SUM(came), 0) AS BIGINT) AS came FROM econ_tally
        WHERE wallet_id = :wallet AND day >= :day AND code = :code
        """,
        wallet=wallet_id,
        code=code,
        day=day,
    )
    assert row is not None
    return int(row["came"])


async def earned_since(db: Connection, wallet_id: int, day: int) -> int:
    """What all rewards brought a wallet from a day on."""
    codes = {f"code{index}": code for index, code in enumerate(sorted(ACTIVITIES))}
    row = await db.one(
        f"""
        SELECT CAST(COALESCE(SUM(came), 0) AS BIGINT) AS came FROM econ_tally
        WHERE wallet_id = :wallet AND day >= :day AND code IN ({", ".join(f":{name}" for name in codes)})
        """,
        wallet=wallet_id,
        day=day,
        **codes,
    )
    assert row is not None
    return int(row["came"])


async def days_done(db: Connection, wallet_id: int, code: str | None, first: int, last: int) -> list[int]:
    """The days from `first` to `last` on which something was done: this, or anything."""
    rows = await db.all(
        """
        SELECT DISTINCT day FROM econ_tally WHERE wallet_id = :wallet AND day BETWEEN :first AND :last AND done > 0
          AND (code = :code OR :code = '') ORDER BY day
        """,
        wallet=wallet_id,
        code=code or "",
        first=first,
        last=last,
    )
    return [row["day"] for row in rows]


async def has_done(db: Connection, wallet_id: int, code: str) -> bool:
    """Whether a person ever did this and it counted."""
    row = await db.one(
        "SELECT 1 AS found FROM econ_tally WHERE wallet_id = :wallet AND code = :code AND done > 0 LIMIT 1",
        wallet=wallet_id,
        code=code,
    )
    return row is not None


async def settle_referral(db: Connection, account_id: int, now: int) -> int | None:
    """Note that an invited person is active; return who invited them, the first time."""
    row = await db.one(
        """
        INSERT INTO econ_referral (account_id, inviter_id, settled_at)
        SELECT id, invited_by, CAST(:now AS BIGINT) FROM account WHERE id = :account AND invited_by IS NOT NULL
        ON CONFLICT (account_id) DO NOTHING RETURNING inviter_id
        """,
        account=account_id,
        now=now,
    )
    return None if row is None else int(row["inviter_id"])


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
