"""Fixtures of the economy: the shipped policy, a ledger and the service over them."""

from __future__ import annotations

import pytest

from app.core.clock import Calendar
from app.core.ids import Ids
from app.economy.earning.service import Economy
from app.economy.ledger.service import Ledger
from app.economy.rules.model import Policy
from app.economy.rules.policy_file import load_policy
from tests.harness.fakes import FrozenClock


@pytest.fixture
def calendar() -> Calendar:
    return Calendar("UTC")


@pytest.fixture
def policy() -> Policy:
    return load_policy()


@pytest.fixture
def ledger(clock: FrozenClock, ids: Ids, calendar: Calendar) -> Ledger:
    return Ledger(clock, ids, calendar)


@pytest.fixture
def economy(ledger: Ledger, policy: Policy, calendar: Calendar, clock: FrozenClock) -> Economy:
    return Economy(ledger, policy, calendar, clock)
