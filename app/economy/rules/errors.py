"""Refusals of this room."""

from __future__ import annotations

from app.core.errors import Conflict, Invalid, NotFound


class PolicyRefused(Invalid):
    code = "policy_refused"
    title = "This policy cannot be used"


class TooSoon(Invalid):
    code = "too_soon"
    title = "Every node needs a little notice"


class PublishedMeanwhile(Conflict):
    code = "published_meanwhile"
    title = "Another version was published meanwhile"


class NoSuchEvent(NotFound):
    code = "not_found"
    title = "No such event"
