"""What a person may use, asked by lower rooms and answered by whoever knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.infra.database import Connection

GIB = 1024**3
MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Benefits:
    """Limits and permissions of a person; a limit of None is no limit.

    `gifts_day` is in micro-tokens, `storage` and `file` in bytes. `perks` name what the person may do beside.
    """

    rooms_max: int | None = None
    gifts_day: int | None = None
    storage: int = GIB
    file: int = 10 * MIB
    perks: frozenset[str] = frozenset()


class Entitlements(Protocol):
    """Whoever knows what a person may use. Asked in the transaction of the command that wants to know."""

    async def benefits(self, db: Connection, account_id: int) -> Benefits: ...
