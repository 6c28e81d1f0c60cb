"""The process dies at each statement of each kind of op in turn: nothing remains of it, and the retry does it once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.accounts import store as accounts
from app.accounts.model import Person
from app.core.clock import Calendar
from app.core.ids import Ids
from app.economy.earning.model import Activity
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import LotTerms, OpRequest, Outcome, Purpose
from app.economy.ledger.rollup import Rollup
from app.economy.ledger.sealing import Sealing
from app.economy.oversight.audit import audit
from app.economy.rules import store as rules_store
from app.economy.rules.policy_file import DEFAULT_PRESET
from app.infra.database import Connection, Database
from app.infra.unit_of_work import UnitOfWork
from tests.harness.economy import House
from tests.harness.fakes import FrozenClock
from tests.money.faults import Crash, CrashingConnection, Life
from tests.money.machine import everything
from tests.money.narrow import FIRST, SECOND, narrow_house

ANA, BEN = 101, 102
HOUR = 3_600_000
DAY = 24 * HOUR

Command = Callable[[UnitOfWork], Awaitable[object]]
Op = Callable[[UnitOfWork, OpRequest], Awaitable[Outcome]]


@dataclass(frozen=True)
class Step:
    """A command, given `after` the one before. One without a key may do something again when it is repeated."""

    name: str
    command: Command
    after: int = 0
    keyed: bool = True


class Script:
    """Steps in an order in which each has something to do, and the ids of what they made."""

    def __init__(self, rooms: House, clock: FrozenClock, database: Database) -> None:
        self._rooms = rooms
        self._clock = clock
        self._began = clock.now_ms()
        self._rollup = Rollup(clock, Calendar("UTC"))
        self._sealing = Sealing(clock, database.dialect)
        self._made: dict[str, int] = {}

    def steps(self) -> list[Step]:
        allowances = self._rooms.allowances
        return [
            Step("grant", self._op("grant", self._grant())),
            Step("grant of a lot", self._op("lot", self._grant(self._lot()))),
            *[Step(f"reward of {activity.kind}", partial(self._earn, activity)) for activity in self._activities()],
            Step("claim of a day", partial(self._claim, "c1")),
            Step("claim of a streak", partial(self._claim, "c2"), after=DAY),
            Step("claim of a goal", self._claim_goal),
            *self._ledger_steps(),
            Step("claim that settles a referral", partial(self._claim, "c3"), after=DAY),
            Step("allowance", lambda work: allowances.ensure(work, BEN)),
            Step("hold for work", self._hold_for_work("first", 4)),
            Step("another", self._hold_for_work("second", 2)),
            Step("work that is done", self._ended("second", allowances.succeed)),
            Step("work that fails on the next day", self._ended("first", allowances.fail), after=20 * HOUR),
            Step("expiry of lots", lambda work: self._rooms.ledger.expire_lots(work, BEN), after=DAY, keyed=False),
            Step("policy", self._publish, keyed=False),
            Step("event", self._schedule, keyed=False),
            Step("day that is closed", self._close_day, after=DAY, keyed=False),
            Step("seal", self._sealing.seal_next, after=DAY, keyed=False),
        ]

    def _ledger_steps(self) -> list[Step]:
        ledger, made = self._rooms.ledger, self._made
        return [
            Step("gift", self._op("gift", self._gift)),
            Step("reversal", self._op("back", partial(ledger.reverse, amount=5), original_op="gift")),
            Step("spending", self._op("spend", self._spend(10))),
            Step("refusal", self._op("poor", self._spend(10**9))),
            Step("hold", self._op("hold", self._hold(35))),
            Step("hold for a person", self._op("escrow", self._hold(5, BEN))),
            Step("hold to be voided", self._op("mistake", self._hold(3))),
            Step("hold to run out", self._op("idle", self._hold(3))),
            Step("void", self._op("void", ledger.void, hold_id="mistake")),
            Step("capture for a person", self._op("pay", ledger.capture, hold_id="escrow")),
            # The lot that paid has run out by then, and the rest of the hold goes back there.
            Step("capture", self._op("take", partial(ledger.capture, amount=15), hold_id="hold"), after=HOUR),
            Step("expiry of a hold", lambda work: ledger.expire_hold(work, made["idle"]), after=DAY),
        ]

    def _activities(self) -> list[Activity]:
        kinds = [kind for kind in FIRST.rewards if kind not in ("daily_login", "achievement", "quest")]
        return [Activity(kind, ANA, self._began, "a", BEN, "s", "f", 1, 100, 5) for kind in kinds]

    async def _earn(self, activity: Activity, work: UnitOfWork) -> None:
        assert await self._rooms.economy.reward_activity(work, activity) is not None

    async def _claim(self, key: str, work: UnitOfWork) -> None:
        (await self._rooms.daily.claim(work, ANA, key))[0].unwrap()

    async def _claim_goal(self, work: UnitOfWork) -> None:
        (await self._rooms.goals.claim(work, ANA, "faithful", "g1"))[0].unwrap()

    def _lot(self) -> LotTerms:
        return LotTerms("event", "event", 20, expires_at=self._began + DAY + HOUR, giftable=True)

    def _grant(self, lot: LotTerms | None = None) -> Op:
        return partial(self._rooms.ledger.grant, owner=ANA, amount=50, code="t", faucet=SystemAccount.EVENT, lot=lot)

    async def _gift(self, work: UnitOfWork, op: OpRequest) -> Outcome:
        return await self._rooms.ledger.transfer(work, op, sender=ANA, recipient=BEN, amount=20, code="gift")

    def _spend(self, amount: int) -> Op:
        return partial(
            self._rooms.ledger.spend, owner=BEN, amount=amount, code="t", sink=SystemAccount.SHOP, purpose=Purpose.SHOP
        )

    def _hold(self, amount: int, to: int = SystemAccount.BURN) -> Op:
        return partial(
            self._rooms.ledger.hold,
            owner=ANA,
            amount=amount,
            code="t",
            to=to,
            expires_at=self._began + 2 * DAY,
            purpose=Purpose.TOOLS,
        )

    def _hold_for_work(self, name: str, amount: int) -> Command:
        async def hold(work: UnitOfWork) -> None:
            outcome = await self._rooms.allowances.hold(work, BEN, key=name, amount=amount, code="site", work_ms=DAY)
            outcome.unwrap()
            self._made[name] = outcome.op_id

        return hold

    def _ended(self, name: str, end: Callable[[UnitOfWork, int], Awaitable[Outcome]]) -> Command:
        async def ended(work: UnitOfWork) -> None:
            (await end(work, self._made[name])).unwrap()

        return ended

    async def _publish(self, work: UnitOfWork) -> None:
        source = DEFAULT_PRESET.read_text(encoding="utf-8")
        await self._rooms.rulebook.publish(work, 1, source, effective_from=None, note="")

    async def _schedule(self, work: UnitOfWork) -> None:
        begins = self._clock.now_ms() + HOUR
        await self._rooms.rulebook.schedule(work, 1, kind="special", name="x", starts_at=begins, ends_at=begins + HOUR)

    async def _close_day(self, work: UnitOfWork) -> None:
        for day in await self._rollup.open_days(work.db):
            await self._rollup.close_day(work, day)

    def _op(self, name: str, give: Callable[..., Awaitable[Outcome]], **ids: str) -> Command:
        """An op under its own name as the key; `ids` are parameters that take the id of what was made earlier."""

        async def command(work: UnitOfWork) -> None:
            asked = {parameter: self._made[made] for parameter, made in ids.items()}
            outcome = await give(work, OpRequest("test", name, name, ANA, {}), **asked)
            assert (outcome.refusal is not None) == (name == "poor"), outcome.refusal
            self._made[name] = outcome.op_id

        return command


async def test_a_crash_at_any_statement_leaves_nothing_and_the_retry_does_it_once(
    database: Database, clock: FrozenClock, ids: Ids
) -> None:
    rooms = narrow_house(clock, ids, Calendar("UTC"))
    async with database.transaction() as db:
        for published in rooms.rulebook.versions:
            await rules_store.add_policy(db, published.text)
        await ana_was_brought_by_ben(db, clock)
    for step in Script(rooms, clock, database).steps():
        clock.advance(step.after)
        before = await state_of(database)
        statement = 1
        while await crashes(database, step.command, statement):
            assert await state_of(database) == before, f"{step.name}, statement {statement}"
            statement += 1
        # The run that did not crash has done it; the same key again does nothing.
        after = await state_of(database)
        assert after != before, step.name
        if step.keyed:
            async with database.transaction() as db:
                await step.command(UnitOfWork(db))
            assert await state_of(database) == after, step.name
    async with database.snapshot() as db:
        report = await audit(db, [FIRST, SECOND])
    assert report.ok, report.to_json()


async def ana_was_brought_by_ben(db: Connection, clock: FrozenClock) -> None:
    for account_id, name, inviter in ((BEN, "ben", None), (ANA, "ana", BEN)):
        person = Person(account_id, name, "member", clock.now_ms())
        await accounts.add_person(db, person, skeleton=name, password_hash="", public_key=None, invited_by=inviter)


async def crashes(database: Database, command: Command, statement: int) -> bool:
    """Whether the command gets as far as this statement; it dies there."""
    try:
        async with database.transaction() as db:
            await command(UnitOfWork(CrashingConnection(db, Life(statement))))
    except Crash:
        return True
    return False


async def state_of(database: Database) -> dict[str, list[dict[str, Any]]]:
    async with database.reader() as db:
        return await everything(db, "econ_seal")
