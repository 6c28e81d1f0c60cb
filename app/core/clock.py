"""Time as data: a clock that can be replaced, and the calendar that names days and weeks."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Where every room gets the time from."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class Calendar:
    """Names days and weeks in one time zone, the platform's, whatever zone a person is in."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)

    def day(self, at_ms: int) -> int:
        """The day as a number that rises by one each midnight (proleptic Gregorian ordinal)."""
        return self._local(at_ms).toordinal()

    def week(self, at_ms: int) -> int:
        """The ISO week as `year * 100 + week`, which rises from week to week."""
        year, week, _ = self._local(at_ms).isocalendar()
        return year * 100 + week

    def next_day_ms(self, at_ms: int) -> int:
        """When the next day begins, in milliseconds; right across daylight-saving changes too."""
        return self._midnight(self._local(at_ms).date().toordinal() + 1)

    def next_week_ms(self, at_ms: int) -> int:
        """When the next ISO week (Monday) begins, in milliseconds."""
        local = self._local(at_ms)
        return self._midnight(local.toordinal() + 8 - local.isoweekday())

    def next_year_ms(self, at_ms: int) -> int:
        """When the next calendar year begins, in milliseconds."""
        return self._midnight(date(self._local(at_ms).year + 1, 1, 1).toordinal())

    def _local(self, at_ms: int) -> datetime:
        return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms)).astimezone(self._zone)

    def _midnight(self, ordinal: int) -> int:
        midnight = datetime.fromordinal(ordinal).replace(tzinfo=self._zone)
        return int(midnight.timestamp() * 1000)


def iso(at_ms: int) -> str:
    """Milliseconds as an ISO 8601 UTC string, as the wire carries time: `2026-11-20T21:00:00.123Z`."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
