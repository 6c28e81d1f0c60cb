"""One command, one transaction, opened at the edge.

Services receive a `UnitOfWork`: they run statements and record facts on it, and never open, commit or nest. What the
facts cause is done by the edge: durable work goes to the outbox within the transaction, showing it to people follows
after the commit.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import structlog

from app.core.errors import Unavailable
from app.core.events import Fact
from app.infra.database import Connection, Contention, Database

T = TypeVar("T")

ATTEMPTS = 4
"""How often one command is tried when the engine reports contention: once, and three times again."""

log = structlog.get_logger(__name__)


class UnitOfWork:
    """A transaction that is open, and the facts recorded in it."""

    def __init__(self, db: Connection) -> None:
        self.db = db
        self.facts: list[Fact] = []

    def record(self, fact: Fact) -> None:
        """Tell that something happened, if this transaction commits."""
        self.facts.append(fact)


class FactSink(Protocol):
    """Where recorded facts go: kept durably before the commit, shown after it."""

    async def keep(self, db: Connection, facts: Sequence[Fact]) -> None:
        """Store what facts must cause, in the transaction that records them."""
        ...

    async def show(self, facts: Sequence[Fact]) -> None:
        """Tell people. What fails here is lost, and repaired by synchronisation."""
        ...


class Transactor:
    """Runs commands, each in a transaction of its own."""

    def __init__(self, database: Database, sink: FactSink) -> None:
        self._database = database
        self._sink = sink

    async def run(self, command: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """Run `command` and commit, then show its facts.

        `command` may run several times, so it changes nothing but the database. Raises what `command` raises, and
        `Unavailable` when the engine preferred others each time.
        """
        attempt = 1
        while True:
            try:
                result, facts = await self._once(command)
            except Contention as error:
                if attempt == ATTEMPTS:
                    raise Unavailable("The database is busy") from error
                await asyncio.sleep(random.uniform(0.005, 0.02) * attempt)
                attempt += 1
            else:
                await self._show(facts)
                return result

    async def _once(self, command: Callable[[UnitOfWork], Awaitable[T]]) -> tuple[T, Sequence[Fact]]:
        async with self._database.transaction() as db:
            work = UnitOfWork(db)
            result = await command(work)
            if work.facts:
                await self._sink.keep(db, work.facts)
        return result, work.facts

    async def _show(self, facts: Sequence[Fact]) -> None:
        if not facts:
            return
        try:
            await self._sink.show(facts)
        except Exception:
            log.exception("facts_not_shown", count=len(facts))
