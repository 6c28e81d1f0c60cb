"""What people are promised about caps, multipliers, streaks, goals and the allowance, one example for each promise.

The random programs keep all of these too; these say which promise was broken, and take seconds.
"""

from __future__ import annotations

import pytest

from app.core.clock import Calendar
from app.core.ids import Ids
from app.economy.earning.events import TierChanged
from app.economy.earning.model import Activity
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import OpRequest, Outcome, Purpose
from app.economy.oversight.audit import audit
from app.infra.database import Database
from app.infra.unit_of_work import Transactor, UnitOfWork
from tests.harness.fakes import FrozenClock, RecordedFacts
from tests.money.narrow import FIRST, SECOND, SECOND_FROM, narrow_house

ANA, BEN = 101, 102
HOUR, DAY = 3_600_000, 86_400_000


class Life:
    """What Ana does, under `FIRST` until its successor comes into force."""

    def __init__(self, database: Database, transactor: Transactor, clock: FrozenClock, ids: Ids) -> None:
        self.rooms = narrow_house(clock, ids, Calendar("UTC"))
        self.ledger = self.rooms.ledger
        self.database = database
        self.clock = clock
        self.run = transactor.run
        self._count = 0

    def op(self) -> OpRequest:
        self._count += 1
        return OpRequest("test", f"k{self._count}", "test", ANA, {})

    async def earns(self, kind: str, **more: int) -> int:
        """Tell of an activity with a subject of its own; return what it earned."""
        self._count += 1
        name = f"a{self._count}"
        told = Activity(kind, ANA, self.clock.now_ms(), name, BEN, name, name, reached=5, **more)
        rewarded = await self.run(lambda work: self.rooms.economy.reward_activity(work, told))
        assert rewarded is not None
        return rewarded.decision.granted

    async def claims(self, key: str = "") -> dict[str, int] | str:
        """Claim the daily reward; return what it brought, or why it was refused."""
        self._count += 1
        outcome, claimed = await self.run(lambda work: self.rooms.daily.claim(work, ANA, key or f"c{self._count}"))
        if claimed is None:
            return code_of(outcome)
        return {kind: its.decision.granted for kind, its in claimed.rewards}

    async def claims_goal(self, goal: str, key: str) -> int | str:
        outcome, claimed = await self.run(lambda work: self.rooms.goals.claim(work, ANA, goal, key))
        return code_of(outcome) if claimed is None else claimed.granted

    async def gets(self, amount: int) -> Outcome:
        op = self.op()
        return await self.run(
            lambda work: self.ledger.grant(work, op, owner=ANA, amount=amount, code="test", faucet=SystemAccount.ADMIN)
        )

    async def begins_work(self, amount: int) -> int:
        """Hold money for work on a tool; return the hold."""
        self._count += 1
        key = f"w{self._count}"
        outcome = await self.run(
            lambda work: self.rooms.allowances.hold(work, ANA, key=key, amount=amount, code="site", work_ms=DAY)
        )
        outcome.unwrap()
        return outcome.op_id

    async def fails(self, hold_id: int) -> None:
        (await self.run(lambda work: self.rooms.allowances.fail(work, hold_id))).unwrap()

    async def succeeds(self, hold_id: int) -> None:
        (await self.run(lambda work: self.rooms.allowances.succeed(work, hold_id))).unwrap()

    async def has(self) -> dict[str, int]:
        """What Ana can spend on tools, by source; today's allowance is granted by looking."""
        return (await self.run(lambda work: self.rooms.allowances.budget(work, ANA))).by_source

    async def tallies(self) -> dict[str, tuple[int, int, int, int]]:
        """Ana's tallies by code: came and went, and in how many ops."""
        async with self.database.reader() as db:
            rows = await db.all(
                """
                SELECT code, came, went, came_ops, went_ops FROM econ_tally t JOIN econ_wallet w ON w.id = t.wallet_id
                WHERE w.owner_id = :owner
                """,
                owner=ANA,
            )
        return {row["code"]: (row["came"], row["went"], row["came_ops"], row["went_ops"]) for row in rows}

    async def ops(self) -> int:
        """How many ops there have been."""
        async with self.database.reader() as db:
            return len(await db.all("SELECT id FROM econ_op"))

    async def tier(self) -> str:
        async with self.database.reader() as db:
            return (await self.rooms.standings.wallet(db, ANA)).tier


def code_of(outcome: Outcome) -> str:
    assert outcome.refusal is not None
    return outcome.refusal.code


@pytest.fixture
def ana(database: Database, transactor: Transactor, clock: FrozenClock, ids: Ids) -> Life:
    return Life(database, transactor, clock, ids)


# -- caps ------------------------------------------------------------------------------------------------------------


