"""The chart of accounts: where value can sit.

An account above 0 is a wallet (a person's main money) or a lot of one; below 0 it is the system's. System accounts
have no balance row, so nobody queues on one: their balance is the sum of their transfers.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

NEVER = 2**63 - 1
"""The expiry of money that does not expire; a number, since NULL sorts differently on the two engines."""


class SystemAccount(IntEnum):
    """Faucets, sinks and what stands for the outside world."""

    ACTIVITY = -1
    """Faucet: rewards for what people do."""
    BURN = -2
    """Sink: work done by tools and devices."""
    SHOP = -3
    """Sink: items bought."""
    ALLOWANCE = -4
    """Faucet: the daily allowance."""
    EVENT = -5
    """Faucet: tokens of seasonal events."""
    DEPOSIT_WORKTOKEN = -10
    DEPOSIT_WORKTHR = -11
    DEPOSIT_BNB = -12
    EXPIRY = -20
    """Sink: money that ran out unspent."""
    DECAY = -21
    """Sink: what dormant balances lose."""
    ADMIN = -30
    """Grants and resets by admins."""
    FEE = -40
    """Sink: fees of gifts and of the marketplace."""


class Priority(IntEnum):
    """What is spent first: the lowest, then what expires first, then the oldest."""

    ALLOWANCE = 10
    EVENT = 20
    MAIN = 50
    DEPOSIT = 60


class Place(NamedTuple):
    """One side of a transfer: an account, and the wallet it belongs to (None for the system's)."""

    account: int
    wallet_id: int | None = None


def main_of(wallet_id: int) -> Place:
    """A person's main money: unrestricted, never expiring."""
    return Place(wallet_id, wallet_id)


def system(account: SystemAccount) -> Place:
    """A faucet or a sink."""
    return Place(int(account))
