"""Every statement of this room."""

from __future__ import annotations

from app.economy.goals.model import Counted
from app.economy.rules.model import ACTIVITIES
from app.infra.database import Connection

GIFT = "gift"


async def counted(db: Connection, wallet_id: int, first: int) -> Counted:
    """What a person did from a day on."""
    rows = await db.all(
        """
        SELECT code, CAST(SUM(done) AS BIGINT) AS done, CAST(SUM(came) AS BIGINT) AS came,
          CAST(SUM(went) AS BIGINT) AS went, CAST(SUM(came_ops) AS BIGINT) AS came_ops,
          CAST(SUM(went_ops) AS BIGINT) AS went_ops
        FROM econ_tally WHERE wallet_id = :wallet AND day >= :first GROUP BY code
        """,
        wallet=wallet_id,
        first=first,
    )
    days = await db.one(
        "SELECT COUNT(DISTINCT day) AS n FROM econ_tally WHERE wallet_id = :wallet AND day >= :first AND done > 0",
        wallet=wallet_id,
        first=first,
    )
    assert days is not None
    gift = next((row for row in rows if row["code"] == GIFT), None)
    return Counted(
        done={row["code"]: row["done"] for row in rows},
        gifts_sent=gift["went_ops"] if gift else 0,
        gifts_received=gift["came_ops"] if gift else 0,
        given=gift["went"] if gift else 0,
        earned=sum(row["came"] for row in rows if row["code"] in ACTIVITIES),
        active_days=days["n"],
    )


async def claims(db: Connection, wallet_id: int) -> dict[str, int]:
    """When goals were claimed, by what was claimed."""
    rows = await db.all(
        """
        SELECT c.subject, o.created_at FROM econ_claim c JOIN econ_op o ON o.id = c.op_id
        WHERE c.wallet_id = :wallet AND c.activity IN ('achievement', 'quest') AND c.day = 0
        """,
        wallet=wallet_id,
    )
    return {row["subject"]: row["created_at"] for row in rows}
