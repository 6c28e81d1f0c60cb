"""Facts of the economy."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.events import Fact
from app.economy.earning.model import Balance


@dataclass(frozen=True, slots=True)
class RewardGranted(Fact):
    """Somebody earned `amount` by an activity and has `balance` to spend now."""

    account_id: int
    op_id: int
    activity: str
    amount: int
    balance: int
    at: int


@dataclass(frozen=True, slots=True)
class WalletChanged(Fact):
    """Somebody's money moved; `balance` is how it stands after that."""

    account_id: int
    balance: Balance


@dataclass(frozen=True, slots=True)
class TierChanged(Fact):
    """Somebody holds another tier now; `up` when it is the higher one."""

    account_id: int
    before: str
    tier: str
    up: bool
    at: int


@dataclass(frozen=True, slots=True)
class NewcomerActive(Fact):
    """Somebody who had been invited has become active; happens once."""

    account_id: int
    inviter_id: int
    at: int
