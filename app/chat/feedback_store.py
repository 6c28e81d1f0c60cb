"""Every statement on what people think of messages: reactions and helpful votes."""

from __future__ import annotations

from collections import defaultdict

from app.chat.model import PEOPLE_NAMED, Author, Choice, Feedback, Helpful, Reaction
from app.infra.database import Connection, Row

_ON_MESSAGES = """
message.room_id = :room_id AND message.seq BETWEEN :first AND :last AND message.feedback_seq > 0
"""
_TOLD_BY_EVENTS = """
message.feedback_seq > 0 AND message.id IN (
  SELECT subject_id FROM room_event
  WHERE room_id = :room_id AND seq BETWEEN :first AND :last
    AND kind IN ('message.posted', 'reaction.changed', 'helpful.changed')
)
"""
_ON_ONE = "message.id = :message_id AND message.feedback_seq > 0"


async def put_reaction(db: Connection, message_id: int, account_id: int, emoji: str, *, seq: int) -> bool:
    """Put an emoji on a message of a locked room; False when the person had put it there before."""
    row = await db.one(
        """
        INSERT INTO reaction (message_id, account_id, emoji, seq) VALUES (:message_id, :account_id, :emoji, :seq)
        ON CONFLICT (message_id, account_id, emoji) DO NOTHING RETURNING seq
        """,
        message_id=message_id,
        account_id=account_id,
        emoji=emoji,
        seq=seq,
    )
    return row is not None


async def take_reaction(db: Connection, message_id: int, account_id: int, emoji: str) -> bool:
    """Take an emoji away; False when the person had not put it there."""
    row = await db.one(
        """
        DELETE FROM reaction WHERE message_id = :message_id AND account_id = :account_id AND emoji = :emoji
        RETURNING seq
        """,
        message_id=message_id,
        account_id=account_id,
        emoji=emoji,
    )
    return row is not None


async def emojis_on(db: Connection, message_id: int) -> set[str]:
    """The different emoji on a message."""
    rows = await db.all("SELECT DISTINCT emoji FROM reaction WHERE message_id = :message_id", message_id=message_id)
    return {row["emoji"] for row in rows}


async def people_reacting(db: Connection, message_id: int, *, but: int) -> int:
    """How many people have a reaction on a message, one of them left out."""
    row = await db.one(
        "SELECT COUNT(DISTINCT account_id) AS n FROM reaction WHERE message_id = :message_id AND account_id <> :but",
        message_id=message_id,
        but=but,
    )
    return 0 if row is None else row["n"]


async def put_vote(db: Connection, message_id: int, account_id: int, *, seq: int) -> bool:
    """Vote for a message of a locked room; False when the person had voted before."""
    row = await db.one(
        """
        INSERT INTO helpful_vote (message_id, account_id, seq) VALUES (:message_id, :account_id, :seq)
        ON CONFLICT (message_id, account_id) DO NOTHING RETURNING seq
        """,
        message_id=message_id,
        account_id=account_id,
        seq=seq,
    )
    return row is not None


async def take_vote(db: Connection, message_id: int, account_id: int) -> bool:
    """Take a vote back; False when there was none."""
    row = await db.one(
        "DELETE FROM helpful_vote WHERE message_id = :message_id AND account_id = :account_id RETURNING seq",
        message_id=message_id,
        account_id=account_id,
    )
    return row is not None


async def people_voting(db: Connection, message_id: int) -> int:
    """How many people find a message helpful."""
    row = await db.one("SELECT COUNT(*) AS n FROM helpful_vote WHERE message_id = :id", id=message_id)
    return 0 if row is None else row["n"]


async def mark_changed(db: Connection, message_id: int, *, seq: int) -> None:
    """Note which event tells of the newest change."""
    await db.execute("UPDATE message SET feedback_seq = :seq WHERE id = :id", seq=seq, id=message_id)


async def on_messages(db: Connection, room_id: int, first: int, last: int, reader_id: int) -> dict[int, Feedback]:
    """What people think of the messages with these numbers and those between; by message, those without left out."""
    return await _feedback(db, _ON_MESSAGES, reader_id, room_id=room_id, first=first, last=last)


async def told_by_events(db: Connection, room_id: int, first: int, last: int, reader_id: int) -> dict[int, Feedback]:
    """The same for all messages that events with these numbers and those between are about."""
    return await _feedback(db, _TOLD_BY_EVENTS, reader_id, room_id=room_id, first=first, last=last)


async def on_one(db: Connection, message_id: int, reader_id: int) -> Feedback:
    """What people think of one message."""
    found = await _feedback(db, _ON_ONE, reader_id, message_id=message_id)
    return found.get(message_id) or Feedback(message_id, 0, (), Helpful(0, ()), Choice(reader_id, (), helpful=False))


async def _feedback(db: Connection, condition: str, reader_id: int, **params: int) -> dict[int, Feedback]:
    # The numbers first: what is read after them is never older than they say.
    versions = await db.all(f"SELECT message.id, message.feedback_seq FROM message WHERE {condition}", **params)
    if not versions:
        return {}
    reactions = await _marks(db, "reaction", "mark.emoji", condition, reader_id=reader_id, **params)
    votes = await _marks(db, "helpful_vote", "''", condition, reader_id=reader_id, **params)
    return {
        row["id"]: _assemble(row["id"], row["feedback_seq"], reactions[row["id"]], votes[row["id"]], reader_id)
        for row in versions
    }


async def _marks(db: Connection, table: str, emoji: str, condition: str, **params: int) -> dict[int, list[Row]]:
    """For each message, of each emoji: the first who put it there, and the reader; oldest first."""
    rows = await db.all(
        f"""
        SELECT message_id, emoji, people, place, account_id, username FROM (
          SELECT mark.message_id, {emoji} AS emoji, mark.account_id, account.username, mark.seq,
            COUNT(*) OVER (PARTITION BY mark.message_id, {emoji}) AS people,
            ROW_NUMBER() OVER (PARTITION BY mark.message_id, {emoji} ORDER BY mark.seq) AS place
          FROM message JOIN {table} AS mark ON mark.message_id = message.id
            JOIN account ON account.id = mark.account_id
          WHERE {condition}
        ) AS placed
        WHERE place <= {PEOPLE_NAMED} OR account_id = :reader_id
        ORDER BY message_id, seq
        """,
        **params,
    )
    marks: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        marks[row["message_id"]].append(row)
    return marks


def _assemble(message_id: int, seq: int, reactions: list[Row], votes: list[Row], reader_id: int) -> Feedback:
    by_emoji: dict[str, list[Row]] = {}
    for row in reactions:
        by_emoji.setdefault(row["emoji"], []).append(row)
    return Feedback(
        message_id=message_id,
        seq=seq,
        reactions=tuple(Reaction(emoji, rows[0]["people"], _named(rows)) for emoji, rows in by_emoji.items()),
        helpful=Helpful(votes[0]["people"] if votes else 0, _named(votes)),
        choice=Choice(
            reader_id,
            tuple(emoji for emoji, rows in by_emoji.items() if any(row["account_id"] == reader_id for row in rows)),
            helpful=any(row["account_id"] == reader_id for row in votes),
        ),
    )


def _named(rows: list[Row]) -> tuple[Author, ...]:
    return tuple(Author(row["account_id"], row["username"]) for row in rows if row["place"] <= PEOPLE_NAMED)
