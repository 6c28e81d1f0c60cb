"""What a person may use, asked by lower rooms and answered by whoever knows."""

from __future__ import annotations

from typing import Protocol

from app.infra.database import Connection


class Entitlements(Protocol):
    """Limits of a person. Read in the transaction of the command that asks."""

    async def rooms_max(self, db: Connection, account_id: int) -> int | None:
        """How many rooms the person may own; None for no limit."""
        ...


class PlainEntitlements:
    """The same for everybody."""

    def __init__(self, rooms_max: int | None = None) -> None:
        self._rooms_max = rooms_max

    async def rooms_max(self, db: Connection, account_id: int) -> int | None:
        return self._rooms_max
