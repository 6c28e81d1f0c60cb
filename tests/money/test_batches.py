"""A batch of activities comes to what the same activities come to one by one, whatever they are."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from app.core.clock import Calendar
from app.core.errors import KeyReused
from app.core.events import Fact
from app.core.ids import Ids
from app.core.money import AMOUNT_MAX, TOKEN
from app.economy.earning.events import RewardGranted, TierChanged, WalletChanged
from app.economy.earning.model import Activity, Balance
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import LotTerms, OpRequest
from app.economy.rules.model import Decision, TierBasis
from app.infra.database import Database
from app.infra.unit_of_work import Transactor
from tests.harness.economy import RULES, House, assert_sound, house
from tests.harness.fakes import FrozenClock, RecordedFacts

PEOPLE, TWINS = (1, 2, 3, 4), 100
"""Person 101 does in batches what person 1 does one by one."""

RICH = 4
"""Holds almost the most that a wallet can."""

DAY_MS = 86_400_000


def activity(dice: random.Random, at: int) -> Activity:
    """Anything that may be rewarded, of few enough people, subjects and contents that they often meet."""
    actor = dice.choice(PEOPLE)
    return Activity(
        kind=dice.choice(sorted(RULES.rewards)),
        actor=actor,
        occurred_at=at,
        key=f"{actor}:{dice.randrange(400)}",
        counterpart=dice.choice((actor, 9)),
        subject=str(dice.randrange(6)),
        fingerprint=str(dice.randrange(12)),
        amount=dice.randrange(1, 60) * TOKEN,
        reached=dice.choice((1, 5, 30)),
    )


def twin(its: Activity) -> Activity:
    """The same, done by the twin."""
    return replace(its, actor=its.actor + TWINS, key=f"twin:{its.key}", counterpart=_twin_of(its))


def _twin_of(its: Activity) -> int | None:
    return its.actor + TWINS if its.counterpart == its.actor else its.counterpart


class Twins:
    """Two lots of people under one roof, and how each of them stands."""

    def __init__(self, rooms: House, database: Database, transactor: Transactor, clock: FrozenClock) -> None:
        self.rooms = rooms
        self.database = database
        self.transactor = transactor
        self.clock = clock

    async def prepare(self) -> None:
        """The rich are rich, and one has money that expires tonight."""
        terms = LotTerms("allowance:today", "allowance", 10, expires_at=self.clock.now_ms() + DAY_MS)
        for offset in (0, TWINS):
            await self._grant(RICH + offset, AMOUNT_MAX - 20 * TOKEN)
            await self._grant(1 + offset, 5 * TOKEN, terms)

    async def one_by_one(self, activities: list[Activity]) -> list[Decision | None]:
        """Tell of each in a transaction of its own."""
        came: list[Decision | None] = []
        for its in activities:
            rewarded = await self.transactor.run(partial(self.rooms.economy.reward_activity, activity=its))
            came.append(None if rewarded is None else rewarded.decision)
        return came

    async def together(self, activities: list[Activity]) -> list[Decision | None]:
        """Tell of all in one batch."""
        rewarded = await self.transactor.run(partial(self.rooms.economy.reward_many, activities=activities))
        return [None if its is None else its.decision for its in rewarded]

    async def books(self, offset: int) -> list[list[dict[str, Any]]]:
        """Everything stored of these people, without what is an id."""
        among = (
            f"JOIN econ_wallet w ON w.id = wallet_id WHERE w.owner_id BETWEEN {offset + 1} AND {offset + len(PEOPLE)}"
        )
        who = f"w.owner_id - {offset} AS who"
        queries = (
            f"SELECT {who}, w.* FROM (SELECT id AS wallet_id FROM econ_wallet) AS its {among} ORDER BY 1",
            f"SELECT {who}, day, code, done, came, went, came_ops, went_ops FROM econ_tally {among} ORDER BY 1, 2, 3",
            f"SELECT {who}, activity, day, subject FROM econ_claim {among} ORDER BY 1, 2, 3, 4",
            f"SELECT {who}, l.version, code, change, balance_after, day FROM econ_leg l {among} ORDER BY 1, 2",
        )
        ids = ("id", "owner_id")
        async with self.database.reader() as db:
            rows = [await db.all(query) for query in queries]
        return [[{name: row[name] for name in dict(row) if name not in ids} for row in its] for its in rows]

    async def _grant(self, owner: int, amount: int, lot: LotTerms | None = None) -> None:
        op = OpRequest("test", f"{owner}:{amount}", "award", owner, {})
        await self.transactor.run(
            lambda work: self.rooms.ledger.grant(
                work, op, owner=owner, amount=amount, code="award", faucet=SystemAccount.ADMIN, lot=lot
            )
        )


def heard(facts: list[Fact], offset: int) -> dict[int, list[tuple[Any, ...]]]:
    """What each person was told, in its order, and how their balance stood by the last of it."""
    told: dict[int, list[tuple[Any, ...]]] = {}
    balances: dict[int, Balance] = {}
    for fact in facts:
        if isinstance(fact, RewardGranted | TierChanged | WalletChanged) and fact.account_id - offset in PEOPLE:
            who = fact.account_id - offset
            if isinstance(fact, RewardGranted):
                told.setdefault(who, []).append((fact.activity, fact.amount, fact.balance))
            elif isinstance(fact, TierChanged):
                told.setdefault(who, []).append((fact.before, fact.tier, fact.up))
            else:
                balances[who] = replace(fact.balance, account_id=who)
    return {who: [*its, (balances[who],)] for who, its in told.items()}


def fresh_keys(activities: list[Activity], used: dict[str, Activity]) -> list[Activity]:
    """Without those whose key came with something else before: such a batch is refused whole."""
    kept = []
    for its in activities:
        told_before = used.setdefault(f"{its.kind} {its.key}", its)
        if replace(told_before, occurred_at=0, reached=0) == replace(its, occurred_at=0, reached=0):
            kept.append(its)
    return kept


@pytest.mark.parametrize("basis", ["balance", "earned_90d", "lifetime"])
@pytest.mark.parametrize("seed", range(4))
async def test_a_batch_is_its_activities_one_by_one(
    seed: int,
    basis: TierBasis,
    database: Database,
    transactor: Transactor,
    clock: FrozenClock,
    ids: Ids,
    facts: RecordedFacts,
) -> None:
    policy = replace(RULES, tier_basis=basis)
    twins = Twins(house(clock, ids, Calendar("UTC"), policy), database, transactor, clock)
    await twins.prepare()
    dice, used = random.Random(f"{seed} {basis}"), dict[str, Activity]()
    for _ in range(6):
        its = fresh_keys([activity(dice, clock.now_ms()) for _ in range(dice.randrange(1, 60))], used)
        alone = await twins.one_by_one(its)
        assert await twins.together([twin(one) for one in its]) == alone
        # Told again, all at once or one at a time, it has come to what it came to.
        assert await twins.together([twin(one) for one in its]) == await twins.one_by_one(its) == alone
        clock.advance(dice.randrange(DAY_MS))
    assert heard(facts.shown, TWINS) == heard(facts.shown, 0)
    assert await twins.books(TWINS) == await twins.books(0)
    await assert_sound(database, policy)


async def test_a_key_that_came_with_something_else_refuses_the_batch_whole(
    database: Database, transactor: Transactor, clock: FrozenClock, ids: Ids
) -> None:
    economy = house(clock, ids, Calendar("UTC"), RULES).economy
    first = Activity("send_message", 1, clock.now_ms(), "one", fingerprint="a")
    other = replace(first, fingerprint="b")
    for batch in ([first, other], [replace(first, key="two"), replace(other, key="two"), first]):
        with pytest.raises(KeyReused):
            await transactor.run(partial(economy.reward_many, activities=batch))
    async with database.reader() as db:
        assert await db.all("SELECT id FROM econ_op") == []
        assert await db.all("SELECT id FROM econ_wallet") == []
