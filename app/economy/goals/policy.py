"""How goals are counted, and which window counts. Pure."""

from __future__ import annotations

from app.core.money import TOKEN
from app.economy.goals.model import Counted
from app.economy.rules.model import Goal
from app.economy.rules.policy import week_of


def activity_of(goal: Goal) -> str:
    """What reaching it is told to the economy as."""
    return "achievement" if goal.window == "ever" else "quest"


def window_of(goal: Goal, day: int) -> str:
    """The name of the window that runs on a day; a goal is claimed once in each."""
    names = {"ever": "", "day": str(day), "week": str(week_of(day))}
    return names[goal.window]


def first_day(goal: Goal, day: int) -> int:
    """The first day that counts."""
    firsts = {"ever": 0, "day": day, "week": day - (day - 1) % 7}
    return firsts[goal.window]


def subject_of(goal: Goal, day: int) -> str:
    """What is claimed once: the goal in its window."""
    window = window_of(goal, day)
    return f"{goal.id}:{window}" if window else goal.id


def progress(goal: Goal, counted: Counted, best_streak: int) -> int:
    """How much of a goal's counter has been reached."""
    sums = {
        "active_days": counted.active_days,
        "streak_days": best_streak,
        "gifts_sent": counted.gifts_sent,
        "gifts_received": counted.gifts_received,
        "tokens_given": counted.given // TOKEN,
        "tokens_earned": counted.earned // TOKEN,
    }
    return sums.get(goal.counter, counted.done.get(goal.counter, 0))
