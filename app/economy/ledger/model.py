"""What the ledger is made of. Amounts are micro-tokens, times are milliseconds.

What is made anew at every movement is a named tuple: as unchanging as a frozen dataclass, and made in a third of its
time.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

from app.core.errors import AppError
from app.economy.ledger.accounts import NEVER, Place

JsonObject = dict[str, Any]

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


class TransferKind(IntEnum):
    """What a transfer does. The last three each resolve one PENDING, which is resolved at most once."""

    POSTED = 0
    PENDING = 1
    CAPTURED = 2
    VOIDED = 3
    EXPIRED = 4


class Purpose(StrEnum):
    """What money is being spent on; restricted lots pay for their own purpose only."""

    GIFT = "gift"
    SHOP = "shop"
    TOOLS = "tools"
    DEVICES = "devices"


class Wallet(NamedTuple):
    """A person's hot row.

    The day counters belong to `earn_day`, the week counter to the ISO week of that day. `tier` is the one last told to
    the person; `streak_days` are the days in a row, up to `streak_day`, on which the daily reward was claimed.
    """

    id: int
    owner_id: int
    main_available: int
    lot_available: int
    held: int
    earn_day: int
    earn_day_used: int
    earn_week_used: int
    next_expiry_at: int
    version: int
    tier: str = ""
    streak_days: int = 0
    streak_day: int = 1
    streak_best: int = 0

    @property
    def available(self) -> int:
        return self.main_available + self.lot_available


class Lot(NamedTuple):
    """Money with an expiry or a restriction. `reserved_for` is a `Purpose`, or empty for any."""

    id: int
    wallet_id: int
    lot_key: str
    source: str
    priority: int
    expires_at: int
    giftable: int
    reserved_for: str
    available: int
    held: int

    def pays_for(self, purpose: Purpose) -> bool:
        """Whether this lot may be spent on `purpose`."""
        if purpose is Purpose.GIFT and not self.giftable:
            return False
        return self.reserved_for in ("", purpose)


@dataclass(frozen=True, slots=True)
class LotTerms:
    """What a new lot is to be. One wallet has one lot of a key (at most 64 characters); more money joins it."""

    key: str
    source: str
    priority: int
    expires_at: int = NEVER
    giftable: bool = False
    reserved_for: Purpose | None = None


class Transfer(NamedTuple):
    """One immutable movement, as it is stored. `returned` is what a resolution gives back to the debit side."""

    id: int
    op_id: int
    kind: TransferKind
    code: str
    amount: int
    debit: Place
    credit: Place
    day: int
    created_at: int
    returned: int = 0
    pending_id: int | None = None
    reverses_id: int | None = None
    expires_at: int | None = None


class Tally(NamedTuple):
    """What ops add to a wallet's day under one code: how often it was `done`, what came and what went.

    `came_ops` and `went_ops` count the ops that moved something. `came_max` is the most that may have come in all on
    that day under that code; None for no limit.
    """

    wallet_id: int
    day: int
    code: str
    done: int = 0
    came: int = 0
    went: int = 0
    came_ops: int = 0
    went_ops: int = 0
    came_max: int | None = None


@dataclass(frozen=True, slots=True)
class OpRequest:
    """What is asked of the ledger, and the key under which asking again is the same asking.

    `scope` (at most 64 characters) names whose keys these are, `key` (at most 128) the request within it. `request`
    holds what the caller asked for, in JSON values, never what was derived from it: a repeated request must hash to
    the same even when balances or rules have moved in between.
    """

    scope: str
    key: str
    kind: str
    actor: int
    request: JsonObject
    policy_version: int = 0

    @property
    def name(self) -> tuple[str, str]:
        """By which it is looked up."""
        return self.scope, self.key

    def digest(self) -> str:
        """The hash by which a repeated request is told from another one under the same key."""
        asked = {"kind": self.kind, "actor": self.actor, "request": self.request}
        return hashlib.sha256(_canonical(asked).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an op: applied, or refused for good.

    A refusal is an outcome and not an exception, because the transaction that stores it has to commit: whoever opened
    the transaction calls `unwrap()` after it has. `replayed` says the outcome was stored by an earlier request.
    """

    op_id: int
    result: JsonObject
    refusal: AppError | None = None
    replayed: bool = False

    def unwrap(self) -> JsonObject:
        """The result, or the refusal raised. Inside the transaction it would undo the op that stores the refusal."""
        if self.refusal is not None:
            raise self.refusal
        return self.result


@dataclass(frozen=True, slots=True)
class Leg:
    """A transfer as one wallet sees it, for its statement."""

    transfer_id: int
    op_id: int
    op_kind: str
    code: str
    created_at: int
    version: int
    change: int
    balance_after: int
    source: str


@dataclass(frozen=True, slots=True)
class StoredOp:
    """An op that has its outcome."""

    id: int
    kind: str
    actor_id: int
    policy_version: int
    applied: bool
    result: JsonObject
    created_at: int
