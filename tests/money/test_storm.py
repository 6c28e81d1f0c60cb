"""Eight workers do whatever they like to three wallets at once, around midnight, on clocks that disagree."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import pytest

from app.core.clock import Calendar
from app.core.ids import TimeOrderedIds
from app.economy.earning.daily import CLAIM
from app.economy.earning.model import Activity
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import LotTerms, OpRequest, Outcome, Purpose
from app.economy.oversight.audit import audit
from app.infra.database import Database
from app.infra.unit_of_work import Transactor, UnitOfWork
from tests.harness.fakes import FrozenClock
from tests.money.narrow import FIRST, SECOND, narrow_house

WORKERS, SECONDS, COMMANDS_MIN = 8, 4.0, 25
T = TypeVar("T")

OWNERS = (101, 102, 103)
MIDNIGHT = 1_795_219_200_000


class Worker:
    """A node of its own: its clock is some seconds off, and its people are everybody's."""

    def __init__(self, number: int, transactor: Transactor, holds: list[int], spent: list[int]) -> None:
        self.clock = FrozenClock(MIDNIGHT - 20_000 + 3000 * number)
        self.rooms = narrow_house(self.clock, TimeOrderedIds(self.clock, number), Calendar("UTC"))
        self._number = number
        self._transactor = transactor
        self._dice = random.Random(number)
        self._holds, self._spent = holds, spent
        self._count = 0
        self.done: Counter[str] = Counter()
        self.commands = self.attempts = 0

    async def work_until(self, deadline: float) -> None:
        """Carry out one command after the other. Whatever is raised, a deadlock that surfaces too, ends the test."""
        commands = [self.gift, self.gift, self.earn, self.earn, self.claim, self.hold, self.resolve, self.work]
        while time.monotonic() < deadline or self._count < COMMANDS_MIN:
            command = self._dice.choice([*commands, self.reverse, self.lot, self.sweep, self.goal])
            self._count += 1
            self.clock.advance(self._dice.choice([0, 1, 50, 400, -300]))
            self._note(command.__name__, await command())

    def _note(self, name: str, outcome: Outcome | None) -> None:
        refused = outcome is not None and outcome.refusal is not None
        self.done[f"{name} refused" if refused else name] += 1

    async def gift(self) -> Outcome:
        sender, recipient = self._dice.sample(OWNERS, 2)
        outcome = await self._op(
            lambda work, op: self.rooms.ledger.transfer(
                work, op, sender=sender, recipient=recipient, amount=self._some(), code="gift"
            )
        )
        self._spent.append(outcome.op_id)
        return outcome

    async def earn(self) -> None:
        kind = self._dice.choice(["send_message", "popular_message", "helpful_content", "create_room", "invite_friend"])
        # One of a few keys, so that several nodes tell of the same.
        key = str(self._dice.randrange(400))
        actor = OWNERS[int(key) % 3]
        told = Activity(kind, actor, 0, key, subject=key, fingerprint=key, reached=5)
        await self._run(lambda work: self.rooms.economy.reward_activity(work, told))

    async def claim(self) -> Outcome:
        key, owner = self._key(), self._owner()

        async def claim(work: UnitOfWork) -> Outcome:
            return (await self.rooms.daily.claim(work, owner, key))[0]

        return await self._run(claim)

    async def goal(self) -> Outcome:
        key, owner, goal = self._key(), self._owner(), self._dice.choice(FIRST.goals).id

        async def claim(work: UnitOfWork) -> Outcome:
            return (await self.rooms.goals.claim(work, owner, goal, key))[0]

        return await self._run(claim)

    async def hold(self) -> Outcome:
        owner, payee = self._dice.sample(OWNERS, 2)
        to = self._dice.choice([SystemAccount.BURN, payee])
        outcome = await self._op(
            lambda work, op: self.rooms.ledger.hold(
                work,
                op,
                owner=owner,
                amount=self._some(),
                code="test",
                to=to,
                expires_at=self.clock.now_ms() + self._dice.choice([500, 60_000]),
                purpose=Purpose.TOOLS,
            )
        )
        if outcome.refusal is None:
            self._holds.append(outcome.op_id)
        return outcome

    async def resolve(self) -> Outcome | None:
        if not self._holds:
            return None
        hold_id, ledger = self._dice.choice(self._holds[-10:]), self.rooms.ledger
        amount = self._some()
        give = self._dice.choice(
            [partial(ledger.capture, amount=amount), partial(ledger.capture), partial(ledger.void)]
        )
        return await self._op(partial(give, hold_id=hold_id))

    async def work(self) -> Outcome:
        key, owner = self._key(), self._owner()
        amount, end = self._some(), self._dice.choice([self.rooms.allowances.succeed, self.rooms.allowances.fail])
        held = await self._run(
            lambda work: self.rooms.allowances.hold(work, owner, key=key, amount=amount, code="site", work_ms=60_000)
        )
        return held if held.refusal else await self._run(lambda work: end(work, held.op_id))

    async def reverse(self) -> Outcome | None:
        if not self._spent:
            return None
        original = self._dice.choice(self._spent[-10:])
        return await self._op(
            lambda work, op: self.rooms.ledger.reverse(work, op, original_op=original, amount=self._some())
        )

    async def lot(self) -> Outcome:
        terms = LotTerms(f"l{self._number}-{self._count}", "event", 20, self.clock.now_ms() + 700, giftable=True)
        owner = self._owner()
        return await self._op(
            lambda work, op: self.rooms.ledger.grant(
                work, op, owner=owner, amount=9, code="test", faucet=SystemAccount.EVENT, lot=terms
            )
        )

    async def sweep(self) -> Outcome:
        owner = self._owner()
        return await self._run(lambda work: self.rooms.ledger.expire_lots(work, owner))

    async def _op(self, give: Callable[[UnitOfWork, OpRequest], Awaitable[Outcome]]) -> Outcome:
        op = OpRequest("test", self._key(), "test", 1, {})
        return await self._run(lambda work: give(work, op))

    async def _run(self, command: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        async def counted(work: UnitOfWork) -> T:
            self.attempts += 1
            return await command(work)

        self.commands += 1
        return await self._transactor.run(counted)

    def _key(self) -> str:
        return f"{self._number}-{self._count}"

    def _owner(self) -> int:
        return self._dice.choice(OWNERS)

    def _some(self) -> int:
        return self._dice.randrange(1, 9)


@pytest.mark.timeout(120)
async def test_no_cap_limit_or_balance_is_exceeded_and_no_deadlock_surfaces(
    database: Database, transactor: Transactor
) -> None:
    holds: list[int] = []
    spent: list[int] = []
    workers = [Worker(number, transactor, holds, spent) for number in range(WORKERS)]
    for owner in OWNERS:
        op = OpRequest("test", f"begin {owner}", "test", owner, {})
        await transactor.run(
            partial(
                workers[0].rooms.ledger.grant, op=op, owner=owner, amount=40, code="test", faucet=SystemAccount.ADMIN
            )
        )
    deadline = time.monotonic() + SECONDS
    await asyncio.gather(*(worker.work_until(deadline) for worker in workers))
    done = sum((worker.done for worker in workers), Counter[str]())
    # Nobody waits in a circle; if somebody did, the engine would end one of them, and it would be tried again.
    assert sum(worker.attempts - worker.commands for worker in workers) == 0
    assert {"gift", "earn", "claim", "hold", "resolve", "work", "lot"} <= done.keys(), done
    async with database.snapshot() as db:
        report = await audit(db, [FIRST, SECOND])
        claims = await db.all("SELECT actor_id, result FROM econ_op WHERE kind = :kind AND status = 1", kind=CLAIM)
        allowed = await db.all(
            """
            SELECT CAST(SUM(amount) AS BIGINT) AS given FROM econ_transfer WHERE code = 'allowance'
            GROUP BY credit_account
            """
        )
        supply = await db.one(
            """
            SELECT CAST(SUM(CASE WHEN debit_account < 0 THEN amount ELSE 0 END)
              - SUM(CASE WHEN credit_account < 0 THEN amount ELSE 0 END) AS BIGINT) AS issued FROM econ_transfer
            WHERE kind IN (0, 2)
            """
        )
        wallets = await db.one(
            "SELECT CAST(SUM(main_available + lot_available + held) AS BIGINT) AS all_there_is FROM econ_wallet"
        )
    assert report.ok, report.to_json()
    # By the day that was claimed: a node that is behind claims yesterday when its reward already counts for today.
    days = Counter((row["actor_id"], json.loads(row["result"])["day"]) for row in claims)
    assert set(days.values()) == {1}, "a day is claimed once"
    assert {row["given"] for row in allowed} == {5}, "a day's allowance is granted once"
    assert supply is not None
    assert wallets is not None
    assert supply["issued"] == wallets["all_there_is"]
