"""Every statement of this room."""

from __future__ import annotations

from app.economy.ledger.sheet import UNDO
from app.infra.database import Connection, Row


async def tallies(db: Connection, owner_id: int, first: int, last: int) -> list[Row]:
    """What came and went on each day under each code: `net` sums with what was reversed on that day taken off."""
    return await db.all(
        f"""
        SELECT t.day, t.code, t.came - COALESCE(u.went, 0) AS came, t.went - COALESCE(u.came, 0) AS went,
          t.came_ops, t.went_ops
        FROM econ_tally t JOIN econ_wallet w ON w.id = t.wallet_id
        LEFT JOIN econ_tally u ON u.wallet_id = t.wallet_id AND u.day = t.day AND u.code = '{UNDO}' || t.code
        WHERE w.owner_id = :owner AND t.day BETWEEN :first AND :last AND t.code NOT LIKE '{UNDO}%'
        ORDER BY t.day
        """,
        owner=owner_id,
        first=first,
        last=last,
    )
