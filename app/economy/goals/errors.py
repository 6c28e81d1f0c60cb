"""Refusals of this room."""

from __future__ import annotations

from app.core.errors import Conflict, NotFound


class NoSuchGoal(NotFound):
    code = "not_found"
    title = "No such achievement"


class NotReached(Conflict):
    code = "not_reached"
    title = "Not reached yet"


class GoalClaimedAlready(Conflict):
    code = "goal_claimed"
    title = "Claimed already"
