"""What is measured: how each server is started, what it keeps, and how one sees that it has finished."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from bench.seed import seed_guildhall, seed_rival
from bench.shapes import Seat
from tests.harness.services import free_port, listening, running

ROOT = Path(__file__).parents[1]
NODE_SERVER = ROOT / "bench" / "node" / "server.js"
RATE = "1000000+1000000/s"
"""No limit that a benchmark could reach."""

_MODULES = {"python": "bench.rivals.python_socketio", "ceiling": "bench.ceiling"}
_RATES = {f"GUILDHALL_RATE_{name}": RATE for name in ("CONNECT", "COMMAND", "MESSAGE")}
_OURS_COUNTED = """
SELECT (SELECT COUNT(*) FROM message) AS messages,
  (SELECT COUNT(*) FROM econ_op WHERE scope = 'activity.send_message') AS decided,
  (SELECT COUNT(*) FROM econ_transfer WHERE code = 'send_message') AS granted
"""
_RIVAL_COUNTED = """
SELECT (SELECT COUNT(*) FROM message) AS messages, (SELECT COUNT(*) FROM message) AS decided,
  (SELECT COUNT(*) FROM ledger) AS granted
"""
_WAITING = "SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE done_at IS NULL LIMIT 1) AS waiting"


@dataclass(frozen=True, slots=True)
class Subject:
    """A server to measure. `engine` is what it stores in; one that stores nothing keeps nothing and rewards nobody."""

    name: str
    title: str
    kind: str
    engine: str = ""

    @property
    def ours(self) -> bool:
        """Whether this is Guildhall."""
        return self.kind == "guildhall"


SUBJECTS = (
    Subject("guildhall-sqlite", "Guildhall, SQLite", "guildhall", "sqlite"),
    Subject("guildhall-postgresql", "Guildhall, PostgreSQL", "guildhall", "postgresql"),
    Subject("python-stored", "python-socketio, PostgreSQL", "python", "postgresql"),
    Subject("node-stored", "Node socket.io, PostgreSQL", "node", "postgresql"),
    Subject("python-memory", "python-socketio, in memory", "python"),
    Subject("node-memory", "Node socket.io, in memory", "node"),
)
CEILING = Subject("ceiling", "nothing but passing on", "ceiling")
"""Not a rival: what the load generator itself can count."""


@dataclass(frozen=True, slots=True)
class Books:
    """What is stored: messages, how many of them a reward was decided for, and how many rewards were granted."""

    messages: int = 0
    decided: int = 0
    granted: int = 0

    def since(self, before: Books) -> Books:
        """What came between two counts."""
        return Books(self.messages - before.messages, self.decided - before.decided, self.granted - before.granted)


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs."""

    pid: int
    port: int
    cold_start_s: float


@dataclass(slots=True)
class Stage:
    """A subject with its database, from one turn to the next. `folder` is its own; `url` is empty without a database.

    Calls block; they are made by the benchmark's own process, which has nothing else to do.
    """

    subject: Subject
    folder: Path
    url: str = ""
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _db: asyncpg.Connection | None = None

    def prepare(self, seats: Sequence[Seat]) -> None:
        """Make and fill the database."""
        self.folder.mkdir()
        if self.subject.engine == "sqlite":
            self.url = f"sqlite:///{self.folder / 'guildhall.db'}"
        if self.url.startswith("postgresql"):
            server, _, name = self.url.rpartition("/")
            self._loop.run_until_complete(_create_database(server, name))
        if self.url:
            seeding = seed_guildhall if self.subject.ours else seed_rival
            self._loop.run_until_complete(seeding(self.url, seats))

    @contextmanager
    def served(self) -> Iterator[Served]:
        """Run the server until the block ends; ready when it answers."""
        port = free_port()
        command, environment = self._command(port)
        ready = (lambda: _says_ready(port)) if self.subject.ours else (lambda: listening(port))
        started = time.perf_counter()
        with running(command, ready, self.folder / "server.log", cwd=self.folder, env=environment) as process:
            yield Served(process.pid, port, time.perf_counter() - started)

    def books(self) -> Books:
        """What is stored now."""
        if not self.url:
            return Books()
        return Books(*self._row(_OURS_COUNTED if self.subject.ours else _RIVAL_COUNTED))

    def settled(self) -> bool:
        """Whether every reward is decided; only Guildhall decides them after the acknowledgement."""
        return not self.subject.ours or self._row(_WAITING)[0] == 0

    def close(self) -> None:
        """End the connection that counts."""
        if self._db is not None:
            self._loop.run_until_complete(self._db.close())
        self._loop.close()

    def _command(self, port: int) -> tuple[list[str], dict[str, str]]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GUILDHALL_")}
        environment = inherited | {"PYTHONPATH": str(ROOT)}
        database = [self.url] if self.url else []
        if self.subject.kind == "node":
            return ["node", str(NODE_SERVER), str(port), *database], environment | {"NODE_ENV": "production"}
        if self.subject.kind in _MODULES:
            return [sys.executable, "-m", _MODULES[self.subject.kind], str(port), *database], environment
        ours = {"GUILDHALL_PORT": str(port), "GUILDHALL_DATA_DIR": str(self.folder), **_RATES}
        if self.subject.engine == "postgresql":
            ours["GUILDHALL_DATABASE_URL"] = self.url
        return [sys.executable, "-m", "app", "serve"], environment | ours

    def _row(self, sql: str) -> Sequence[int]:
        if self.url.startswith("sqlite"):
            path = self.url.removeprefix("sqlite:///")
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
            try:
                return tuple(connection.execute(sql).fetchone())
            finally:
                connection.close()
        return self._loop.run_until_complete(self._fetch(sql))

    async def _fetch(self, sql: str) -> Sequence[int]:
        if self._db is None:
            self._db = await asyncpg.connect(self.url)
        return tuple(await self._db.fetchrow(sql))


async def _create_database(server: str, name: str) -> None:
    connection = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()


def _says_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
