"""Refusals of the economy, and one bug that has a name."""

from __future__ import annotations

from app.core.errors import Conflict, Invalid, NotFound


class NoSuchReward(NotFound):
    code = "not_found"
    title = "No such reward"


class NotAnActivity(Invalid):
    code = "invalid"
    title = "There is no such activity"


class AlreadyClaimed(Conflict):
    code = "already_claimed"
    title = "Claimed already"


class NothingToClaim(Conflict):
    code = "nothing_to_claim"
    title = "The policy has no daily reward"


class UnknownActivity(Exception):
    """The platform told of an activity that no rule knows: a bug in whoever told it, never a person's doing."""
