"""Wire shapes of this room."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from app.economy.insight import model
from app.infra.wire import Amount, Schema


class StatsQuery(Schema):
    """How many days to look back on, today included."""

    days: Annotated[int, Field(ge=1, le=365)] = 30


class Point(Schema):
    day: date
    amount: Amount


class ActivityShare(Schema):
    activity: str
    amount: Amount
    times: int


class CategoryShare(Schema):
    category: str
    amount: Amount
    times: int


class EarningStats(Schema):
    """What came in: in all, by activity (most first), and on every day from `since` to `until`."""

    since: date
    until: date
    total: Amount
    average_day: Amount
    by_activity: list[ActivityShare]
    series: list[Point]

    @classmethod
    def of(cls, stats: model.Stats) -> EarningStats:
        shares = [ActivityShare(activity=its.code, amount=its.amount, times=its.times) for its in stats.shares]
        return cls(
            since=date.fromordinal(stats.first),
            until=date.fromordinal(stats.last),
            total=stats.total,
            average_day=stats.average_day,
            by_activity=shares,
            series=_points(stats),
        )


class SpendingStats(Schema):
    """What went out: in all, by category (most first), and on every day from `since` to `until`."""

    since: date
    until: date
    total: Amount
    average_day: Amount
    by_category: list[CategoryShare]
    series: list[Point]

    @classmethod
    def of(cls, stats: model.Stats) -> SpendingStats:
        shares = [CategoryShare(category=its.code, amount=its.amount, times=its.times) for its in stats.shares]
        return cls(
            since=date.fromordinal(stats.first),
            until=date.fromordinal(stats.last),
            total=stats.total,
            average_day=stats.average_day,
            by_category=shares,
            series=_points(stats),
        )


def _points(stats: model.Stats) -> list[Point]:
    return [Point(day=date.fromordinal(day), amount=amount) for day, amount in stats.series]
