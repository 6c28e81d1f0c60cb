"""Every statement of this room: what was done and earned on which day, what is rewarded once, who brought whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.economy.rules.model import ACTIVITIES
from app.infra.database import Columns, Connection

Claim = tuple[int, str, int, str]
"""What is rewarded once: wallet, activity, day (0 is ever), subject."""

_CLAIM: Columns = {"wallet_id": "bigint", "activity": "text", "day": "integer", "subject": "text"}


async def came_on(db: Connection, days: Sequence[tuple[int, int]]) -> dict[tuple[int, str], int]:
    """What came to wallets, each on its day, by wallet and code."""
    rows = await db.over(
        """
        SELECT tally.wallet_id, tally.code, tally.came FROM given
        JOIN econ_tally tally ON tally.wallet_id = given.wallet_id AND tally.day = given.day
        """,
        {"wallet_id": "bigint", "day": "integer"},
        days,
    )
    return {(row["wallet_id"], row["code"]): row["came"] for row in rows}


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


async def earned_since(db: Connection, wallets: Sequence[int], day: int) -> dict[int, int]:
    """What all rewards brought these wallets from a day on."""
    codes = {f"code{index}": code for index, code in enumerate(sorted(ACTIVITIES))}
    rows = await db.over(
        f"""
        SELECT wallet_id, CAST(SUM(came) AS BIGINT) AS came FROM econ_tally
        WHERE wallet_id IN (SELECT wallet_id FROM given) AND day >= :day
          AND code IN ({", ".join(f":{name}" for name in codes)}) GROUP BY wallet_id
        """,
        {"wallet_id": "bigint"},
        [(wallet_id,) for wallet_id in wallets],
        day=day,
        **codes,
    )
    return {row["wallet_id"]: row["came"] for row in rows}


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


async def claimed(db: Connection, claims: Sequence[Claim]) -> set[Claim]:
    """Those of these that have been noted already."""
    rows = await db.over(
        """
        SELECT claim.wallet_id, claim.activity, claim.day, claim.subject FROM given
        JOIN econ_claim claim ON claim.wallet_id = given.wallet_id AND claim.activity = given.activity
          AND claim.day = given.day AND claim.subject = given.subject
        """,
        _CLAIM,
        claims,
    )
    return {(row["wallet_id"], row["activity"], row["day"], row["subject"]) for row in rows}


async def add_claims(db: Connection, claims: Mapping[Claim, int]) -> None:
    """Note what has been rewarded, each by an op. The wallets are locked and were found without it."""
    await db.over(
        """
        INSERT INTO econ_claim (wallet_id, activity, day, subject, op_id)
        SELECT wallet_id, activity, day, subject, op_id FROM given
        """,
        {**_CLAIM, "op_id": "bigint"},
        [(*claim, op_id) for claim, op_id in claims.items()],
    )


async def drop_daily_claims(db: Connection, before: int) -> None:
    """Forget what was rewarded once on days below `before`; what is rewarded once ever stays."""
    await db.execute("DELETE FROM econ_claim WHERE day > 0 AND day < :before", before=before)
