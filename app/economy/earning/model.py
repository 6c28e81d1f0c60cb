"""What this room is told and what it answers. Amounts are micro-tokens, times are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.economy.ledger.model import Leg
from app.economy.rules.model import Decision, Tier, TierBasis


@dataclass(frozen=True, slots=True)
class Activity:
    """Something a person did that may earn, in neutral words.

    `key` identifies the telling: the same thing told again has the same key, and is rewarded once. `counterpart` is
    the other person in it, such as the owner of a room that was joined. `subject` is what it was done to, for rules
    that reward once for each. `fingerprint` stands for its content: equal content of one person has an equal one.
    `weight` is how many times the reward it is worth, `amount` the money it is about, such as a gift's. `reached` is
    how far it has come, for rules that ask for a least: people who took part, days. `key`, `subject` and
    `fingerprint` have at most 128 characters.
    """

    kind: str
    actor: int
    occurred_at: int
    key: str
    counterpart: int | None = None
    subject: str | None = None
    fingerprint: str | None = None
    weight: int = 1
    amount: int = 0
    reached: int = 1

    def to_json(self) -> dict[str, Any]:
        """As JSON values, for the outbox."""
        return {name: getattr(self, name) for name in Activity.__slots__}

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> Activity:
        """From what `to_json` gave."""
        return cls(**payload)


@dataclass(frozen=True, slots=True)
class Rewarded:
    """What came of an activity: the op that recorded it, and the decision with its arithmetic."""

    op_id: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class Window:
    """How much of a cap has been earned in the window that is running; a cap of None is no limit."""

    earned: int
    cap: int | None


@dataclass(frozen=True, slots=True)
class Balance:
    """A person's money at one moment. `balance` can be spent; `held` is set aside beside it."""

    account_id: int
    balance: int
    held: int
    by_source: dict[str, int]
    tier: Tier
    next_tier: Tier | None
    today: Window
    week: Window
    token: str
    symbol: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's tier and what it rests on: `value` micro-tokens by the policy's basis."""

    tier: Tier
    next_tier: Tier | None
    basis: TierBasis
    value: int


@dataclass(frozen=True, slots=True)
class Streak:
    """Days in a row on which the daily reward was claimed.

    `days` is 0 once a day was missed. `claimed` are the days of this and last month on which it was claimed.
    `claimable` says whether today's is still to be had, `next_at` when the next one is.
    """

    days: int
    best: int
    today: int
    claimable: bool
    next_at: int
    claimed: list[int]
    factor: int
    next_factor: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What claiming the daily reward brought, and the streak it made."""

    day: int
    streak_days: int
    rewards: list[tuple[str, Rewarded]]
    next_at: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a statement. `kind` is what was asked for, `reason` what for; `source` the money that moved."""

    id: int
    op_id: int
    at: int
    kind: str
    reason: str
    amount: int
    balance_after: int
    source: str

    @classmethod
    def of(cls, leg: Leg) -> Entry:
        """A movement of a wallet as its owner reads it."""
        return cls(
            id=leg.transfer_id,
            op_id=leg.op_id,
            at=leg.created_at,
            kind=leg.op_kind,
            reason=leg.code,
            amount=leg.change,
            balance_after=leg.balance_after,
            source=leg.source,
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """A page of a wallet's history, newest first. `next` continues it; None at the end."""

    entries: list[Entry]
    next: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a reward was what it was, from what was recorded when it was decided."""

    op_id: int
    account_id: int
    at: int
    activity: str
    policy_version: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class CapCheck:
    """What an activity would earn now. `resets_at` is when the window that binds first begins anew."""

    activity: str
    decision: Decision
    resets_at: int
