"""Achievements and quests: what counts, claimed once in each window, cut by the caps, whatever the policy becomes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.core.clock import Calendar
from app.core.errors import KeyReused
from app.core.ids import Ids, TimeOrderedIds
from app.core.money import AMOUNT_MAX, TOKEN
from app.economy.goals.errors import GoalClaimedAlready, NoSuchGoal, NotReached
from app.economy.goals.model import GoalClaimed, Progress
from app.economy.ledger.errors import BalanceTooLarge
from app.economy.ledger.model import Outcome
from app.economy.rules.model import Goal, Policy
from app.main import Guildhall
from tests.harness.application import Person
from tests.harness.economy import RULES, Member, assert_sound, house
from tests.harness.engines import SQLITE_ONLY
from tests.harness.fakes import FrozenClock

ANA, BEN = 7001, 7002
MIDNIGHT = 1_795_219_200_000
"""Saturday, 21 November 2026, 00:00 UTC."""
MONDAY = MIDNIGHT + 2 * 86_400_000


@pytest.fixture
def policy() -> Policy:
    return RULES


@pytest.fixture
def ana(member: Callable[[int], Member]) -> Member:
    return member(ANA)


async def claim(person: Member, goal: str, key: str | None = None) -> tuple[Outcome, GoalClaimed | None]:
    key = key or f"claim-{next(person.numbers)}"
    return await person.transactor.run(lambda work: person.rooms.goals.claim(work, person.id, goal, key))


async def claimed(person: Member, goal: str) -> int:
    """Claim what has been reached; what it paid, in tokens."""
    outcome, its = await claim(person, goal)
    assert its is not None, outcome.refusal
    return its.granted // TOKEN


async def progress(person: Member) -> dict[str, Progress]:
    async with person.database.reader() as db:
        return {its.goal.id: its for its in await person.rooms.goals.progress(db, person.id)}


async def counts(person: Member) -> dict[str, int]:
    return {goal: its.progress for goal, its in (await progress(person)).items() if its.progress}


async def test_every_counter_counts_what_it_says(
    ana: Member, member: Callable[[int], Member], clock: FrozenClock
) -> None:
    ben = member(BEN)
    assert await counts(ana) == {}
    await ana.does("send_message", fingerprint="same")
    await ana.does("send_message", fingerprint="same")
    await ana.writes()
    await ana.does("share_file", subject="1")
    await ana.does("helpful_content", subject="1", reached=3)
    today = {"wrote_3": 2, "shared_1": 1, "active_2": 1, "talk_today": 2, "talk_this_week": 2, "helpful_1": 1}
    assert await counts(ana) == {**today, "earned_60": 15}
    await ana.receives(100 * TOKEN)
    await ben.receives(100 * TOKEN)
    await ana.gives(10 * TOKEN + 999_999, BEN)
    await ana.gives(9 * TOKEN, BEN)
    await ben.gives(TOKEN, ANA)
    # A gift in full tokens together: 19.999999 is 19. Awards are no earnings, and gifts no activity.
    assert await counts(ana) == {**today, "earned_60": 15, "gave_once": 2, "gave_20": 19, "got_2": 1}
    assert await counts(ben) == {"gave_once": 1, "gave_20": 1, "got_2": 2}
    clock.set(MIDNIGHT)
    await ana.claimed()
    later = await counts(ana)
    assert (later["streak_3"], later["active_2"], later["talk_this_week"], later["wrote_3"]) == (1, 2, 2, 2)
    assert "talk_today" not in later
    clock.set(MONDAY)
    assert "talk_this_week" not in await counts(ana)


async def test_what_the_caps_left_unpaid_counts_all_the_same(ana: Member) -> None:
    await ana.does("send_message", weight=50)
    await ana.writes()
    its = (await progress(ana))["wrote_3"]
    assert (its.progress, its.reached) == (2, False)
    await ana.writes()
    assert (await progress(ana))["wrote_3"].claimable


async def test_the_best_streak_counts_after_it_is_broken(ana: Member, clock: FrozenClock) -> None:
    for _ in range(3):
        await ana.claimed()
        clock.advance(days=1)
    clock.advance(days=2)
    assert await claimed(ana, "streak_3") == 50


async def test_two_devices_at_once_claim_one_goal_once(ana: Member, clock: FrozenClock) -> None:
    await ana.writes(3)
    told = await asyncio.gather(*(claim(ana, "wrote_3", f"device {number}") for number in range(8)))
    paid = [its for _, its in told if its is not None]
    assert [its.granted for its in paid] == [50 * TOKEN]
    assert Counter(type(outcome.refusal) for outcome, _ in told) == {type(None): 1, GoalClaimedAlready: 7}
    its = (await progress(ana))["wrote_3"]
    assert (its.claimed_at, its.claimable, its.reached) == (clock.now_ms(), False, True)
    assert (await ana.balance()).balance == 53 * TOKEN
    await assert_sound(ana.database, RULES)


async def test_what_is_not_reached_is_refused_with_its_numbers_for_good(ana: Member) -> None:
    await ana.writes(2)
    outcome, its = await claim(ana, "wrote_3", "early")
    assert its is None
    assert isinstance(outcome.refusal, NotReached)
    assert outcome.refusal.data == {"progress": 2, "count": 3}
    await ana.writes()
    again, _ = await claim(ana, "wrote_3", "early")
    assert (again.replayed, type(again.refusal)) == (True, NotReached)
    assert await claimed(ana, "wrote_3") == 50


async def test_an_unknown_goal_is_refused_and_pays_nothing(ana: Member) -> None:
    outcome, its = await claim(ana, "fly", "wings")
    assert (type(outcome.refusal), its) == (NoSuchGoal, None)
    await ana.writes(3)
    with pytest.raises(KeyReused):
        await claim(ana, "wrote_3", "wings")
    assert (await ana.balance()).balance == 3 * TOKEN


async def test_a_repeated_request_gets_the_same_answer(ana: Member) -> None:
    await ana.writes(3)
    told = await asyncio.gather(*(claim(ana, "wrote_3", "one intent") for _ in range(5)))
    assert [its for _, its in told] == [told[0][1]] * 5
    await ana.does("share_file", subject="1")
    with pytest.raises(KeyReused):
        await claim(ana, "shared_1", "one intent")
    assert (await ana.balance()).balance == 56 * TOKEN


async def test_a_reward_is_cut_at_the_caps_as_it_was_said_beforehand(ana: Member) -> None:
    await ana.writes(4)
    for room in range(30):
        await ana.does("create_room", subject=str(room))
    before = await progress(ana)
    # 500 a day less what is earned; a quest has 20 a day of its own.
    earned = (await ana.balance()).today.earned
    assert earned > 450 * TOKEN
    assert before["wrote_3"].would_grant == 500 * TOKEN - earned
    assert (before["talk_today"].would_grant, before["talk_this_week"].would_grant) == (2 * TOKEN, 15 * TOKEN)
    outcome, its = await claim(ana, "wrote_3")
    assert its is not None
    assert its.granted == before["wrote_3"].would_grant
    async with ana.database.reader() as db:
        why = await ana.rooms.economy.explain(db, its.op_id)
    assert (why.decision.base, why.decision.capped_by, outcome.refusal) == (50 * TOKEN, "day", None)
    assert (await progress(ana))["talk_today"].would_grant == 0
    assert await claimed(ana, "talk_today") == 0
    assert isinstance((await claim(ana, "talk_today"))[0].refusal, GoalClaimedAlready)
    await assert_sound(ana.database, RULES)


async def test_a_cap_of_the_goals_own_is_said_beforehand_too(
    ana: Member, clock: FrozenClock, ids: Ids, calendar: Calendar
) -> None:
    quest = replace(RULES.rewards["quest"], cap_day=16 * TOKEN)
    tight = ana.at(house(clock, ids, calendar, replace(RULES, version=2, rewards={**RULES.rewards, "quest": quest})))
    await tight.writes(4)
    assert await claimed(tight, "talk_this_week") == 15
    assert (await progress(tight))["talk_today"].would_grant == TOKEN
    assert (await progress(tight))["wrote_3"].would_grant == 50 * TOKEN
    assert await claimed(tight, "talk_today") == 1


async def test_quests_open_again_with_each_day_and_week(ana: Member, clock: FrozenClock) -> None:
    await ana.writes(4)
    assert [await claimed(ana, "talk_today"), await claimed(ana, "talk_this_week")] == [2, 15]
    clock.set(MIDNIGHT - 1)
    assert isinstance((await claim(ana, "talk_today"))[0].refusal, GoalClaimedAlready)
    clock.set(MIDNIGHT)
    assert isinstance((await claim(ana, "talk_today"))[0].refusal, NotReached)
    await ana.writes(2)
    assert await claimed(ana, "talk_today") == 2
    clock.set(MONDAY - 1)
    assert isinstance((await claim(ana, "talk_this_week"))[0].refusal, GoalClaimedAlready)
    clock.set(MONDAY)
    shown = await progress(ana)
    assert (shown["talk_this_week"].claimed_at, shown["talk_this_week"].progress) == (None, 0)
    await ana.writes(4)
    assert [await claimed(ana, "talk_today"), await claimed(ana, "talk_this_week")] == [2, 15]
    await assert_sound(ana.database, RULES)


async def test_a_week_is_one_over_the_turn_of_the_year(ana: Member, clock: FrozenClock) -> None:
    # Monday of week 53 of 2026 to Sunday, 3 January 2027.
    clock.set(MONDAY + 35 * 86_400_000)
    await ana.writes(2)
    clock.advance(days=6)
    assert (await progress(ana))["talk_this_week"].progress == 2
    clock.advance(days=1)
    assert (await progress(ana))["talk_this_week"].progress == 0


async def test_one_days_work_is_one_quest_for_clocks_that_disagree(ana: Member, calendar: Calendar) -> None:
    slow, fast = FrozenClock(MIDNIGHT - 2000), FrozenClock(MIDNIGHT + 2000)
    behind = ana.at(house(slow, TimeOrderedIds(slow, 1), calendar, RULES))
    ahead = ana.at(house(fast, TimeOrderedIds(fast, 2), calendar, RULES))
    await ahead.writes(2)
    assert await claimed(behind, "talk_today") == 2
    assert isinstance((await claim(ahead, "talk_today"))[0].refusal, GoalClaimedAlready)


def with_goals(*goals: Goal, version: int = 2) -> Policy:
    return replace(RULES, version=version, goals=goals)


async def test_a_claim_stands_whatever_the_policy_becomes(
    ana: Member, clock: FrozenClock, ids: Ids, calendar: Calendar
) -> None:
    await ana.writes(3)
    _, first = await claim(ana, "wrote_3", "the one")
    (wrote_3,) = (goal for goal in RULES.goals if goal.id == "wrote_3")
    dearer = ana.at(house(clock, ids, calendar, with_goals(replace(wrote_3, reward=500 * TOKEN))))
    stricter = ana.at(house(clock, ids, calendar, with_goals(replace(wrote_3, count=9))))
    without = ana.at(house(clock, ids, calendar, replace(RULES, version=2, goals=(), rewards={})))
    for later in (dearer, stricter, without):
        assert (await claim(later, "wrote_3", "the one"))[1] == first
    for later in (dearer, stricter):
        assert isinstance((await claim(later, "wrote_3"))[0].refusal, GoalClaimedAlready)
    assert isinstance((await claim(without, "wrote_3"))[0].refusal, NoSuchGoal)
    assert await progress(without) == {}
    assert (await ana.balance()).balance == 53 * TOKEN


async def test_the_policy_in_force_decides_what_is_reached(
    ana: Member, clock: FrozenClock, ids: Ids, calendar: Calendar
) -> None:
    await ana.writes(3)
    (wrote_3,) = (goal for goal in RULES.goals if goal.id == "wrote_3")
    stricter = ana.at(house(clock, ids, calendar, with_goals(replace(wrote_3, count=4))))
    refused, _ = await claim(stricter, "wrote_3")
    assert isinstance(refused.refusal, NotReached)
    assert refused.refusal.data == {"progress": 3, "count": 4}
    assert await claimed(ana, "wrote_3") == 50


async def test_with_a_full_wallet_nothing_is_claimed_until_there_is_room(ana: Member) -> None:
    await ana.writes(3)
    await ana.receives(AMOUNT_MAX - 4 * TOKEN)
    with pytest.raises(BalanceTooLarge) as refused:
        await claim(ana, "wrote_3", "full")
    assert refused.value.data == {"limit": "1000000000"}
    assert (await progress(ana))["wrote_3"].claimable
    await ana.spends(100 * TOKEN)
    _, its = await claim(ana, "wrote_3", "full")
    assert its is not None
    assert its.granted == 50 * TOKEN
    await assert_sound(ana.database, RULES)


@SQLITE_ONLY
async def test_goals_on_the_wire(app: Guildhall, root: Person) -> None:
    goals = (await root.api.get("/api/achievements/list"))["goals"]
    assert len(goals) >= 15
    assert len({goal["id"] for goal in goals}) == len(goals)
    assert all(set(goal["titles"]) == {"en", "th"} for goal in goals)
    shown = await root.api.get("/api/achievements/user/me")
    assert [its["id"] for its in shown["goals"]] == [goal["id"] for goal in goals]
    assert shown["user_id"] == root.id
    for body in ({}, {"id": ""}, {"id": "No"}, {"id": "x" * 41}, {"id": 1}, {"id": goals[0]["id"], "reward": "1"}):
        assert (await root.api.post("/api/achievements/claim", json=body, expect=422))["code"] == "invalid"
    refused = await root.api.post("/api/achievements/claim", json={"id": "first_100_messages"}, expect=409)
    assert (refused["code"], refused["progress"], refused["count"]) == ("not_reached", 0, 100)
