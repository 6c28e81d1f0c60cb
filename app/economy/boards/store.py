"""Every statement of this room."""

from __future__ import annotations

from collections.abc import Sequence

from app.economy.boards.model import Measure, Place
from app.economy.earning.standing import ALLOWANCE_SOURCE
from app.economy.rules.model import ACTIVITIES
from app.infra.database import Connection

_CODES = ", ".join(f"'{code}'" for code in sorted(ACTIVITIES))
_AMOUNTS: dict[Measure, str] = {
    "earned": f"""
        SELECT wallet_id, CAST(SUM(came) AS BIGINT) AS amount FROM econ_tally
        WHERE day >= :first AND code IN ({_CODES}) GROUP BY wallet_id
    """,
    "gifted": """
        SELECT wallet_id, CAST(SUM(went) AS BIGINT) AS amount FROM econ_tally
        WHERE day >= :first AND code = 'gift' GROUP BY wallet_id
    """,
    # `first` means nothing to what people have now, but both engines want every parameter used.
    "balance": f"""
        SELECT w.id AS wallet_id, w.main_available + w.lot_available - CAST(COALESCE((
          SELECT SUM(l.available) FROM econ_lot l
          WHERE l.wallet_id = w.id AND l.available > 0 AND (l.source = '{ALLOWANCE_SOURCE}' OR l.expires_at <= :now)
        ), 0) AS BIGINT) AS amount
        FROM econ_wallet w WHERE CAST(:first AS BIGINT) IS NOT NULL
    """,
}
_SHOWN = "a.amount > 0 AND NOT EXISTS (SELECT 1 FROM econ_choice c WHERE c.account_id = w.owner_id AND c.on_boards = 0)"


def _params(measure: Measure, first: int, now: int) -> dict[str, int]:
    return {"first": first, "now": now} if measure == "balance" else {"first": first}


async def top(db: Connection, measure: Measure, first: int, now: int, limit: int) -> list[Place]:
    """The people with most from a day on, of those who are shown; equal amounts share a rank."""
    rows = await db.all(
        f"""
        SELECT RANK() OVER (ORDER BY a.amount DESC) AS rank, w.owner_id AS account_id, p.username, w.tier, a.amount
        FROM ({_AMOUNTS[measure]}) AS a JOIN econ_wallet w ON w.id = a.wallet_id JOIN account p ON p.id = w.owner_id
        WHERE {_SHOWN} ORDER BY a.amount DESC, w.owner_id LIMIT :limit
        """,
        **_params(measure, first, now),
        limit=limit,
    )
    return [Place(**row) for row in rows]


async def amount_of(db: Connection, measure: Measure, first: int, now: int, account_id: int) -> int:
    """What one person has on a board."""
    row = await db.one(
        f"""
        SELECT a.amount FROM ({_AMOUNTS[measure]}) AS a JOIN econ_wallet w ON w.id = a.wallet_id
        WHERE w.owner_id = :owner
        """,
        **_params(measure, first, now),
        owner=account_id,
    )
    return 0 if row is None else int(row["amount"])


async def people_above(db: Connection, measure: Measure, first: int, now: int, amount: int) -> int:
    """How many people who are shown have more than an amount."""
    row = await db.one(
        f"""
        SELECT COUNT(*) AS n FROM ({_AMOUNTS[measure]}) AS a JOIN econ_wallet w ON w.id = a.wallet_id
        WHERE {_SHOWN} AND a.amount > :amount
        """,
        **_params(measure, first, now),
        amount=amount,
    )
    assert row is not None
    return int(row["n"])


async def is_shown(db: Connection, account_id: int) -> bool:
    """Whether a person lets themselves be shown; everybody does until they say otherwise."""
    row = await db.one("SELECT on_boards FROM econ_choice WHERE account_id = :account", account=account_id)
    return row is None or bool(row["on_boards"])


async def hidden(db: Connection, account_ids: Sequence[int]) -> set[int]:
    """Which of these people do not let themselves be shown."""
    if not account_ids:
        return set()
    asked = {f"account{index}": account_id for index, account_id in enumerate(account_ids)}
    rows = await db.all(
        f"""
        SELECT account_id FROM econ_choice
        WHERE on_boards = 0 AND account_id IN ({", ".join(f":{name}" for name in asked)})
        """,
        **asked,
    )
    return {row["account_id"] for row in rows}


async def choose(db: Connection, account_id: int, shown: bool) -> None:
    await db.execute(
        """
        INSERT INTO econ_choice (account_id, on_boards) VALUES (:account, :shown)
        ON CONFLICT (account_id) DO UPDATE SET on_boards = excluded.on_boards
        """,
        account=account_id,
        shown=int(shown),
    )
