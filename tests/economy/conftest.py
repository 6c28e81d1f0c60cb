"""Fixtures of the economy: the shipped policy, a ledger and the services over them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.core.clock import Calendar
from app.core.ids import Ids
from app.economy.earning.service import Economy
from app.economy.ledger.service import Ledger
from app.economy.rules.model import Policy
from app.infra.database import Database
from app.infra.unit_of_work import Transactor
from app.main import Guildhall
from tests.harness.api import Api
from tests.harness.application import PASSWORD, Person, errands_done
from tests.harness.economy import POLICY, House, Member, house
from tests.harness.fakes import FrozenClock


@pytest.fixture
def calendar() -> Calendar:
    return Calendar("UTC")


@pytest.fixture
def policy() -> Policy:
    return POLICY


@pytest.fixture
def rooms(clock: FrozenClock, ids: Ids, calendar: Calendar, policy: Policy) -> House:
    """The rooms of the economy, put together."""
    return house(clock, ids, calendar, policy)


@pytest.fixture
def ledger(rooms: House) -> Ledger:
    return rooms.ledger


@pytest.fixture
def economy(rooms: House) -> Economy:
    return rooms.economy


@pytest.fixture
def member(rooms: House, transactor: Transactor, database: Database) -> Callable[[int], Member]:
    """Makes people: `ana = member(7001)`."""
    return lambda account_id: Member(account_id, rooms, transactor, database)


@pytest.fixture
async def root(app: Guildhall, api: Api) -> Person:
    """The administrator of the whole application, whose 50 tokens for registering are paid."""
    body = {"username": "root", "password": PASSWORD, "token": await app.setup_token()}
    root = Person.signed_in(api, await api.post("/api/auth/setup", json=body, expect=201))
    await errands_done(app)
    return root
