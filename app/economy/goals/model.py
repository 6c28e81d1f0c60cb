"""What this room answers. Amounts are micro-tokens, times are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

from app.economy.rules.model import Goal


@dataclass(frozen=True, slots=True)
class Counted:
    """What a person did in a window, by code, and on how many days they did anything."""

    done: dict[str, int]
    gifts_sent: int
    gifts_received: int
    given: int
    earned: int
    active_days: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a person is with a goal. `would_grant` is what the caps leave of the reward right now."""

    goal: Goal
    progress: int
    claimed_at: int | None
    would_grant: int

    @property
    def reached(self) -> bool:
        return self.progress >= self.goal.count

    @property
    def claimable(self) -> bool:
        return self.reached and self.claimed_at is None


@dataclass(frozen=True, slots=True)
class GoalClaimed:
    """A goal's bonus that was paid, and the op that explains it."""

    goal_id: str
    op_id: int
    granted: int