async def test_activities_that_share_a_cap_fill_it_together(ana: Life) -> None:
    earned = [await ana.earns(kind) for kind in ("popular_message", "helpful_content", "popular_message")]
    assert earned == [5, 3, 0], "shared: 8 a day"
    ana.clock.advance(days=1)
    assert await ana.earns("helpful_content") == 4


async def test_a_reward_is_cut_at_a_cap_and_not_refused_whole(ana: Life) -> None:
    assert [await ana.earns("send_message", weight=4) for _ in range(3)] == [16, 3, 0], "19 a day"


async def test_a_year_has_its_cap(ana: Life) -> None:
    earned = []
    for days in (0, 14, 14, 1):
        ana.clock.advance(days=days)
        earned.append(await ana.earns("invite_friend"))
    assert earned == [5, 5, 2, 0], "12 a year, through November and December"
    ana.clock.advance(days=30)
    assert await ana.earns("invite_friend") == 5


async def test_a_week_has_its_cap_and_ends_on_sunday(ana: Life) -> None:
    week = []
    ana.clock.set(ana.clock.now_ms() - 9 * DAY)
    for _day in range(6):
        week.append(await ana.earns("create_room", weight=9))
        ana.clock.advance(days=1)
    assert week == [60, 50, 0, 0, 0, 60], "Wednesday to Sunday 110, and Monday"


# -- multipliers and tiers -------------------------------------------------------------------------------------------


async def test_streak_and_tier_multiply_up_to_the_ceiling(ana: Life) -> None:
    ana.clock.set(SECOND_FROM - 4 * DAY)
    await ana.gets(100)
    brought = []
    for _day in range(4):
        brought.append(await ana.claims())
        ana.clock.advance(days=1)
    daily = [its["daily_login"] for its in brought if not isinstance(its, str)]
    assert daily == [17, 26, 26, 32], "1.75; 1.5 x 1.75 twice; 2.25 x 1.75 is above 3.2"


async def test_the_tier_in_the_wallet_is_the_one_last_told(ana: Life, facts: RecordedFacts) -> None:
    grant = await ana.gets(30)
    assert await ana.tier() == "high"
    back = ana.op()
    await ana.run(lambda work: ana.ledger.reverse(work, back, original_op=grant.op_id, amount=10))
    assert await ana.tier() == "low"
    told = [(fact.before, fact.tier, fact.up) for fact in facts.shown if isinstance(fact, TierChanged)]
    assert told == [("low", "high", True), ("high", "low", False)]


# -- the daily claim -------------------------------------------------------------------------------------------------


async def test_a_day_is_claimed_once_and_a_missed_day_ends_the_streak(ana: Life) -> None:
    streaks = []
    for days in (0, 1, 2, 1):
        ana.clock.advance(days=days)
        await ana.claims()
        assert await ana.claims() == "already_claimed"
        async with ana.database.reader() as db:
            streak = await ana.rooms.daily.streak(db, ANA)
        streaks.append((streak.days, streak.best))
    assert streaks == [(1, 1), (2, 2), (1, 2), (2, 2)]


async def test_a_bonus_of_the_month_is_told_with_the_claim_that_brought_it(ana: Life) -> None:
    ana.clock.set(ana.clock.now_ms() - 10 * DAY)
    brought = []
    for _day in range(8):
        brought.append(list(await ana.claims(f"day {_day}")))
        ana.clock.advance(days=1)
    daily = ["daily_login"]
    assert brought == [daily, daily, [*daily, "monthly_active"], daily, daily, daily, [*daily, "weekly_streak"], daily]
    ana.clock.set(SECOND_FROM)
    assert list(await ana.claims("day 6")) == [*daily, "weekly_streak"], "asked again, it is answered as before"
    assert list(await ana.claims("day 7")) == daily


# -- goals -----------------------------------------------------------------------------------------------------------


async def test_a_goal_is_paid_once_when_it_is_reached(ana: Life) -> None:
    await ana.earns("send_message")
    assert await ana.claims_goal("talker", "1") == "not_reached"
    await ana.earns("send_message")
    await ana.earns("send_message")
    assert await ana.claims_goal("talker", "2") == 6
    assert await ana.claims_goal("talker", "3") == "goal_claimed"
    assert await ana.claims_goal("talker", "1") == "not_reached", "a refusal is kept"
    assert await ana.claims_goal("unknown", "4") == "not_found"


