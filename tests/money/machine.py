"""Gives the same commands to one or more engines and to the reference, and compares all of them after each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from app.accounts import store as accounts
from app.accounts.model import Person as Account
from app.core.clock import Calendar
from app.core.events import Fact
from app.core.ids import TimeOrderedIds
from app.economy.ledger.model import Outcome
from app.economy.oversight.audit import audit
from app.economy.rules import store as rules_store
from app.infra.database import Connection, database_from_url
from app.infra.unit_of_work import UnitOfWork
from tests.harness.application import PASSWORD, InstantHasher
from tests.harness.databases import DatabaseSource
from tests.harness.economy import House
from tests.harness.fakes import FrozenClock
from tests.money.faults import Crash, CrashingConnection, Life
from tests.money.gift_desk import Ask, GiftDesk, Visit
from tests.money.giving import NAMES, Asked, GivingReference, Told
from tests.money.narrow import FIRST, SECOND, in_force, narrow_house
from tests.money.reference import Refusal, Tally
from tests.money.rewarding import Person, week_of

T = TypeVar("T")
Command = Callable[[House, UnitOfWork], Awaitable[T]]

OWNERS = tuple(NAMES)
TABLES = (
    "econ_wallet",
    "econ_lot",
    "econ_op",
    "econ_transfer",
    "econ_tally",
    "econ_claim",
    "econ_rollup_day",
    "econ_policy",
    "econ_event",
    "econ_referral",
    "econ_gift",
    "econ_pin",
)


class Answer(NamedTuple):
    """An `Outcome` in a form that compares."""

    op_id: int
    result: dict[str, Any]
    refusal: Refusal | None


def answer(outcome: Outcome) -> Answer:
    refused = outcome.refusal
    return Answer(outcome.op_id, outcome.result, Refusal(refused.code, refused.data) if refused else None)


@dataclass(frozen=True)
class Seen:
    """A person's money and standing: what the product stores of it, or what the reference has."""

    spendable: dict[str, int]
    held: int
    tier: str
    streak: tuple[int, int, int]
    earned: tuple[int, int, int]
    tallies: dict[tuple[int, str], Tally]
    pin: tuple[int, int, int] | None = None
    gifts: tuple[tuple[int, Asked, int], ...] = ()


class Engine:
    """The economy over one fresh database."""

    def __init__(self, source: DatabaseSource, runner: asyncio.Runner, clock: FrozenClock, calendar: Calendar) -> None:
        self._source = source
        self._runner = runner
        self._clock = clock
        self._url = runner.run(source.create())
        self.database = database_from_url(self._url)
        runner.run(self.database.open())
        self.rooms = narrow_house(clock, TimeOrderedIds(clock), calendar)
        self.desk = GiftDesk(self.rooms, self.database, calendar)
        self.run(begin)

    def close(self) -> None:
        self._runner.run(self.database.close())
        self._runner.run(self._source.drop(self._url))

    def run(self, command: Command[T], crash_at: int | None = None) -> tuple[T, list[Fact]]:
        """Carry a command out in a transaction that dies at its n-th statement; what came of it, and what it told."""

        async def transact() -> tuple[T, list[Fact]]:
            async with self.database.transaction() as db:
                work = UnitOfWork(CrashingConnection(db, Life(crash_at)) if crash_at else db)
                return await command(self.rooms, work), work.facts

        return self._runner.run(transact())

    def visit(self, ask: Ask, last: int | None) -> Visit:
        """Ask for something at the desk, in a process that dies at the `last` step of it."""
        return self._runner.run(self.desk.serve(ask, last))

    def read(self, query: Callable[[Connection], Awaitable[T]]) -> T:
        async def look() -> T:
            # Nobody writes meanwhile, and a snapshot would learn every statement anew.
            async with self.database.reader() as db:
                return await query(db)

        return self._runner.run(look())

    def refresh(self) -> None:
        self.read(self.rooms.rulebook.refresh)

    def audit(self) -> None:
        report = self.read(lambda db: audit(db, [FIRST, SECOND]))
        assert report.ok, report.to_json()

    def seen(self) -> dict[int, Seen]:
        return self.read(self._seen)

    async def _seen(self, db: Connection) -> dict[int, Seen]:
        lots = await db.all(
            """
            SELECT w.owner_id, l.lot_key, l.available FROM econ_lot l JOIN econ_wallet w ON w.id = l.wallet_id
            WHERE l.available > 0 AND l.expires_at > :now
            """,
            now=self._clock.now_ms(),
        )
        tallies = await db.all("SELECT w.owner_id, t.* FROM econ_tally t JOIN econ_wallet w ON w.id = t.wallet_id")
        found = {owner: Seen({"": 0}, 0, "", (0, 1, 0), (1, 0, 0), {}) for owner in OWNERS}
        for row in await db.all("SELECT * FROM econ_wallet"):
            owner = row["owner_id"]
            found[owner] = Seen(
                {"": row["main_available"]}
                | {lot["lot_key"]: lot["available"] for lot in lots if lot["owner_id"] == owner},
                row["held"],
                row["tier"],
                (row["streak_days"], row["streak_day"], row["streak_best"]),
                (row["earn_day"], row["earn_day_used"], row["earn_week_used"]),
                {
                    (its["day"], its["code"]): Tally(
                        its["done"], its["came"], its["went"], its["came_ops"], its["went_ops"]
                    )
                    for its in tallies
                    if its["owner_id"] == owner
                },
            )
        for pin in await db.all("SELECT * FROM econ_pin"):
            owner = pin["account_id"]
            found[owner] = replace(found[owner], pin=(pin["tries"], pin["locks"], pin["locked_until"]))
        for gift in await db.all("SELECT * FROM econ_gift ORDER BY op_id"):
            owner = gift["sender_id"]
            asked = Asked(owner, gift["recipient_id"], gift["amount"], gift["note"], gift["room_id"])
            found[owner] = replace(found[owner], gifts=(*found[owner].gifts, (gift["op_id"], asked, gift["at"])))
        return found

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        return self.read(everything)


