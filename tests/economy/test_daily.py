"""The daily reward: once a day on whatever device and node, streaks, weeks, months, and who brought whom."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.core.clock import Calendar
from app.core.ids import Ids, TimeOrderedIds
from app.core.money import TOKEN
from app.economy.earning.errors import AlreadyClaimed, NothingToClaim
from app.economy.earning.events import NewcomerActive
from app.economy.earning.model import Claimed, Streak
from app.economy.rules.model import Policy
from app.infra.database import Database
from app.infra.unit_of_work import Transactor
from app.main import Guildhall
from tests.harness.api import Api
from tests.harness.application import Person, errands_done
from tests.harness.economy import RULES, Member, assert_sound, house, open_account
from tests.harness.engines import SQLITE_ONLY
from tests.harness.fakes import FrozenClock, RecordedFacts

ANA, BEN = 7001, 7002
HOUR = 3_600_000
MIDNIGHT = 1_795_219_200_000
"""Saturday, 21 November 2026, 00:00 UTC."""


@pytest.fixture
def policy() -> Policy:
    return RULES


@pytest.fixture
def ana(member: Callable[[int], Member]) -> Member:
    return member(ANA)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


def granted(claimed: Claimed) -> dict[str, float]:
    """What a claim brought, in tokens, by activity."""
    return {kind: rewarded.decision.granted / TOKEN for kind, rewarded in claimed.rewards}


async def streak_of(person: Member) -> Streak:
    async with person.database.reader() as db:
        return await person.rooms.daily.streak(db, person.id)


async def test_two_devices_at_once_claim_one_day_once(ana: Member, policy: Policy) -> None:
    outcomes = [outcome for outcome, _ in await asyncio.gather(*(ana.claims(f"device {n}") for n in range(8)))]
    refusals = [outcome.refusal for outcome in outcomes if outcome.refusal is not None]
    assert len(refusals) == 7
    assert all(isinstance(refusal, AlreadyClaimed) for refusal in refusals)
    assert {refusal.data["next_at"] for refusal in refusals} == {MIDNIGHT}
    assert (await ana.balance()).balance == 10 * TOKEN
    assert (await streak_of(ana)).days == 1
    await assert_sound(ana.database, policy)


async def test_one_request_sent_twice_at_once_is_one_claim(ana: Member) -> None:
    told = await asyncio.gather(*(ana.claims("one intent") for _ in range(6)))
    assert [claimed for _, claimed in told] == [told[0][1]] * 6
    assert Counter(outcome.replayed for outcome, _ in told) == {False: 1, True: 5}
    assert (await ana.balance()).balance == 10 * TOKEN


async def test_a_repeated_request_gets_the_same_answer_whatever_has_changed(
    ana: Member, clock: FrozenClock, ids: Ids, calendar: Calendar
) -> None:
    _, first = await ana.claims("monday")
    refused, _ = await ana.claims("monday again")
    clock.advance(days=1)
    without = replace(RULES, version=2, rewards={})
    monthly = replace(RULES.rewards["monthly_active"], least=1)
    with_more = replace(RULES, version=2, rewards={**RULES.rewards, "monthly_active": monthly})
    later = ana.at(house(clock, ids, calendar, without))
    for node in (later, ana.at(house(clock, ids, calendar, with_more))):
        assert (await node.claims("monday"))[1] == first
    again, _ = await later.claims("monday again")
    assert (again.replayed, repr(again.refusal), again.op_id) == (True, repr(refused.refusal), refused.op_id)
    assert (await ana.balance()).balance == 10 * TOKEN


async def test_days_in_a_row_make_a_streak_that_multiplies_and_pays_by_the_week(
    ana: Member, clock: FrozenClock, facts: RecordedFacts
) -> None:
    brought = []
    for day in range(1, 31):
        claimed = await ana.claimed()
        assert claimed.streak_days == day
        brought.append(granted(claimed))
        # Keep the tier out of it.
        await ana.spends((await ana.balance()).balance)
        clock.advance(days=1)
    daily = [day["daily_login"] for day in brought]
    assert daily == [10, 10, *[11] * 4, *[12.5] * 7, *[15] * 16, 20]
    assert [day for day, its in enumerate(brought, 1) if "weekly_streak" in its] == [7, 14, 21, 28]
    # The twentieth of November is the first of them: eleven days of November, nineteen of December.
    assert not any("monthly_active" in its for its in brought)
    streak = await streak_of(ana)
    assert (streak.days, streak.best, streak.claimable, streak.factor, streak.next_factor) == (30, 30, True, 200, None)
    assert streak.claimed == list(range(date(2026, 11, 20).toordinal(), date(2026, 12, 20).toordinal()))


async def test_a_missed_day_ends_the_streak_but_not_the_best_one(ana: Member, clock: FrozenClock) -> None:
    for _ in range(3):
        await ana.claimed()
        clock.advance(days=1)
    assert (await streak_of(ana)).factor == 110
    assert (await streak_of(ana)).next_factor == (7, 125)
    clock.advance(days=1)
    missed = await streak_of(ana)
    assert (missed.days, missed.best, missed.factor, missed.claimable) == (0, 3, 100, True)
    assert (await ana.claimed()).streak_days == 1
    assert (await streak_of(ana)).best == 3


async def test_the_calendar_shows_this_and_last_month(ana: Member, clock: FrozenClock) -> None:
    days = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 24)]
    for day in days:
        clock.set(utc(day.year, day.month, day.day, 12))
        await ana.claimed()
    assert (await streak_of(ana)).claimed == [day.toordinal() for day in days[1:]]
    clock.set(utc(2027, 1, 1))
    assert (await streak_of(ana)).claimed == [day.toordinal() for day in days[3:]]


async def test_a_month_pays_on_its_twentieth_active_day_once(ana: Member, clock: FrozenClock) -> None:
    active = [day for day in range(1, 31) if day not in (3, 4, 9, 10, 15)]
    brought = {}
    for day in active:
        clock.set(utc(2026, 11, day, 12))
        # Days without a claim count too, if something was done.
        if day % 5 == 0:
            await ana.writes()
        else:
            brought[day] = granted(await ana.claimed())
    # Day 24 is the nineteenth, day 25 the twentieth but without a claim: the claim of the next day brings it.
    assert [day for day, its in brought.items() if "monthly_active" in its] == [26]
    assert brought[26]["monthly_active"] == 200
    clock.set(utc(2026, 12, 1))
    assert "monthly_active" not in granted(await ana.claimed())


async def test_what_is_repeated_of_a_month_is_not_told_as_paid_again(ana: Member, clock: FrozenClock) -> None:
    brought = []
    for day in range(1, 23):
        clock.set(utc(2026, 11, day, 12))
        _, claimed = await ana.claims(f"day {day}")
        assert claimed is not None
        assert (await ana.claims(f"day {day}"))[1] == claimed
        brought.append("monthly_active" in granted(claimed))
    assert brought == [False] * 19 + [True] + [False] * 2
    async with ana.database.reader() as db:
        rows = await db.all("SELECT amount FROM econ_transfer WHERE code = 'monthly_active'")
    assert [row["amount"] for row in rows] == [200 * TOKEN]


async def test_clocks_that_disagree_at_midnight_do_not_open_a_day_again(
    ana: Member, transactor: Transactor, calendar: Calendar, database: Database
) -> None:
    slow, fast = FrozenClock(MIDNIGHT - 2000), FrozenClock(MIDNIGHT + 2000)
    behind = ana.at(house(slow, TimeOrderedIds(slow, 1), calendar, RULES))
    ahead = ana.at(house(fast, TimeOrderedIds(fast, 2), calendar, RULES))
    assert (await behind.claimed()).streak_days == 1
    assert (await ahead.claimed()).streak_days == 2
    refused, _ = await behind.claims()
    assert isinstance(refused.refusal, AlreadyClaimed)
    # Tomorrow is claimed already, so the next one is the day after.
    assert refused.refusal.data["next_at"] == MIDNIGHT + 24 * HOUR
    assert (await streak_of(behind)).next_at == MIDNIGHT + 24 * HOUR
    assert (await streak_of(behind)).claimable is False
    slow.advance(ms=4000)
    fast.advance(days=1)
    assert isinstance((await behind.claims())[0].refusal, AlreadyClaimed)
    assert (await ahead.claimed()).streak_days == 3
    assert (await ana.balance()).balance == 31 * TOKEN
    await assert_sound(database, RULES)


async def test_a_claim_at_a_node_behind_does_not_cost_the_next_day(ana: Member, calendar: Calendar) -> None:
    slow, fast = FrozenClock(MIDNIGHT - 2000), FrozenClock(MIDNIGHT + 2000)
    behind = ana.at(house(slow, TimeOrderedIds(slow, 1), calendar, RULES))
    ahead = ana.at(house(fast, TimeOrderedIds(fast, 2), calendar, RULES))
    await ahead.writes()
    assert granted(await behind.claimed()) == {"daily_login": 10}
    assert granted(await ahead.claimed()) == {"daily_login": 10}


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        # The clocks go forward on 28 March 2027 and back on 31 October 2027.
        ("Europe/Berlin", utc(2027, 3, 28, 10), 23),
        ("Europe/Berlin", utc(2027, 10, 31, 11), 25),
        ("Asia/Bangkok", utc(2027, 3, 28, 5), 24),
    ],
)
async def test_a_day_is_the_platforms_however_long(
    zone: str, noon: int, hours: int, clock: FrozenClock, ids: Ids, transactor: Transactor, database: Database
) -> None:
    calendar = Calendar(zone)
    ana = Member(ANA, house(clock, ids, calendar, RULES), transactor, database)
    ends = calendar.next_day_ms(noon)
    begins = ends - hours * HOUR
    for streak, (first, last) in enumerate([(begins - 24 * HOUR, begins - 1), (begins, ends - 1)], 1):
        clock.set(first)
        assert (await ana.claimed()).streak_days == streak
        clock.set(last)
        refused, _ = await ana.claims()
        assert isinstance(refused.refusal, AlreadyClaimed)
        assert refused.refusal.data["next_at"] == last + 1
    clock.set(ends)
    assert (await ana.claimed()).streak_days == 3


async def test_streaks_run_on_over_the_turn_of_an_iso_year(ana: Member, clock: FrozenClock) -> None:
    # 1 January 2027 is a Friday of week 53 of 2026; the seventh day is Monday of week 1 of 2027.
    for day in range(13):
        clock.set(utc(2026, 12, 29) + day * 24 * HOUR)
        claimed = await ana.claimed()
        assert ("weekly_streak" in granted(claimed)) == (day == 6)
    async with ana.database.reader() as db:
        rows = await db.all("SELECT subject FROM econ_claim WHERE activity = 'weekly_streak'")
    assert [row["subject"] for row in rows] == ["202701"]


async def test_without_a_daily_reward_there_is_nothing_to_claim(
    ana: Member, clock: FrozenClock, ids: Ids, calendar: Calendar
) -> None:
    without = replace(RULES, rewards={kind: rule for kind, rule in RULES.rewards.items() if kind != "daily_login"})
    poor = ana.at(house(clock, ids, calendar, without))
    outcome, claimed = await poor.claims()
    assert claimed is None
    assert isinstance(outcome.refusal, NothingToClaim)
    assert (await streak_of(poor)).claimable is False
    assert (await streak_of(poor)).days == 0


async def test_a_daily_reward_is_cut_at_the_day_cap_and_the_streak_goes_on(ana: Member, clock: FrozenClock) -> None:
    for room in range(33):
        await ana.does("create_room", subject=str(room))
    await ana.writes(4)
    await ana.spends((await ana.balance()).balance)
    claimed = await ana.claimed()
    assert granted(claimed)["daily_login"] < 10
    assert (await ana.balance()).today.earned == 500 * TOKEN
    assert claimed.streak_days == 1


@pytest.fixture
async def invited(transactor: Transactor, member: Callable[[int], Member]) -> list[Member]:
    """Three people whom Ana invited, and one whom nobody did."""
    await open_account(transactor, ANA, "ana")
    for number in range(1, 5):
        await open_account(transactor, ANA + number, f"guest{number}", invited_by=ANA if number < 4 else None)
    return [member(ANA + number) for number in range(1, 5)]


def newcomers(facts: RecordedFacts) -> list[tuple[int, int]]:
    return [(fact.account_id, fact.inviter_id) for fact in facts.shown if isinstance(fact, NewcomerActive)]


async def test_who_was_invited_is_told_of_once_when_active(
    invited: list[Member], clock: FrozenClock, facts: RecordedFacts
) -> None:
    guest, _, _, stranger = invited
    await guest.claimed()
    assert newcomers(facts) == []
    await guest.writes()
    await stranger.writes()
    assert newcomers(facts) == []
    clock.advance(days=1)
    await asyncio.gather(*(guest.claims(f"device {number}") for number in range(4)))
    await stranger.claimed()
    assert newcomers(facts) == [(guest.id, ANA)]
    clock.advance(days=1)
    await guest.claimed()
    assert newcomers(facts) == [(guest.id, ANA)]


async def test_bringing_people_pays_once_for_each_up_to_the_years_cap(ana: Member, clock: FrozenClock) -> None:
    paid = [await ana.does("invite_friend", subject=str(guest)) for guest in (1, 2, 2, 3, 4)]
    assert [its.decision.granted // TOKEN for its in paid] == [100, 100, 0, 50, 0]
    assert [its.decision.withheld for its in paid] == [None, None, "already_rewarded", None, None]
    assert [its.decision.capped_by for its in paid] == [None, None, None, "activity_year", "activity_year"]
    async with ana.database.reader() as db:
        check = await ana.rooms.economy.check_cap(db, ANA, "invite_friend")
    assert (check.decision.granted, check.resets_at) == (0, utc(2027, 1, 1))
    clock.set(utc(2026, 12, 31, 23, 59))
    assert (await ana.does("invite_friend", subject="5")).decision.granted == 0
    clock.set(utc(2027, 1, 1))
    assert (await ana.does("invite_friend", subject="6")).decision.granted == 100 * TOKEN


@SQLITE_ONLY
async def test_an_invitation_is_paid_for_through_the_whole_application(app: Guildhall, root: Person) -> None:
    code = (await root.api.post("/api/invites", json={}, expect=201))["code"]
    async with Api.in_process(app) as other:
        guest = await Person.register(other, "guest", invite=code)
        room = await guest.room()
        async with app.database.reader() as db:
            actor, _ = await app.accounts.authenticate(db, guest.token)
        await app.transactor.run(
            lambda work: app.chat.post(work, actor, int(room["id"]), client_id="first", body="hello")
        )
        await errands_done(app)
        await guest.api.post("/api/tokens/claim-daily")
    await errands_done(app)
    entries = (await root.api.get("/api/tokens/history/me"))["entries"]
    assert [(entry["reason"], entry["amount"]) for entry in entries] == [
        ("invite_friend", "+100"),
        ("registration", "+50"),
    ]