async def test_a_claim_of_a_goal_is_answered_as_before_whatever_the_goals_are_by_then(ana: Life) -> None:
    for _ in range(3):
        await ana.earns("send_message")
    await ana.claims()
    ana.clock.advance(days=1)
    await ana.claims()
    assert [await ana.claims_goal("talker", "1"), await ana.claims_goal("faithful", "2")] == [6, 4]
    ana.clock.set(SECOND_FROM)
    assert SECOND.goals != FIRST.goals, "one pays more now, the other is gone"
    assert [await ana.claims_goal("talker", "1"), await ana.claims_goal("faithful", "2")] == [6, 4]
    assert await ana.claims_goal("talker", "3") == "goal_claimed"


# -- the allowance ---------------------------------------------------------------------------------------------------


async def test_an_allowance_is_gone_at_midnight_and_never_accumulates(ana: Life) -> None:
    await ana.gets(1)
    for _day in range(2):
        assert await ana.has() == {"main": 1, "allowance": 5}
        ana.clock.set(Calendar("UTC").next_day_ms(ana.clock.now_ms()) - 1)
        assert await ana.has() == {"main": 1, "allowance": 5}
        ana.clock.advance(1)


async def test_the_allowance_pays_first_and_for_tools_alone(ana: Life) -> None:
    await ana.gets(10)
    await ana.succeeds(await ana.begins_work(7))
    assert await ana.has() == {"main": 8}
    ana.clock.advance(days=1)
    assert await ana.has() == {"main": 8, "allowance": 5}
    op = ana.op()
    shopping = await ana.run(
        lambda work: ana.ledger.spend(
            work, op, owner=ANA, amount=9, code="t", sink=SystemAccount.SHOP, purpose=Purpose.SHOP
        )
    )
    assert code_of(shopping) == "insufficient_tokens"


async def test_failed_work_gives_back_what_it_held(ana: Life) -> None:
    await ana.gets(10)
    hold = await ana.begins_work(7)
    assert await ana.has() == {"main": 8}
    await ana.fails(hold)
    assert await ana.has() == {"main": 10, "allowance": 5}


async def test_expired_allowance_is_made_good_within_a_days_amount(ana: Life) -> None:
    yesterdays = await ana.begins_work(4)
    ana.clock.advance(seconds=13 * 3600)
    await ana.succeeds(await ana.begins_work(3))
    assert await ana.has() == {"main": 0, "allowance": 2}
    await ana.fails(yesterdays)
    assert await ana.has() == {"main": 0, "allowance": 5}, "4 were lost, but 3 are all that a day's amount has room for"


async def test_expired_allowance_is_made_good_though_time_gave_it_back(ana: Life) -> None:
    yesterdays = await ana.begins_work(4)
    ana.clock.advance(days=1)
    await ana.run(lambda work: ana.ledger.expire_hold(work, yesterdays))
    await ana.succeeds(await ana.begins_work(3))
    await ana.fails(yesterdays)
    assert await ana.has() == {"main": 0, "allowance": 5}


async def test_what_came_back_in_time_is_not_made_good(ana: Life) -> None:
    in_time = await ana.begins_work(4)
    ana.clock.set(Calendar("UTC").next_day_ms(ana.clock.now_ms()) - 1)
    await ana.run(lambda work: ana.ledger.expire_hold(work, in_time))
    ana.clock.advance(days=1)
    await ana.succeeds(await ana.begins_work(3))
    await ana.fails(in_time)
    assert await ana.has() == {"main": 0, "allowance": 2}


async def test_a_failure_told_again_later_makes_good_for_nothing(ana: Life) -> None:
    in_time, late = await ana.begins_work(2), await ana.begins_work(2)
    await ana.fails(in_time)
    ana.clock.advance(seconds=13 * 3600)
    await ana.fails(late)
    await ana.succeeds(await ana.begins_work(3))
    for _day in range(2):
        before = await ana.ops()
        await ana.fails(in_time)
        await ana.fails(late)
        assert await ana.ops() == before
        ana.clock.advance(days=1)


# -- tallies ---------------------------------------------------------------------------------------------------------


async def test_tallies_are_what_moved(ana: Life) -> None:
    grant = await ana.gets(20)
    back, gift = ana.op(), ana.op()

    async def move(work: UnitOfWork) -> None:
        await ana.ledger.reverse(work, back, original_op=grant.op_id, amount=4)
        await ana.ledger.transfer(work, gift, sender=ANA, recipient=BEN, amount=5, code="gift")

    await ana.run(move)
    done, failed = await ana.begins_work(6), await ana.begins_work(2)
    await ana.succeeds(done)
    await ana.fails(failed)
    assert await ana.tallies() == {
        "test": (20, 0, 1, 0),
        "undo.test": (0, 4, 0, 1),
        "gift": (0, 5, 0, 1),
        "allowance": (5, 0, 1, 0),
        "site": (0, 6, 0, 1),
    }
    async with ana.database.snapshot() as db:
        report = await audit(db, [FIRST, SECOND])
    assert report.ok, report.to_json()
