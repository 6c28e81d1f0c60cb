"""One imagined account: its money, and the windows and counts that the rules look at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from app.core.money import TOKEN
from app.economy.rules.model import Goal, GoalWindow, Once
from app.economy.rules.policy import first_of_year, week_of, window_day

RECENT_DAYS = 90
SUMS = frozenset({"tokens_given", "tokens_earned"})
"""Counters of micro-tokens; their goals are in tokens."""


@dataclass(slots=True)
class Counts:
    """What was done within one window, by counter, and which of its goals were reached."""

    done: Counter[str] = field(default_factory=Counter)
    goals: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Account:
    """An account as of `day`, the last day it was touched."""

    id: int
    balance: int = 0
    tier: str = ""
    streak_day: int = 0
    streak_days: int = 0
    day: int = 0
    earned_today: int = 0
    earned_week: int = 0
    earned_ever: int = 0
    earned_by_day: dict[int, int] = field(default_factory=dict)
    came_today: Counter[str] = field(default_factory=Counter)
    came_year: Counter[str] = field(default_factory=Counter)
    counts: dict[GoalWindow, Counts] = field(
        default_factory=lambda: {"ever": Counts(), "week": Counts(), "day": Counts()}
    )
    active_days: list[int] = field(default_factory=list)
    claimed: set[tuple[str, str]] = field(default_factory=set)
    claimed_today: set[tuple[str, str]] = field(default_factory=set)
    rooms: int = 0
    gifts_today: int = 0
    given_today: int = 0
    allowance: int = 0

    def turn_to(self, day: int) -> None:
        """Begin the windows anew that have passed since it was last touched."""
        if day == self.day:
            return
        day = window_day(self.day, day)
        if self.day == 0 or week_of(day) != week_of(self.day):
            self.earned_week = 0
            self.counts["week"] = Counts()
        if self.day == 0 or first_of_year(day) != first_of_year(self.day):
            self.came_year.clear()
        self.day = day
        self.earned_today = self.gifts_today = self.given_today = 0
        self.came_today.clear()
        self.claimed_today.clear()
        self.counts["day"] = Counts()

    def claim(self, kind: str, once: Once, subject: str | None) -> bool:
        """Note what is rewarded once; False if it has been. Without a subject, it was done to something new."""
        if subject is None and once != "ever":
            return True
        claims = self.claimed_today if once == "day" else self.claimed
        claim = (kind, "" if once == "ever" else subject or "")
        if claim in claims:
            return False
        claims.add(claim)
        return True

    def count(self, counter: str, by: int = 1) -> None:
        """Note that something was done that counted."""
        for counts in self.counts.values():
            counts.done[counter] += by

    def be_active(self) -> None:
        """Note that something was done on this day, whatever it was."""
        if not self.active_days or self.active_days[-1] != self.day:
            self.active_days.append(self.day)
            self.count("active_days")

    def receive_reward(self, kind: str, amount: int) -> None:
        """Take what a reward brought, into the money and into every window of the caps."""
        self.balance += amount
        self.earned_today += amount
        self.earned_week += amount
        self.earned_ever += amount
        self.earned_by_day[self.day] = self.earned_by_day.get(self.day, 0) + amount
        self.came_today[kind] += amount
        self.came_year[kind] += amount
        self.count("tokens_earned", amount)

    def earned_recently(self) -> int:
        """What rewards brought in the last 90 days."""
        return sum(amount for day, amount in self.earned_by_day.items() if day > self.day - RECENT_DAYS)

    def progress(self, goal: Goal) -> int:
        """How far it has come towards a goal: how often, days of the streak, or whole tokens."""
        if goal.counter == "streak_days":
            return self.streak_days
        done = self.counts[goal.window].done[goal.counter]
        return done // TOKEN if goal.counter in SUMS else done

    def reached(self, goal: Goal) -> bool:
        """Whether a goal's reward was claimed in this window."""
        return goal.id in self.counts[goal.window].goals

    def reach(self, goal: Goal) -> None:
        """Note that a goal's reward was claimed."""
        self.counts[goal.window].goals.add(goal.id)