class Machine:
    """The engines side by side, and the reference they are held against."""

    def __init__(self, sources: list[DatabaseSource]) -> None:
        self.runner = asyncio.Runner()
        self.clock = FrozenClock()
        self.calendar = Calendar("UTC")
        self.engines = [Engine(source, self.runner, self.clock, self.calendar) for source in sources]
        self.reference = GivingReference(FIRST)
        self.done: list[tuple[Command[Any], Any]] = []

    def close(self) -> None:
        """Compare whatever the engines have come to, to the last row, and audit all of it."""
        try:
            first, *others = [engine.everything() for engine in self.engines]
            assert all(first == other for other in others)
            for engine in self.engines:
                engine.audit()
        finally:
            for engine in self.engines:
                engine.close()
            self.runner.close()

    def run(self, command: Command[T], crash_at: int | None = None) -> T:
        """Give a command to every engine, and see that it comes to the same on each."""
        (result, facts), *others = [engine.run(command, crash_at) for engine in self.engines]
        assert all(other == (result, facts) for other in others)
        return result

    def give(self, command: Command[T], expect: Callable[[T], object], crash: int | None) -> T:
        """Give a command, after a crash at its n-th statement if `crash` says so; `expect` does it to the reference.

        `expect` gets the answer and returns whether it is right: false, or an assertion, is a fault.
        """
        self.tell_time()
        if crash is not None:
            self._crash(command, crash)
        result = self.run(command)
        expect(result)
        self.done.append((command, result))
        return result

    def visit(
        self,
        ask: Ask,
        *,
        died: Callable[[Visit], object],
        expect: Callable[[Told, list[Fact]], object],
        crash: int | None,
    ) -> None:
        """Ask every engine's desk, after a process died at its n-th step of it if `crash` says so.

        What takes several transactions may leave some of them behind: `died` does that to the reference.
        """
        self.tell_time()
        visit = self._visit(ask, crash)
        if visit.told is None:
            assert not visit.facts
            died(visit)
            self.compare()
            visit = self._visit(ask, None)
        assert visit.told is not None
        expect(visit.told, visit.facts)

    def tell_time(self) -> None:
        """Tell the reference what time it is, and which policy is in force."""
        now = self.clock.now_ms()
        self.reference.now = now
        self.reference.today = self.calendar.day(now)
        self.reference.midnight = self.calendar.next_day_ms(now)
        self.reference.policy = in_force(now)

    def compare(self) -> None:
        """See that every engine has stored what the reference has."""
        expected = {owner: self._expected(owner) for owner in OWNERS}
        for engine in self.engines:
            seen = engine.seen()
            wrong = [(seen[owner], expected[owner]) for owner in OWNERS if seen[owner] != expected[owner]]
            assert not wrong, wrong

    def _visit(self, ask: Ask, last: int | None) -> Visit:
        first, *others = [engine.visit(ask, last) for engine in self.engines]
        assert all(other == first for other in others)
        return first

    def _crash(self, command: Command[Any], crash: int) -> None:
        died = []
        for engine in self.engines:
            try:
                engine.run(self._undone(command), crash)
            except Crash:
                died.append(engine)
            except _Undone:
                pass
        assert len(died) in (0, len(self.engines)), "the engines took different statements"
        self.compare()

    def _undone(self, command: Command[Any]) -> Command[None]:
        """The command, and then the end of the process before the commit."""

        async def undone(rooms: House, work: UnitOfWork) -> None:
            await command(rooms, work)
            raise _Undone

        return undone

    def _expected(self, owner: int) -> Seen:
        self.tell_time()
        person = self.reference.people.get(owner) or Person()
        day = person.earn_day
        tallies = {key[1:]: tally for key, tally in self.reference.tallies.items() if key[0] == owner}
        pin, gifts = self.reference.pins.get(owner), self.reference.gifts.values()
        return Seen(
            self.reference.spendable(owner),
            self.reference.held.get(owner, 0),
            person.tier,
            (person.streak_days, person.streak_day, person.streak_best),
            (day, person.earned_in(range(day, day + 1)), person.earned_in(week_of(day))),
            tallies,
            (pin.tries, pin.locks, pin.locked_until) if pin else None,
            tuple((its.op, its.asked, its.at) for its in gifts if its.refusal is None and its.asked.sender == owner),
        )


async def everything(db: Connection, *more: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of the economy, and of `more` tables, in an order that does not depend on the engine."""
    found = {table: [dict(row) for row in await db.all(f"SELECT * FROM {table}")] for table in (*TABLES, *more)}
    return {table: sorted(rows, key=lambda row: str(list(row.values()))) for table, rows in found.items()}


async def begin(rooms: House, work: UnitOfWork) -> None:
    """Publish the policies, and make accounts for people."""
    for published in rooms.rulebook.versions:
        await rules_store.add_policy(work.db, published.text)
    hashed = await InstantHasher().hash(PASSWORD)
    for owner, name in NAMES.items():
        person = Account(owner, name, "member", 0)
        await accounts.add_person(
            work.db, person, skeleton=name, password_hash=hashed, public_key=None, invited_by=None
        )


class _Undone(Exception):
    """The process died when all was done but the commit."""
