"""What this room answers. Amounts are micro-tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Measure = Literal["earned", "balance", "gifted"]
Span = Literal["day", "week", "season", "all"]


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody's place on a board. Equal amounts share a rank."""

    rank: int
    account_id: int
    username: str
    tier: str
    amount: int


@dataclass(frozen=True, slots=True)
class Own:
    """One's own place; `shown` says whether others see it. Nobody without an amount has a rank."""

    rank: int | None
    amount: int
    shown: bool


@dataclass(frozen=True, slots=True)
class Board:
    """The top of a board, and the first day it counts (None for all time, and for what one has now)."""

    measure: Measure
    span: Span
    first_day: int | None
    places: list[Place]
    own: Own
