"""What raises and cuts a reward: streak, tier and event, the ceiling, the caps after them, and who must take part."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.core.clock import Calendar
from app.core.ids import Ids
from app.core.money import TOKEN
from app.economy.rules.model import Decision, Policy
from app.economy.rules.service import NOTICE_MS
from app.infra.database import Database
from app.infra.unit_of_work import Transactor
from tests.harness.economy import RULES, RULES_FILE, House, Member, assert_sound, house
from tests.harness.fakes import FrozenClock

ANA, BEN = 7001, 7002
WEEK_MS = 7 * 86_400_000


@pytest.fixture
def policy() -> Policy:
    return RULES


@pytest.fixture
def ana(member: Callable[[int], Member]) -> Member:
    return member(ANA)


async def holiday(ana: Member, clock: FrozenClock) -> None:
    """Let a holiday run for the next week."""
    starts = clock.now_ms() + NOTICE_MS
    await ana.transactor.run(
        lambda work: ana.rooms.rulebook.schedule(
            work, 1, kind="holiday", name="Lantern night", starts_at=starts, ends_at=starts + WEEK_MS
        )
    )
    async with ana.database.reader() as db:
        await ana.rooms.rulebook.refresh(db)
    clock.set(starts)


async def streak_of_three(ana: Member, clock: FrozenClock) -> None:
    for _ in range(2):
        await ana.claimed()
        clock.advance(days=1)
    await ana.claimed()


async def explained(ana: Member, op_id: int) -> Decision:
    async with ana.database.reader() as db:
        return (await ana.rooms.economy.explain(db, op_id)).decision


@pytest.fixture
async def rooms(database: Database, transactor: Transactor, clock: FrozenClock, ids: Ids, calendar: Calendar) -> House:
    """A house whose policy is stored, so that its events can be read from the database."""
    made = house(clock, ids, calendar, RULES)
    await transactor.run(lambda work: made.rulebook.begin(work, RULES_FILE.read_text(encoding="utf-8")))
    return made


async def test_streak_tier_and_event_multiply_exactly_and_the_explanation_is_the_arithmetic(
    ana: Member, clock: FrozenClock
) -> None:
    await ana.receives(600 * TOKEN)
    await streak_of_three(ana, clock)
    gold = await ana.does("share_file", subject="1")
    # 3 x 1.1 x 1.25 = 4.125, to the micro-token.
    assert gold.decision.granted == 4_125_000
    await holiday(ana, clock)
    every = await ana.does("share_file", subject="2")
    # 3 x 1.1 x 1.25 x 1.5 = 3 x 2.0625, and the ceiling is 2.
    assert [(factor.name, factor.hundredths) for factor in every.decision.factors] == [
        ("streak", 110),
        ("tier", 125),
        ("event", 150),
    ]
    assert (every.decision.base, every.decision.ceiling) == (3 * TOKEN, 200)
    assert (every.decision.multiplied, every.decision.granted) == (6 * TOKEN, 6 * TOKEN)
    assert await explained(ana, every.op_id) == every.decision
    assert await explained(ana, gold.op_id) == gold.decision
    plain = await ana.does("create_room", subject="1")
    assert (plain.decision.factors, plain.decision.granted) == ((), 15 * TOKEN)


async def test_a_ceiling_that_is_just_reached_takes_nothing(
    ana: Member, clock: FrozenClock, ids: Ids, calendar: Calendar
) -> None:
    exact = replace(RULES, version=2, multipliers=replace(RULES.multipliers, ceiling=125))
    await ana.receives(500 * TOKEN)
    at_it = (await ana.at(house(clock, ids, calendar, exact)).does("share_file", subject="1")).decision
    assert (at_it.ceiling, at_it.multiplied) == (None, 3_750_000)
    below = replace(exact, multipliers=replace(RULES.multipliers, ceiling=124))
    under = (await ana.at(house(clock, ids, calendar, below)).does("share_file", subject="2")).decision
    assert (under.ceiling, under.multiplied) == (124, 3_720_000)


async def test_caps_cut_what_multipliers_made(ana: Member) -> None:
    await ana.receives(1000 * TOKEN)
    # Platinum: 3 x 1.5 = 4.5; six fit into 30 with 3 left over, which is all the seventh gets.
    paid = [(await ana.does("share_file", subject=str(number))).decision for number in range(8)]
    assert [its.granted for its in paid] == [4_500_000] * 6 + [3_000_000, 0]
    assert (paid[6].multiplied, paid[6].capped_by) == (4_500_000, "activity_day")
    assert (await ana.balance()).today.earned == 30 * TOKEN
    async with ana.database.reader() as db:
        check = await ana.rooms.economy.check_cap(db, ANA, "share_file")
        messages = await ana.rooms.economy.check_cap(db, ANA, "send_message")
    assert (check.decision.granted, check.decision.multiplied, check.decision.capped_by) == (
        0,
        4_500_000,
        "activity_day",
    )
    assert (messages.decision.granted, messages.decision.capped_by) == (1_500_000, None)
    await assert_sound(ana.database, RULES)


async def test_what_others_do_for_somebody_shares_one_cap(ana: Member, clock: FrozenClock) -> None:
    async def gets(kind: str, subject: str, reached: int = 10) -> int:
        return (await ana.does(kind, subject=subject, reached=reached)).decision.granted // TOKEN

    got = [await gets("helpful_content", str(number)) for number in range(2)]
    got += [await gets("popular_message", "1"), await gets("media_shared", "1"), await gets("popular_message", "2")]
    assert got == [10, 10, 5, 2, 3]
    full = await ana.does("helpful_content", subject="9", reached=3)
    assert (full.decision.granted, full.decision.capped_by) == (0, "shared_day")
    assert [(cap.used_before, cap.limit) for cap in full.decision.caps if cap.name == "shared_day"] == [
        (30 * TOKEN, 30 * TOKEN)
    ]
    # One's own work is not in it.
    assert (await ana.does("share_file", subject="1")).decision.granted == 3 * TOKEN
    clock.advance(days=1)
    assert await gets("media_shared", "2") == 2
    await assert_sound(ana.database, RULES)


async def test_a_shared_cap_holds_when_it_is_filled_from_all_sides_at_once(ana: Member) -> None:
    kinds = ("helpful_content", "popular_message", "media_shared")
    await asyncio.gather(*(ana.does(kind, subject=str(number), reached=10) for kind in kinds for number in range(4)))
    assert (await ana.balance()).balance == 30 * TOKEN
    await assert_sound(ana.database, RULES)


async def test_a_gift_pays_its_share_once_for_each_sender_and_day(ana: Member, clock: FrozenClock) -> None:
    async def gets(sender: int, amount: int) -> int:
        return (await ana.does("receive_gift", subject=str(sender), amount=amount)).decision.granted

    assert await gets(BEN, 25 * TOKEN) == 2_500_000
    again = await ana.does("receive_gift", subject=str(BEN), amount=25 * TOKEN)
    assert (again.decision.granted, again.decision.withheld) == (0, "already_rewarded")
    assert await gets(7003, 19) == 1
    assert await gets(7004, 9) == 0
    assert await gets(7005, 10**9 * TOKEN) == 7_499_999
    assert await gets(7006, 50 * TOKEN) == 0
    clock.advance(days=1)
    assert await gets(BEN, 25 * TOKEN) == 2_500_000
    await assert_sound(ana.database, RULES)


async def test_too_few_people_are_nothing_and_enough_pay_once(ana: Member) -> None:
    asked = {
        "popular_message": (10, 5),
        "helpful_content": (3, 10),
        "media_shared": (10, 2),
        "room_moderator": (10, 100),
    }
    for kind, (least, _) in asked.items():
        for people in range(least):
            assert await ana.tells(kind, key=kind, subject="the one", reached=people) is None
    async with ana.database.reader() as db:
        assert await db.all("SELECT id FROM econ_op") == []
        assert await db.all("SELECT id FROM econ_wallet") == []
    for kind, (least, amount) in asked.items():
        before = (await ana.balance()).balance
        told = await asyncio.gather(
            *(ana.does(kind, key=kind, subject="the one", reached=least + number) for number in range(6))
        )
        assert len({rewarded.op_id for rewarded in told}) == 1
        # Told under another key, as after a vote was taken back and given again.
        other = await ana.does(kind, key=f"{kind} again", subject="the one", reached=least)
        assert (other.decision.granted, other.decision.withheld) == (0, "already_rewarded")
        assert (await ana.balance()).balance == before + amount * TOKEN
