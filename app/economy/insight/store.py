"""Every statement of this room."""

from __future__ import annotations

from app.economy.ledger.sheet import UNDO
from app.infra.database import Connection, Row


async def tallies(db: Connection, owner_id: int, first: int, last: int) -> list[Row]:
    """What came and went on each day under each code; what was reversed is taken off on the day it was."""
    return await db.all(
        f"""
        SELECT t.day, t.code, t.came, t.went, t.came_ops, t.went_ops
        FROM econ_tally t JOIN econ_wallet w ON w.id = t.wallet_id
        WHERE w.owner_id = :owner AND t.day BETWEEN :first AND :last AND t.code NOT LIKE '{UNDO}%'
        UNION ALL
        SELECT t.day, SUBSTR(t.code, {len(UNDO) + 1}), -t.went, -t.came, 0, 0
        FROM econ_tally t JOIN econ_wallet w ON w.id = t.wallet_id
        WHERE w.owner_id = :owner AND t.day BETWEEN :first AND :last AND t.code LIKE '{UNDO}%'
        """,
        owner=owner_id,
        first=first,
        last=last,
    )
