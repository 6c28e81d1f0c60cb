"""Fixtures every room's tests share: a clock in the hand, ids on it, and a fresh database on each engine."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import structlog

from app.core.ids import Ids, TimeOrderedIds
from app.infra.database import Database, database_from_url
from app.infra.telemetry import Metrics
from app.infra.unit_of_work import Transactor
from app.main import Guildhall, create_app
from app.settings import Settings
from tests.harness.api import Api
from tests.harness.application import InstantHasher, Person
from tests.harness.databases import DatabaseSource, PostgreSQLSource, SQLiteSource, own_postgresql
from tests.harness.fakes import FrozenClock, RecordedFacts
from tests.harness.services import scratch_folder


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Undoes what a command run within the test configured: it speaks to a stream that is closed by now."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level
    logging.getLogger("app").setLevel(logging.NOTSET)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def ids(clock: FrozenClock) -> Ids:
    return TimeOrderedIds(clock)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def facts() -> RecordedFacts:
    """The sink behind `transactor`: what was kept and what was shown."""
    return RecordedFacts()


@pytest.fixture
def transactor(database: Database, facts: RecordedFacts) -> Transactor:
    return Transactor(database, facts)


@pytest.fixture(scope="session")
def sqlite_source() -> Iterator[SQLiteSource]:
    with scratch_folder("sqlite", in_memory=True) as folder:
        yield SQLiteSource(folder)


@pytest.fixture(scope="session")
def postgresql_source() -> Iterator[PostgreSQLSource]:
    with own_postgresql(in_memory=True) as source:
        yield source


@pytest.fixture(scope="session")
def postgresql_url(postgresql_source: PostgreSQLSource) -> str:
    """The URL of this test process's own PostgreSQL server, without a database name."""
    return postgresql_source.server_url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_source(request: pytest.FixtureRequest) -> DatabaseSource:
    """Where fresh databases come from; a test that uses it runs once on each engine."""
    source: DatabaseSource = request.getfixturevalue(f"{request.param}_source")
    return source


@pytest.fixture
async def database_url(database_source: DatabaseSource) -> AsyncIterator[str]:
    """The URL of a migrated database that nobody has opened; for real servers."""
    url = await database_source.create()
    yield url
    await database_source.drop(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated, open, empty database; a test that uses it runs once on each engine."""
    database = database_from_url(database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def blank_database(database_source: DatabaseSource) -> AsyncIterator[Database]:
    """An open database without any schema."""
    url = await database_source.create(migrated=False)
    database = database_from_url(url)
    await database.open()
    yield database
    await database.close()
    await database_source.drop(url)


@pytest.fixture
def hasher() -> InstantHasher:
    return InstantHasher()


@pytest.fixture
def app_settings() -> dict[str, Any]:
    """Settings of `app` that differ from the defaults; a test overrides them by parametrizing this name."""
    return {}


@pytest.fixture
async def app(
    database_url: str,
    tmp_path: Path,
    clock: FrozenClock,
    ids: Ids,
    hasher: InstantHasher,
    app_settings: dict[str, Any],
) -> AsyncIterator[Guildhall]:
    """The whole application, started; a test that uses it runs once on each engine."""
    settings = Settings(_env_file=None, data_dir=tmp_path, database_url=database_url, **app_settings)
    app = create_app(settings, clock=clock, ids=ids, hasher=hasher)
    await app.start()
    yield app
    await app.stop()


@pytest.fixture
async def api(app: Guildhall) -> AsyncIterator[Api]:
    """A client of `app` who is not signed in."""
    async with Api.in_process(app) as api:
        yield api


@pytest.fixture
async def person(app: Guildhall) -> AsyncIterator[Callable[..., Awaitable[Person]]]:
    """Registers people: `ann = await person("ann")`."""
    async with AsyncExitStack() as stack:

        async def register(username: str, **more: Any) -> Person:
            return await Person.register(await stack.enter_async_context(Api.in_process(app)), username, **more)

        yield register
