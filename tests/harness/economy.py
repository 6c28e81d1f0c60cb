"""The economy put together as the application does it, under a policy that a test chooses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.accounts import store as accounts
from app.accounts.model import Person
from app.core.clock import Calendar, Clock
from app.core.ids import Ids
from app.economy.allowance.service import Allowances
from app.economy.boards.service import Boards
from app.economy.earning.daily import DailyReward
from app.economy.earning.model import Activity, Balance, Claimed, Rewarded
from app.economy.earning.service import Economy
from app.economy.earning.standing import Standings
from app.economy.goals.service import Goals
from app.economy.insight.service import Insight
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import LotTerms, OpRequest, Outcome, Purpose
from app.economy.ledger.service import Ledger
from app.economy.oversight.audit import audit
from app.economy.oversight.decay import DormantBalances
from app.economy.oversight.housekeeping import Housekeeping
from app.economy.rules.model import Policy, Published, PublishedText
from app.economy.rules.policy_file import load_policy
from app.economy.rules.service import Rulebook
from app.infra.database import Database
from app.infra.unit_of_work import Transactor, UnitOfWork

POLICY = replace(load_policy(), version=1)
"""The shipped policy, as its first version."""

RULES_FILE = Path(__file__).with_name("rules.toml")
RULES = replace(load_policy(RULES_FILE), version=1)
"""The rules of tests that look at numbers, as their first version."""


@dataclass(frozen=True, slots=True)
class House:
    """The services of one node."""

    clock: Clock
    rulebook: Rulebook
    standings: Standings
    ledger: Ledger
    economy: Economy
    daily: DailyReward
    allowances: Allowances
    goals: Goals
    boards: Boards
    insight: Insight


def rulebook_of(policy: Policy, clock: Clock, ids: Ids) -> Rulebook:
    """A rulebook with this policy in force from ever on."""
    return Rulebook(clock, ids, [published(policy)])


def published(policy: Policy, effective_from: int = 0) -> Published:
    """A policy as a rulebook keeps it."""
    return Published(PublishedText(policy.version, policy.name, "", effective_from, None, "", 0), policy)


def house(
    clock: Clock, ids: Ids, calendar: Calendar, policy: Policy = POLICY, *, rulebook: Rulebook | None = None
) -> House:
    """The economy of one node under `policy`, or by a rulebook of the test's own."""
    rulebook = rulebook or rulebook_of(policy, clock, ids)
    standings = Standings(rulebook, calendar, clock)
    ledger = Ledger(clock, ids, calendar, standings.settle)
    economy = Economy(ledger, rulebook, standings, calendar, clock)
    return House(
        clock=clock,
        rulebook=rulebook,
        standings=standings,
        ledger=ledger,
        economy=economy,
        daily=DailyReward(economy, ledger, rulebook, standings, calendar, clock),
        allowances=Allowances(ledger, rulebook, calendar, clock),
        goals=Goals(economy, ledger, rulebook, standings, calendar, clock),
        boards=Boards(calendar, clock),
        insight=Insight(economy, calendar, clock),
    )


def keeper(rooms: House, database: Database, transactor: Transactor, clock: Clock, calendar: Calendar) -> Housekeeping:
    """Somebody who keeps this house."""
    dormant = DormantBalances(database, transactor, rooms.ledger, rooms.rulebook, clock, calendar)
    return Housekeeping(database, transactor, rooms.ledger, dormant, clock, calendar)


async def reward(economy: Economy, work: UnitOfWork, activity: Activity) -> Rewarded:
    """Tell of an activity that the policy rewards."""
    rewarded = await economy.reward_activity(work, activity)
    assert rewarded is not None, f"{activity.kind} has no reward"
    return rewarded


async def assert_sound(database: Database, *policies: Policy) -> None:
    """Hold every invariant of money, and the caps of these policies, against history."""
    async with database.snapshot() as db:
        report = await audit(db, policies)
    assert report.ok, report.to_text()


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who does things through one node, each in a transaction of its own."""

    id: int
    rooms: House
    transactor: Transactor
    database: Database
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def at(self, rooms: House) -> Member:
        """The same person at another node."""
        return replace(self, rooms=rooms)

    async def tells(self, kind: str, **details: object) -> Rewarded | None:
        """Tell of an activity; None when it earns nothing that is worth recording."""
        given = {"key": f"{self.id}-{next(self.numbers)}", "occurred_at": self.rooms.clock.now_ms(), **details}
        activity = Activity(kind=kind, actor=self.id, **given)  # type: ignore[arg-type]  # details are checked there
        return await self.transactor.run(lambda work: self.rooms.economy.reward_activity(work, activity))

    async def does(self, kind: str, **details: object) -> Rewarded:
        """Tell of an activity that the policy rewards."""
        rewarded = await self.tells(kind, **details)
        assert rewarded is not None, f"{kind} has no reward"
        return rewarded

    async def writes(self, messages: int = 1) -> None:
        """Write messages, each different."""
        for _ in range(messages):
            await self.does("send_message")

    async def claims(self, key: str | None = None) -> tuple[Outcome, Claimed | None]:
        """Claim the daily reward; a key of its own unless one is given."""
        key = key or f"claim-{next(self.numbers)}"
        return await self.transactor.run(lambda work: self.rooms.daily.claim(work, self.id, key))

    async def claimed(self) -> Claimed:
        """Claim the daily reward, which is to be had."""
        outcome, claimed = await self.claims()
        assert claimed is not None, outcome.refusal
        return claimed

    async def receives(self, amount: int, *, code: str = "award", lot: LotTerms | None = None) -> Outcome:
        """Get money from nowhere."""
        op = OpRequest("test", f"receives-{self.id}-{next(self.numbers)}", code, 0, {})
        return await self.transactor.run(
            lambda work: self.rooms.ledger.grant(
                work, op, owner=self.id, amount=amount, code=code, faucet=SystemAccount.ADMIN, lot=lot
            )
        )

    async def gives(self, amount: int, to: int) -> Outcome:
        """Give money to somebody."""
        op = OpRequest("test", f"gives-{self.id}-{next(self.numbers)}", "gift", self.id, {})
        return await self.transactor.run(
            lambda work: self.rooms.ledger.transfer(work, op, sender=self.id, recipient=to, amount=amount, code="gift")
        )

    async def spends(self, amount: int, purpose: Purpose = Purpose.SHOP, code: str = "purchase") -> Outcome:
        """Spend money on something."""
        op = OpRequest("test", f"spends-{self.id}-{next(self.numbers)}", code, self.id, {})
        return await self.transactor.run(
            lambda work: self.rooms.ledger.spend(
                work, op, owner=self.id, amount=amount, code=code, sink=SystemAccount.SHOP, purpose=purpose
            )
        )

    async def reverses(self, op_id: int) -> Outcome:
        """Have an op undone."""
        op = OpRequest("test", f"reverses-{op_id}", "reversal", 0, {})
        return await self.transactor.run(lambda work: self.rooms.ledger.reverse(work, op, original_op=op_id))

    async def balance(self) -> Balance:
        async with self.database.reader() as db:
            return await self.rooms.economy.balance_of(db, self.id)


async def open_account(
    transactor: Transactor, account_id: int, username: str, *, invited_by: int | None = None
) -> None:
    """An account without a password, for what looks at people."""

    async def add(work: UnitOfWork) -> None:
        person = Person(account_id, username, "member", 0)
        more = {"skeleton": username, "password_hash": "", "public_key": None, "invited_by": invited_by}
        assert await accounts.add_person(work.db, person, **more)  # type: ignore[arg-type]  # checked there

    await transactor.run(add)
