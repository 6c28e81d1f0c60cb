"""Every statement on messages and on the log of room events."""

from __future__ import annotations

import json

from app.chat import feedback_store
from app.chat.files import store as file_store
from app.chat.model import Author, Card, Feedback, File, GiftCard, Member, Message, Page, Room, RoomEvent
from app.chat.store import members_changed
from app.infra.database import Connection, Row

_MESSAGE = """
message.id, message.room_id, message.seq, message.client_id, message.body, message.at, message.feedback_seq,
message.author_id, account.username, message.card, message.card_for, recipient.username AS recipient, message.files
"""
_FROM = """
FROM message JOIN account ON account.id = message.author_id
LEFT JOIN account AS recipient ON recipient.id = message.card_for
"""
_ABOUT_MESSAGES = ("message.posted", "reaction.changed", "helpful.changed")
_ABOUT_FEEDBACK = ("reaction.changed", "helpful.changed")


async def add_message(db: Connection, message: Message, *, files: int = 0) -> bool:
    """Store a message that is to show so many files; False when its author has used this client_id before."""
    row = await db.one(
        """
        INSERT INTO message (id, room_id, seq, author_id, client_id, body, at, card, card_for, files)
        VALUES (:id, :room_id, :seq, :author_id, :client_id, :body, :at, :card, :card_for, :files)
        ON CONFLICT (author_id, client_id) DO NOTHING RETURNING id
        """,
        id=message.id,
        room_id=message.room_id,
        seq=message.seq,
        author_id=message.author.id,
        client_id=message.client_id,
        body=message.body,
        at=message.at,
        card=None if message.card is None else _card_text(message.card),
        card_for=None if message.card is None else message.card.recipient.id,
        files=files,
    )
    return row is not None


async def message(db: Connection, message_id: int) -> Message | None:
    """A message without its files and what people think of it."""
    row = await db.one(f"SELECT {_MESSAGE} {_FROM} WHERE message.id = :id", id=message_id)
    return None if row is None else _message(row)


async def message_sent_with(db: Connection, author_id: int, client_id: str) -> Message | None:
    """What a person has sent with this client_id before, with what they think of it."""
    row = await db.one(
        f"SELECT {_MESSAGE} {_FROM} WHERE message.author_id = :author_id AND message.client_id = :client_id",
        author_id=author_id,
        client_id=client_id,
    )
    return None if row is None else (await _messages(db, [row], author_id))[0]


async def page_before(db: Connection, room_id: int, before: int, limit: int, *, reader_id: int) -> Page:
    """The newest messages with a number below `before`, oldest first."""
    rows = await db.all(
        f"""
        SELECT {_MESSAGE} {_FROM} WHERE message.room_id = :room_id AND message.seq < :before
        ORDER BY message.seq DESC LIMIT {int(limit) + 1}
        """,
        room_id=room_id,
        before=before,
    )
    return Page(await _messages(db, rows[:limit][::-1], reader_id), len(rows) > limit)


async def page_after(db: Connection, room_id: int, after: int, limit: int, *, reader_id: int) -> Page:
    """The oldest messages with a number above `after`, oldest first."""
    rows = await db.all(
        f"""
        SELECT {_MESSAGE} {_FROM} WHERE message.room_id = :room_id AND message.seq > :after
        ORDER BY message.seq LIMIT {int(limit) + 1}
        """,
        room_id=room_id,
        after=after,
    )
    return Page(await _messages(db, rows[:limit], reader_id), len(rows) > limit)


async def events_after(db: Connection, room: Room, since: int, limit: int, *, reader_id: int) -> list[RoomEvent]:
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
    first, last = rows[0]["seq"], rows[-1]["seq"]
    feedback: dict[int, Feedback] = {}
    if any(row["kind"] in _ABOUT_FEEDBACK for row in rows):
        feedback = await feedback_store.told_by_events(db, room.id, first, last, reader_id)
    messages = await _messages_between(db, room.id, first, last, feedback)
    members = await members_changed(db, room.id, since, last)
    return [_event(room, row, messages, feedback, members) for row in rows]


def _event(
    room: Room, row: Row, messages: dict[int, Message], feedback: dict[int, Feedback], members: dict[int, Member]
) -> RoomEvent:
    kind, subject = row["kind"], row["subject_id"]
    return RoomEvent(
        room_id=room.id,
        seq=row["seq"],
        kind=kind,
        at=row["at"],
        actor=Author(row["actor_id"], row["username"]),
        message=messages[subject] if kind == "message.posted" else None,
        feedback=feedback[subject] if kind in _ABOUT_FEEDBACK else None,
        member=members[subject] if kind == "member.changed" else None,
        room=None if kind in _ABOUT_MESSAGES else room,
    )


async def _messages_between(
    db: Connection, room_id: int, first: int, last: int, feedback: dict[int, Feedback]
) -> dict[int, Message]:
    rows = await db.all(
        f"SELECT {_MESSAGE} {_FROM} WHERE message.room_id = :room_id AND message.seq BETWEEN :first AND :last",
        room_id=room_id,
        first=first,
        last=last,
    )
    files = await _files(db, rows)
    return {row["id"]: _message(row, feedback.get(row["id"]), files.get(row["id"], ())) for row in rows}


async def _messages(db: Connection, rows: list[Row], reader_id: int) -> list[Message]:
    """Messages that follow one another in a room, with their files and what people think of them."""
    feedback: dict[int, Feedback] = {}
    if any(row["feedback_seq"] for row in rows):
        first, last = rows[0], rows[-1]
        feedback = await feedback_store.on_messages(db, first["room_id"], first["seq"], last["seq"], reader_id)
    files = await _files(db, rows)
    return [_message(row, feedback.get(row["id"]), files.get(row["id"], ())) for row in rows]


async def _files(db: Connection, rows: list[Row]) -> dict[int, tuple[File, ...]]:
    """The files of messages of one room; asked for once, and only when there are any."""
    seqs = [row["seq"] for row in rows if row["files"]]
    return await file_store.of_messages(db, rows[0]["room_id"], min(seqs), max(seqs)) if seqs else {}


def _message(row: Row, feedback: Feedback | None = None, files: tuple[File, ...] = ()) -> Message:
    return Message(
        id=row["id"],
        room_id=row["room_id"],
        seq=row["seq"],
        client_id=row["client_id"],
        author=Author(row["author_id"], row["username"]),
        body=row["body"],
        at=row["at"],
        card=None if row["card"] is None else _card(row),
        feedback=feedback,
        files=files,
    )


def _card_text(card: Card) -> str:
    """A card as it is stored, but for the person, whose name is read anew each time."""
    fields = {"kind": "gift", "amount": card.amount, "symbol": card.symbol, "note": card.note}
    return json.dumps(fields, ensure_ascii=False)


def _card(row: Row) -> Card:
    fields = json.loads(row["card"])
    return GiftCard(Author(row["card_for"], row["recipient"]), fields["amount"], fields["symbol"], fields["note"])
