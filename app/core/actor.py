"""Who gives a command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person, through one of their sessions."""

    id: int
    username: str
    is_admin: bool
    session_id: int
