"""Which days a board counts. Pure."""

from __future__ import annotations

from datetime import date

from app.economy.boards.model import Span


def first_day(span: Span, today: int) -> int | None:
    """The first day of the span that runs today: the day, the ISO week, the calendar quarter; None for all time."""
    that = date.fromordinal(today)
    if span == "day":
        return today
    if span == "week":
        return today - (today - 1) % 7
    if span == "season":
        return date(that.year, (that.month - 1) // 3 * 3 + 1, 1).toordinal()
    return None
