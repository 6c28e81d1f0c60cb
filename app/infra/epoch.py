"""The epoch: a name for one history of the database. Clients that hold another one reload everything."""

from __future__ import annotations

import secrets

from typing_extensions import override

from app.infra.database import Database


class Epoch:
    """The epoch of the open database. Loaded when the application starts."""

    def __init__(self) -> None:
        self._value: str | None = None

    @override
    def __str__(self) -> str:
        if self._value is None:
            raise RuntimeError("The epoch is not loaded yet")
        return self._value

    async def load(self, database: Database) -> None:
        """Read the epoch; a database without one gets one."""
        async with database.transaction() as db:
            row = await db.one(
                """
                INSERT INTO database_epoch (id, epoch) VALUES (1, :epoch)
                ON CONFLICT (id) DO UPDATE SET epoch = database_epoch.epoch RETURNING epoch
                """,
                epoch=secrets.token_hex(8),
            )
        assert row is not None
        self._value = row["epoch"]


async def renew_epoch(database: Database) -> str:
    """Begin a new epoch, as is due after a backup was restored; return it."""
    epoch = secrets.token_hex(8)
    async with database.transaction() as db:
        await db.execute(
            "INSERT INTO database_epoch (id, epoch) VALUES (1, :epoch) ON CONFLICT (id) DO UPDATE SET epoch = :epoch",
            epoch=epoch,
        )
    return epoch
