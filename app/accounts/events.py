"""Facts of this room."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.events import Fact


@dataclass(frozen=True, slots=True)
class PersonRegistered(Fact):
    """A new account exists."""

    account_id: int
    invited_by: int | None
    at: int


@dataclass(frozen=True, slots=True)
class SessionsEnded(Fact):
    """Sessions were signed out or revoked; whatever is connected through them must go."""

    account_id: int
    session_ids: tuple[int, ...]
