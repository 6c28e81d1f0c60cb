"""The statements that sum days. Account 0 stands for all people together."""

from __future__ import annotations

from app.infra.database import Connection

SUMS = """
SELECT t.day, t.kind, t.code,
  CASE WHEN t.debit_account < 0 THEN t.debit_account ELSE 0 END AS debit_account,
  CASE WHEN t.credit_account < 0 THEN t.credit_account ELSE 0 END AS credit_account,
  COUNT(*) AS transfers, CAST(SUM(t.amount) AS BIGINT) AS amount, CAST(SUM(t.returned) AS BIGINT) AS returned
FROM econ_transfer t
"""
GROUPS = """
GROUP BY t.day, t.kind, t.code, CASE WHEN t.debit_account < 0 THEN t.debit_account ELSE 0 END,
  CASE WHEN t.credit_account < 0 THEN t.credit_account ELSE 0 END
"""


async def days_without_sums(db: Connection, before: int, limit: int) -> list[int]:
    """Days below `before` that have transfers and come after the last summed one, the oldest first."""
    rows = await db.all(
        """
        SELECT DISTINCT day FROM econ_transfer
        WHERE day < :before AND day > (SELECT COALESCE(MAX(day), 0) FROM econ_rollup_day)
        ORDER BY day LIMIT :limit
        """,
        before=before,
        limit=limit,
    )
    return [row["day"] for row in rows]


async def sum_day(db: Connection, day: int) -> None:
    """Replace the sums of a day by those of its transfers. Another node doing the same does no harm."""
    await db.execute("DELETE FROM econ_rollup_day WHERE day = :day", day=day)
    await db.execute(
        f"""
        INSERT INTO econ_rollup_day (day, kind, code, debit_account, credit_account, transfers, amount, returned)
        {SUMS} WHERE t.day = :day {GROUPS}
        ON CONFLICT (day, kind, code, debit_account, credit_account) DO NOTHING
        """,
        day=day,
    )
