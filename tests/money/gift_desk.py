"""Where people set PINs and give, as they do over HTTP, in a process that may die on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.requests import Request

from app.core.actor import Actor
from app.core.clock import Calendar
from app.core.errors import AppError
from app.core.events import Fact
from app.economy.gifts.endpoints import GiftEndpoints
from app.economy.gifts.pins import Pins
from app.economy.gifts.service import Gifts
from app.infra.database import Connection, Database
from app.infra.rate_limit import Rate, RateLimit
from app.infra.secret_file import SecretFile
from app.infra.unit_of_work import Transactor
from app.infra.wire import Schema
from tests.harness.economy import House
from tests.harness.fakes import RecordedFacts
from tests.money.faults import Crash, CrashingDatabase, CrashingHasher, Life
from tests.money.giving import HALL, MEMBERS, NAMES, Told
from tests.money.reference import Refusal

Ask = Callable[[GiftEndpoints], Awaitable[Schema]]
REQUEST = Request({"type": "http", "client": ("127.0.0.1", 1), "headers": []})


class Visit(NamedTuple):
    """What came of asking: the answer, None if the process died; what was told; how far the process came."""

    told: Told | None
    facts: list[Fact]
    commits: int
    hashes_seen: int


class Pepper(SecretFile):
    """A secret that is the same in every process, and in no file."""

    def __init__(self) -> None:
        self._value = bytes(32)


class Hall:
    """`Memberships` of the one room there is."""

    async def is_member(self, db: Connection, account_id: int, room_id: int) -> bool:
        return room_id == HALL and account_id in MEMBERS


class GiftDesk:
    """The operations of gifts, over one database."""

    def __init__(self, rooms: House, database: Database, calendar: Calendar) -> None:
        self._database = CrashingDatabase(database)
        self._sink = RecordedFacts()
        transactor = Transactor(self._database, self._sink)
        hasher = CrashingHasher(self._database)
        # Budgets that nobody reaches: they are a process's own, and have tests of their own.
        free = RateLimit(Rate(10**9, 1), rooms.clock)
        budgets = {"by_address": free, "wrong_in_all": free, "wrong_passwords": free}
        pins = Pins(transactor, self._database, hasher, Pepper(), rooms.clock, **budgets)
        gifts = Gifts(rooms.ledger, rooms.rulebook, rooms.standings, Hall(), calendar, rooms.clock)
        self.operations = GiftEndpoints(gifts, pins, transactor)

    async def serve(self, ask: Ask, last: int | None = None) -> Visit:
        """Answer, or die at the `last` step of it: a statement, a commit, a look at a hash."""
        life = self._database.life = Life(last)
        self._sink.shown = []
        told: Told | None
        try:
            told = (await ask(self.operations)).model_dump(mode="json")
        except AppError as refused:
            told = Refusal(refused.code, refused.data)
        except Crash:
            told = None
        return Visit(told, self._sink.shown, life.commits, life.hashes_seen)


def actor(owner: int) -> Actor:
    """Somebody who is signed in."""
    return Actor(owner, NAMES[owner], False, 1)
