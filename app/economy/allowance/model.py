"""What this room answers. Amounts are micro-tokens, times are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

from app.economy.earning.model import Entry


@dataclass(frozen=True, slots=True)
class Today:
    """Today's allowance of a person: what is left of `amount`, what is held for work, and when it is gone."""

    available: int
    held: int
    amount: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What a person can spend on tools: the allowance (None when the policy has none) and all that pays beside it."""

    today: Today | None
    website_cost: int | None
    by_source: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_source.values())


@dataclass(frozen=True, slots=True)
class Page:
    """A page of movements of the allowance and of tool work, newest first. `next` continues it; None at the end."""

    entries: list[Entry]
    next: int | None


@dataclass(frozen=True, slots=True)
class Reset:
    """How far a day's allowances have come."""

    day: int
    due: int
    granted: int
