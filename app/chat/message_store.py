"""Every statement on messages and on the log of room events."""

from __future__ import annotations

from app.chat.model import Author, Member, Message, Page, Room, RoomEvent
from app.chat.store import members_changed
from app.infra.database import Connection, Row

_MESSAGE = """
message.id, message.room_id, message.seq, message.client_id, message.body, message.at,
message.author_id, account.username
"""
_FROM = "FROM message JOIN account ON account.id = message.author_id"


async def add_message(db: Connection, message: Message) -> bool:
    """Store a message; False when its author has used this client_id before."""
    row = await db.one(
        """
        INSERT INTO message (id, room_id, seq, author_id, client_id, body, at)
        VALUES (:id, :room_id, :seq, :author_id, :client_id, :body, :at)
        ON CONFLICT (author_id, client_id) DO NOTHING RETURNING id
        """,
        id=message.id,
        room_id=message.room_id,
        seq=message.seq,
        author_id=message.author.id,
        client_id=message.client_id,
        body=message.body,
        at=message.at,
    )
    return row is not None


async def message_sent_with(db: Connection, author_id: int, client_id: str) -> Message | None:
    row = await db.one(
        f"SELECT {_MESSAGE} {_FROM} WHERE message.author_id = :author_id AND message.client_id = :client_id",
        author_id=author_id,
        client_id=client_id,
    )
    return None if row is None else _message(row)


async def page_before(db: Connection, room_id: int, before: int, limit: int) -> Page:
    """The newest messages with a number below `before`, oldest first."""
    rows = await db.all(
        f"""
        SELECT {_MESSAGE} {_FROM} WHERE message.room_id = :room_id AND message.seq < :before
        ORDER BY message.seq DESC LIMIT {int(limit) + 1}
        """,
        room_id=room_id,
        before=before,
    )
    return Page([_message(row) for row in reversed(rows[:limit])], len(rows) > limit)


async def page_after(db: Connection, room_id: int, after: int, limit: int) -> Page:
    """The oldest messages with a number above `after`, oldest first."""
    rows = await db.all(
        f"""
        SELECT {_MESSAGE} {_FROM} WHERE message.room_id = :room_id AND message.seq > :after
        ORDER BY message.seq LIMIT {int(limit) + 1}
        """,
        room_id=room_id,
        after=after,
    )
    return Page([_message(row) for row in rows[:limit]], len(rows) > limit)


async def events_after(db: Connection, room: Room, since: int, limit: int) -> list[RoomEvent]:
    """At most `limit` events after a number and up to the head of `room`, each with the state its subject has now.

    A replayed event may so carry a newer state than when it happened; states are whole, so applying it is harmless.
    An older one would not be: what was committed after `room` was read is left for the next time.
    """
    rows = await db.all(
        f"""
        SELECT room_event.seq, room_event.kind, room_event.actor_id, room_event.subject_id, room_event.at,
               account.username
        FROM room_event JOIN account ON account.id = room_event.actor_id
        WHERE room_event.room_id = :room_id AND room_event.seq > :since AND room_event.seq <= :head
        ORDER BY room_event.seq LIMIT {int(limit)}
        """,
        room_id=room.id,
        since=since,
        head=room.head,
    )
    if not rows:
        return []
    upto = rows[-1]["seq"]
    messages = await _messages_between(db, room.id, since, upto)
    changed = await members_changed(db, room.id, since, upto)
    return [_event(room, row, messages, changed) for row in rows]


def _event(room: Room, row: Row, messages: dict[int, Message], changed: dict[int, Member]) -> RoomEvent:
    kind, subject = row["kind"], row["subject_id"]
    return RoomEvent(
        room_id=room.id,
        seq=row["seq"],
        kind=kind,
        at=row["at"],
        actor=Author(row["actor_id"], row["username"]),
        message=messages[subject] if kind == "message.posted" else None,
        member=changed[subject] if kind == "member.changed" else None,
        room=None if kind == "message.posted" else room,
    )


async def _messages_between(db: Connection, room_id: int, after: int, upto: int) -> dict[int, Message]:
    rows = await db.all(
        f"SELECT {_MESSAGE} {_FROM} WHERE message.room_id = :room_id AND message.seq > :after AND message.seq <= :upto",
        room_id=room_id,
        after=after,
        upto=upto,
    )
    return {row["id"]: _message(row) for row in rows}


def _message(row: Row) -> Message:
    return Message(
        id=row["id"],
        room_id=row["room_id"],
        seq=row["seq"],
        client_id=row["client_id"],
        author=Author(row["author_id"], row["username"]),
        body=row["body"],
        at=row["at"],
    )
