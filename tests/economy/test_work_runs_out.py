"""Work that is told to have failed after its hold ran out: the allowance it cost is made good, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from app.core.clock import Calendar
from app.economy.ledger.errors import HoldResolved
from app.economy.rules.model import Policy
from tests.economy.working import fail, hold, succeed, today
from tests.harness.economy import RULES, Member, assert_sound, keeper
from tests.harness.fakes import FrozenClock

ANA = 7001
MIDNIGHT = 1_795_219_200_000


@pytest.fixture
def policy() -> Policy:
    return RULES


@pytest.fixture
def ana(member: Callable[[int], Member]) -> Member:
    return member(ANA)


@pytest.mark.parametrize(("used", "back"), [(0, 0), (2, 2), (5, 3)])
async def test_work_that_fails_after_its_hold_ran_out_is_made_good_all_the_same(
    ana: Member, clock: FrozenClock, calendar: Calendar, used: int, back: int
) -> None:
    held = await hold(ana, "late", 3)
    clock.advance(days=1)
    assert await keeper(ana.rooms, ana.database, ana.transactor, clock, calendar).run_once() > 0
    if used:
        await succeed(ana, (await hold(ana, "early", used)).op_id)
    assert await today(ana) == (5 - used, 0)
    told = [await fail(ana, held.op_id) for _ in range(3)]
    assert [(its.refusal, its.replayed, its.result) for its in told] == [
        (None, replayed, {"returned": 0}) for replayed in (False, True, True)
    ]
    assert await today(ana) == (5 - used + back, 0)
    clock.advance(days=1)
    await succeed(ana, (await hold(ana, "tomorrow", 4)).op_id)
    await fail(ana, held.op_id)
    assert await today(ana) == (1, 0)
    await assert_sound(ana.database, RULES)


@pytest.mark.parametrize(("given_back_at", "back"), [(MIDNIGHT - 1, 0), (MIDNIGHT, 3)])
async def test_what_a_hold_gave_back_in_time_is_not_made_good(
    ana: Member, clock: FrozenClock, calendar: Calendar, given_back_at: int, back: int
) -> None:
    held = await hold(ana, "late", 3, work_ms=1000)
    clock.set(given_back_at)
    await keeper(ana.rooms, ana.database, ana.transactor, clock, calendar).run_once()
    clock.set(MIDNIGHT + 1000)
    await succeed(ana, (await hold(ana, "early", 5)).op_id)
    assert (await fail(ana, held.op_id)).refusal is None
    assert await today(ana) == (back, 0)
    await assert_sound(ana.database, RULES)


async def test_a_failure_told_while_its_hold_runs_out_is_made_good_once(ana: Member, clock: FrozenClock) -> None:
    ledger, run = ana.rooms.ledger, ana.transactor.run
    for number in range(5):
        held = await hold(ana, f"late{number}", 3)
        clock.advance(days=1)
        await succeed(ana, (await hold(ana, f"early{number}", 4)).op_id)
        await asyncio.gather(
            fail(ana, held.op_id), run(partial(ledger.expire_hold, hold_id=held.op_id)), fail(ana, held.op_id)
        )
        assert await today(ana) == (4, 0)
        clock.advance(days=1)
    await assert_sound(ana.database, RULES)


async def test_work_that_was_done_does_not_fail_later(ana: Member, clock: FrozenClock) -> None:
    held = await hold(ana, "done", 3)
    await succeed(ana, held.op_id)
    clock.set(MIDNIGHT)
    await succeed(ana, (await hold(ana, "early", 5)).op_id)
    assert isinstance((await fail(ana, held.op_id)).refusal, HoldResolved)
    assert await today(ana) == (0, 0)
