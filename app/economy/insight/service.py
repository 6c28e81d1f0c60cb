"""Use cases of the room."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from app.core.clock import Calendar, Clock, iso
from app.core.money import format_amount
from app.economy.earning.service import STATEMENT_MAX, Economy
from app.economy.insight import store
from app.economy.insight.model import Share, Stats
from app.economy.rules.model import ACTIVITIES
from app.infra.database import Connection

LINES_MAX = 10_000
"""The most lines a history file holds; the newest ones."""

COLUMNS = ("at", "kind", "reason", "amount", "balance_after", "source", "op_id")
RECEIVED = frozenset({"gift", "award"})
"""What comes in beside rewards and is worth counting as income; what was held and came back is not."""


class Insight:
    """Figures from the tallies of days: no request scans the history."""

    def __init__(self, economy: Economy, calendar: Calendar, clock: Clock) -> None:
        self._economy = economy
        self._calendar = calendar
        self._clock = clock

    async def earning(self, db: Connection, account_id: int, days: int) -> Stats:
        """What came in over the last `days`, today included: rewards, gifts and awards."""
        first, last = self._span(days)
        rows = await store.tallies(db, account_id, first, last)
        income = [(row["day"], row["code"], row["came"], row["came_ops"]) for row in rows]
        return _stats(first, last, [its for its in income if its[1] in ACTIVITIES | RECEIVED])

    async def spending(self, db: Connection, account_id: int, days: int) -> Stats:
        """What went out over the last `days`, today included, by what it was for; what ran out unspent too."""
        first, last = self._span(days)
        rows = await store.tallies(db, account_id, first, last)
        return _stats(first, last, [(row["day"], row["code"], row["went"], row["went_ops"]) for row in rows])

    async def history_file(self, db: Connection, account_id: int) -> str:
        """The statement as CSV, newest first, at most `LINES_MAX` lines under a line of column names."""
        out = io.StringIO()
        lines = csv.writer(out)
        lines.writerow(COLUMNS)
        before, written = None, 0
        while written < LINES_MAX:
            page = await self._economy.statement(db, account_id, before=before, limit=STATEMENT_MAX)
            for its in page.entries:
                amount, balance = format_amount(its.amount), format_amount(its.balance_after)
                lines.writerow((iso(its.at), its.kind, its.reason, amount, balance, its.source, its.op_id))
            written += len(page.entries)
            if page.next is None:
                break
            before = page.next
        return out.getvalue()

    def _span(self, days: int) -> tuple[int, int]:
        today = self._calendar.day(self._clock.now_ms())
        return today - days + 1, today


def _stats(first: int, last: int, moved: Iterable[tuple[int, str, int, int]]) -> Stats:
    by_day = dict.fromkeys(range(first, last + 1), 0)
    by_code: dict[str, tuple[int, int]] = {}
    for day, code, amount, times in moved:
        if amount == 0:
            continue
        by_day[day] += amount
        so_far = by_code.get(code, (0, 0))
        by_code[code] = (so_far[0] + amount, so_far[1] + times)
    total = sum(by_day.values())
    shares = [Share(code, amount, times) for code, (amount, times) in by_code.items()]
    shares.sort(key=lambda share: (-share.amount, share.code))
    return Stats(first, last, total, shares, list(by_day.items()), total // len(by_day))
