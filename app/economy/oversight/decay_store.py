"""The statement that finds dormant balances."""

from __future__ import annotations

from app.infra.database import Connection


async def dormant(db: Connection, *, scope: str, period: int, active_before: int, floor: int, limit: int) -> list[int]:
    """Owners of more than `floor` main money who did nothing from a day on and have not decayed in this period."""
    rows = await db.all(
        """
        SELECT w.owner_id FROM econ_wallet w
        WHERE w.main_available > :floor
          AND NOT EXISTS (SELECT 1 FROM econ_tally t WHERE t.wallet_id = w.id AND t.day >= :before AND t.done > 0)
          AND NOT EXISTS (
            SELECT 1 FROM econ_op o
            WHERE o.scope = :scope AND o.idem_key = CAST(w.owner_id AS VARCHAR(20)) || CAST(:suffix AS VARCHAR(20))
          )
        ORDER BY w.owner_id LIMIT :limit
        """,
        scope=scope,
        suffix=f":{period}",
        before=active_before,
        floor=floor,
        limit=limit,
    )
    return [row["owner_id"] for row in rows]
