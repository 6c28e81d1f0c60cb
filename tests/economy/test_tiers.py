"""Tiers: what each basis counts, when people are told, and what a tier allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.accounts.entitlements import GIB, MIB, Benefits
from app.core.clock import Calendar
from app.core.ids import Ids
from app.core.money import TOKEN
from app.economy.earning.events import TierChanged
from app.economy.earning.model import Standing
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import LotTerms, OpRequest, Purpose
from app.economy.rules.model import Policy, TierBasis
from tests.harness.economy import RULES, House, Member, assert_sound, house
from tests.harness.fakes import FrozenClock, RecordedFacts

ANA, BEN = 7001, 7002
DAY_MS = 86_400_000


@pytest.fixture
def policy() -> Policy:
    return RULES


@pytest.fixture
def ana(member: Callable[[int], Member]) -> Member:
    return member(ANA)


@pytest.fixture
def based(ana: Member, clock: FrozenClock, ids: Ids, calendar: Calendar) -> Callable[[TierBasis], Member]:
    """Ana where tiers rest on another basis."""
    return lambda basis: ana.at(house(clock, ids, calendar, replace(RULES, version=2, tier_basis=basis)))


def told(facts: RecordedFacts, person: int = ANA) -> list[tuple[str, str, bool]]:
    """The changes a person was told of."""
    changes = [fact for fact in facts.shown if isinstance(fact, TierChanged) and fact.account_id == person]
    return [(fact.before, fact.tier, fact.up) for fact in changes]


async def standing(person: Member) -> Standing:
    async with person.database.reader() as db:
        return await person.rooms.standings.standing_of(db, person.id)


async def test_a_threshold_is_exact_and_each_change_is_told_once(ana: Member, facts: RecordedFacts) -> None:
    await ana.receives(100 * TOKEN - 1)
    assert ((await standing(ana)).tier.name, told(facts)) == ("bronze", [])
    await ana.receives(1)
    assert ((await standing(ana)).tier.name, told(facts)) == ("silver", [("bronze", "silver", True)])
    await ana.receives(TOKEN)
    await ana.spends(TOKEN)
    assert len(told(facts)) == 1
    await ana.spends(1)
    assert told(facts)[1:] == [("silver", "bronze", False)]
    await ana.spends(TOKEN)
    await ana.receives(1500 * TOKEN)
    assert told(facts)[2:] == [("bronze", "platinum", True)]
    at_the_top = await standing(ana)
    assert (at_the_top.tier.name, at_the_top.next_tier) == ("platinum", None)


async def test_a_change_that_is_refused_is_not_told(ana: Member, facts: RecordedFacts) -> None:
    await ana.receives(100 * TOKEN)
    facts.shown.clear()
    refused = await ana.spends(200 * TOKEN)
    assert refused.refusal is not None
    assert (told(facts), (await ana.balance()).tier.name) == ([], "silver")


async def test_gifts_move_the_tiers_of_both(ana: Member, member: Callable[[int], Member], facts: RecordedFacts) -> None:
    await ana.receives(600 * TOKEN)
    await member(BEN).receives(50 * TOKEN)
    facts.shown.clear()
    await ana.gives(150 * TOKEN, BEN)
    assert told(facts, ANA) == [("gold", "silver", False)]
    assert told(facts, BEN) == [("bronze", "silver", True)]


async def test_what_is_held_cannot_be_spent_and_so_holds_no_tier(ana: Member, facts: RecordedFacts) -> None:
    await ana.receives(100 * TOKEN)
    op = OpRequest("test", "hold", "hold", ANA, {})
    ends = ana.rooms.clock.now_ms() + DAY_MS
    held = await ana.transactor.run(
        lambda work: ana.rooms.ledger.hold(
            work,
            op,
            owner=ANA,
            amount=TOKEN,
            code="work",
            to=SystemAccount.BURN,
            expires_at=ends,
            purpose=Purpose.TOOLS,
        )
    )
    assert told(facts)[1:] == [("silver", "bronze", False)]
    void = OpRequest("test", "void", "void", ANA, {})
    await ana.transactor.run(lambda work: ana.rooms.ledger.void(work, void, hold_id=held.op_id))
    assert told(facts)[2:] == [("bronze", "silver", True)]


async def test_money_that_runs_out_takes_its_tier_with_it(
    ana: Member, clock: FrozenClock, facts: RecordedFacts
) -> None:
    soon = clock.now_ms() + 1000
    await ana.receives(90 * TOKEN)
    await ana.receives(10 * TOKEN, lot=LotTerms("event", "event", 20, expires_at=soon))
    assert told(facts) == [("bronze", "silver", True)]
    clock.set(soon)
    # Nobody has looked after it yet, and what has run out counts no more all the same.
    assert (await standing(ana)).tier.name == "bronze"
    await ana.transactor.run(lambda work: ana.rooms.ledger.expire_lots(work, ANA))
    assert told(facts)[1:] == [("silver", "bronze", False)]
    await assert_sound(ana.database, RULES)


async def test_the_allowance_is_no_standing(ana: Member, facts: RecordedFacts) -> None:
    await ana.receives(100 * TOKEN - 1)
    await ana.transactor.run(lambda work: ana.rooms.allowances.ensure(work, ANA))
    assert (await ana.balance()).balance == 105 * TOKEN - 1
    assert ((await standing(ana)).value, told(facts)) == (100 * TOKEN - 1, [])


async def test_by_lifetime_only_rewards_count_and_none_are_lost_by_spending(
    based: Callable[[TierBasis], Member], facts: RecordedFacts
) -> None:
    ana = based("lifetime")
    await ana.receives(900 * TOKEN)
    for room in range(6):
        await ana.does("create_room", subject=str(room))
    assert ((await standing(ana)).value, told(facts)) == (90 * TOKEN, [])
    # The reward that reaches the threshold tells it itself.
    await ana.does("create_room", subject="the seventh")
    assert told(facts) == [("bronze", "silver", True)]
    await ana.spends(1005 * TOKEN)
    held = await standing(ana)
    assert (held.tier.name, held.value, held.basis) == ("silver", 105 * TOKEN, "lifetime")
    assert len(told(facts)) == 1


async def test_by_ninety_days_what_is_older_counts_no_more(
    based: Callable[[TierBasis], Member], clock: FrozenClock, facts: RecordedFacts
) -> None:
    ana = based("earned_90d")
    for room in range(7):
        await ana.does("create_room", subject=str(room))
    assert told(facts) == [("bronze", "silver", True)]
    clock.advance(days=89)
    assert (await standing(ana)).value == 105 * TOKEN
    await ana.writes()
    assert len(told(facts)) == 1
    clock.advance(days=1)
    assert ((await standing(ana)).value, (await standing(ana)).tier.name) == (1_100_000, "bronze")
    await ana.writes()
    assert told(facts)[1:] == [("silver", "bronze", False)]


async def test_benefits_are_those_of_the_tier_that_is_held_now(ana: Member, clock: FrozenClock) -> None:
    async def benefits() -> Benefits:
        async with ana.database.reader() as db:
            return await ana.rooms.standings.benefits(db, ANA)

    assert await benefits() == Benefits(10, 50 * TOKEN, GIB, 10 * MIB, frozenset())
    await ana.receives(500 * TOKEN)
    assert await benefits() == Benefits(100, 500 * TOKEN, 25 * GIB, 50 * MIB, frozenset({"badge", "private_rooms"}))
    await ana.receives(500 * TOKEN)
    best = await benefits()
    assert (best.rooms_max, best.gifts_day) == (None, None)
    await ana.spends(901 * TOKEN)
    assert await benefits() == Benefits(10, 50 * TOKEN, GIB, 10 * MIB, frozenset())


async def test_a_policy_with_other_tiers_tells_what_it_knows(
    ana: Member, clock: FrozenClock, ids: Ids, calendar: Calendar, facts: RecordedFacts
) -> None:
    def renamed(version: int, *names: str) -> House:
        tiers = tuple(replace(tier, name=name) for tier, name in zip(RULES.tiers, names, strict=True))
        return house(clock, ids, calendar, replace(RULES, version=version, tiers=tiers))

    await ana.receives(100 * TOKEN)
    other = ana.at(renamed(2, "wood", "stone", "iron", "steel"))
    await other.receives(TOKEN)
    # Of an unknown tier nobody can say whether the new one is higher.
    assert told(facts) == [("bronze", "silver", True)]
    await other.receives(500 * TOKEN)
    assert told(facts)[1:] == [("stone", "iron", True)]
