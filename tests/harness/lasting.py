"""Databases on a disk, for tests that kill a server to see what it has kept. A folder's conftest.py imports them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.databases import PostgreSQLSource, SQLiteSource, own_postgresql
from tests.harness.services import scratch_folder


@pytest.fixture(scope="session")
def sqlite_source() -> Iterator[SQLiteSource]:
    with scratch_folder("sqlite") as folder:
        yield SQLiteSource(folder)


@pytest.fixture(scope="session")
def postgresql_source() -> Iterator[PostgreSQLSource]:
    with own_postgresql(in_memory=False) as source:
        yield source
