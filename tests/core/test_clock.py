"""Days and weeks of one time zone, at their edges."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import Calendar, iso

HOUR = 3_600_000
DAY = 24 * HOUR
# Cairo, Beirut and Havana change at midnight: their days begin at 01:00 or have midnight twice.
ZONES = ["UTC", "Europe/Berlin", "Asia/Bangkok", "Africa/Cairo", "Asia/Beirut", "America/Havana", "Asia/Kolkata"]

moments = st.integers(min_value=1_577_836_800_000, max_value=2_208_988_800_000)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize("zone", ZONES)
@given(at_ms=moments)
def test_the_next_day_begins_where_the_day_number_rises(zone: str, at_ms: int) -> None:
    calendar = Calendar(zone)
    following = calendar.next_day_ms(at_ms)
    assert at_ms < following <= at_ms + 25 * HOUR
    assert calendar.day(following - 1) == calendar.day(at_ms)
    assert calendar.day(following) == calendar.day(at_ms) + 1


@pytest.mark.parametrize("zone", ZONES)
@given(at_ms=moments)
def test_the_next_week_begins_where_the_week_number_rises(zone: str, at_ms: int) -> None:
    calendar = Calendar(zone)
    following = calendar.next_week_ms(at_ms)
    assert at_ms < following <= at_ms + 7 * DAY + HOUR
    assert calendar.week(following - 1) == calendar.week(at_ms)
    assert calendar.week(following) > calendar.week(at_ms)


@given(moments, moments)
def test_days_and_weeks_never_fall(one: int, other: int) -> None:
    calendar = Calendar("Europe/Berlin")
    early, late = sorted((one, other))
    assert calendar.day(early) <= calendar.day(late)
    assert calendar.week(early) <= calendar.week(late)


def test_midnight_in_bangkok_is_17_hours_utc() -> None:
    calendar = Calendar("Asia/Bangkok")
    midnight = at("2026-11-20T17:00:00+00:00")
    assert calendar.next_day_ms(midnight - 1) == midnight
    assert calendar.next_day_ms(midnight) == midnight + DAY
    assert calendar.day(midnight - 1) == date(2026, 11, 20).toordinal()
    assert calendar.day(midnight) == date(2026, 11, 21).toordinal()


@pytest.mark.parametrize(("start", "hours"), [("2026-03-29T00:00+01:00", 23), ("2026-10-25T00:00+02:00", 25)])
def test_days_of_daylight_saving_changes_are_as_long_as_they_are(start: str, hours: int) -> None:
    calendar = Calendar("Europe/Berlin")
    assert calendar.next_day_ms(at(start)) == at(start) + hours * HOUR
    assert calendar.next_day_ms(at(start) + hours * HOUR - 1) == at(start) + hours * HOUR


@pytest.mark.parametrize(
    ("moment", "week"),
    [
        ("2026-12-31T12:00", 2026_53),
        ("2027-01-01T12:00", 2026_53),
        ("2027-01-03T23:59", 2026_53),
        ("2027-01-04T00:00", 2027_01),
        ("2024-12-30T00:00", 2025_01),
    ],
)
def test_weeks_belong_to_the_year_of_their_thursday(moment: str, week: int) -> None:
    assert Calendar("UTC").week(at(moment + "+00:00")) == week


def test_iso_keeps_milliseconds_and_says_utc() -> None:
    assert iso(at("2026-11-20T21:00:00.123+00:00")) == "2026-11-20T21:00:00.123Z"
    assert iso(at("2026-11-20T21:00:00+00:00")) == "2026-11-20T21:00:00.000Z"


@given(moments)
def test_iso_reads_back(at_ms: int) -> None:
    elapsed = datetime.fromisoformat(iso(at_ms)) - datetime(1970, 1, 1, tzinfo=UTC)
    assert round(elapsed.total_seconds() * 1000) == at_ms
