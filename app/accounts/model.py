"""What this room knows of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["member", "admin"]
Registration = Literal["open", "invite", "closed"]


@dataclass(frozen=True, slots=True)
class Person:
    """An account, as others may see it."""

    id: int
    username: str
    role: Role
    created_at: int


@dataclass(frozen=True, slots=True)
class Session:
    """A place where a person is signed in. `label` is what their browser calls itself, shortened."""

    id: int
    account_id: int
    label: str
    created_at: int
    last_seen_at: int


@dataclass(frozen=True, slots=True)
class Invite:
    """Lets `uses_left` more people register until `expires_at`. The code is told once and kept only as a hash."""

    id: int
    uses_left: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What registering asks for, the password already hashed."""

    username: str
    password_hash: str
    public_key: str | None = None
    invite: str | None = None
