"""Every statement of this room: published policies, and the events that multiply rewards."""

from __future__ import annotations

from dataclasses import asdict

from app.economy.rules.model import PublishedText, SeasonalEvent
from app.infra.database import Connection

_EVENT = "id, kind, name, starts_at, ends_at, author_id, created_at, cancelled_at"


async def policies(db: Connection) -> list[PublishedText]:
    """All versions, the oldest first."""
    rows = await db.all(
        "SELECT version, name, source, effective_from, author_id, note, created_at FROM econ_policy ORDER BY version"
    )
    return [PublishedText(**row) for row in rows]


async def add_policy(db: Connection, text: PublishedText) -> bool:
    """Add a version; False if that version exists."""
    row = await db.one(
        """
        INSERT INTO econ_policy (version, name, source, effective_from, author_id, note, created_at)
        VALUES (:version, :name, :source, :effective_from, :author_id, :note, :created_at)
        ON CONFLICT (version) DO NOTHING RETURNING version
        """,
        **asdict(text),
    )
    return row is not None


async def events(db: Connection, ending_after: int) -> list[SeasonalEvent]:
    """Events that have not ended by then and are not cancelled, the first to start first."""
    rows = await db.all(
        f"""
        SELECT {_EVENT} FROM econ_event WHERE ends_at > :after AND cancelled_at IS NULL ORDER BY starts_at, id LIMIT 200
        """,
        after=ending_after,
    )
    return [SeasonalEvent(**row) for row in rows]


async def add_event(db: Connection, event: SeasonalEvent) -> None:
    await db.execute(
        f"""
        INSERT INTO econ_event ({_EVENT})
        VALUES (:id, :kind, :name, :starts_at, :ends_at, :author_id, :created_at, :cancelled_at)
        """,
        **asdict(event),
    )


async def cancel_event(db: Connection, event_id: int, now: int) -> bool:
    """End an event early; False if there is none that has not ended."""
    row = await db.one(
        """
        UPDATE econ_event SET cancelled_at = :now WHERE id = :id AND cancelled_at IS NULL AND ends_at > :now
        RETURNING id
        """,
        id=event_id,
        now=now,
    )
    return row is not None
