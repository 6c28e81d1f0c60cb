"""Every statement on rooms and their members."""

from __future__ import annotations

from app.chat.model import UNREAD_MAX, Author, EventKind, GivenRole, Member, MemberRole, Membership, Room
from app.infra.database import Connection, Row

_ROOM = "room.id, room.kind, room.name, room.topic, room.owner_id, room.seq, room.members, room.created_at"
_MEMBER = """
SELECT account.id, account.username, member.active, member.role, member.joined_at, room.owner_id
FROM member JOIN account ON account.id = member.account_id JOIN room ON room.id = member.room_id
WHERE member.room_id = :room_id
"""
_UNREAD = f"""
(SELECT COUNT(*) FROM (
  SELECT 1 FROM message
  WHERE message.room_id = member.room_id AND message.seq > member.read_seq AND message.author_id <> member.account_id
  LIMIT {UNREAD_MAX}
) AS waiting)
"""


async def lock_room(db: Connection, room_id: int) -> Room | None:
    """The room, locked for this transaction. What a decision rests on is read after this, in later statements."""
    row = await db.one(f"UPDATE room SET seq = seq WHERE id = :id RETURNING {_ROOM.replace('room.', '')}", id=room_id)
    return None if row is None else _room(row)


async def next_seq(db: Connection, room_id: int) -> int | None:
    """Lock the room and take its next event number. Held to the commit, so commit order is number order."""
    row = await db.one("UPDATE room SET seq = seq + 1 WHERE id = :id RETURNING seq", id=room_id)
    return None if row is None else row["seq"]


async def add_event(
    db: Connection, room_id: int, seq: int, kind: EventKind, *, actor_id: int, subject_id: int, at: int
) -> None:
    await db.execute(
        """
        INSERT INTO room_event (room_id, seq, kind, actor_id, subject_id, at)
        VALUES (:room_id, :seq, :kind, :actor_id, :subject_id, :at)
        """,
        room_id=room_id,
        seq=seq,
        kind=kind,
        actor_id=actor_id,
        subject_id=subject_id,
        at=at,
    )


async def add_room(db: Connection, room: Room, client_id: str) -> bool:
    """Store a new room; False when its maker has used this client_id before."""
    row = await db.one(
        """
        INSERT INTO room (id, kind, name, name_folded, topic, owner_id, client_id, created_at)
        VALUES (:id, :kind, :name, :name_folded, :topic, :owner_id, :client_id, :created_at)
        ON CONFLICT (owner_id, client_id) DO NOTHING RETURNING id
        """,
        id=room.id,
        kind=room.kind,
        name=room.name,
        name_folded=room.name.casefold(),
        topic=room.topic,
        owner_id=room.owner_id,
        client_id=client_id,
        created_at=room.created_at,
    )
    return row is not None


async def room(db: Connection, room_id: int) -> Room | None:
    row = await db.one(f"SELECT {_ROOM} FROM room WHERE id = :id", id=room_id)
    return None if row is None else _room(row)


async def room_made_with(db: Connection, owner_id: int, client_id: str) -> Room | None:
    row = await db.one(
        f"SELECT {_ROOM} FROM room WHERE owner_id = :owner_id AND client_id = :client_id",
        owner_id=owner_id,
        client_id=client_id,
    )
    return None if row is None else _room(row)


async def rooms_owned(db: Connection, owner_id: int) -> int:
    row = await db.one("SELECT COUNT(*) AS n FROM room WHERE owner_id = :owner_id", owner_id=owner_id)
    return 0 if row is None else row["n"]


async def discover(db: Connection, account_id: int, search: str, limit: int) -> list[tuple[Room, bool]]:
    """Public rooms whose name contains the text, largest first, and whether the person is in them."""
    escaped = search.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = await db.all(
        f"""
        SELECT {_ROOM}, COALESCE(member.active, 0) AS joined
        FROM room LEFT JOIN member ON member.room_id = room.id AND member.account_id = :account_id
        WHERE room.kind = 'public' AND room.name_folded LIKE :pattern ESCAPE '\\'
        ORDER BY room.members DESC, room.id DESC LIMIT {int(limit)}
        """,
        account_id=account_id,
        pattern=f"%{escaped}%",
    )
    return [(_room(row), bool(row["joined"])) for row in rows]


async def is_member(db: Connection, room_id: int, account_id: int) -> bool:
    row = await db.one(
        "SELECT 1 AS yes FROM member WHERE room_id = :room_id AND account_id = :account_id AND active = 1",
        room_id=room_id,
        account_id=account_id,
    )
    return row is not None


async def membership(db: Connection, room_id: int, account_id: int) -> Membership | None:
    found = await _memberships(db, account_id, "AND member.room_id = :room_id", room_id=room_id)
    return found[0] if found else None


async def memberships(db: Connection, account_id: int) -> list[Membership]:
    """The rooms a person is in, oldest membership first."""
    return await _memberships(db, account_id, "")


async def membership_count(db: Connection, account_id: int) -> int:
    row = await db.one("SELECT COUNT(*) AS n FROM member WHERE account_id = :id AND active = 1", id=account_id)
    return 0 if row is None else row["n"]


async def heads(db: Connection, account_id: int) -> dict[int, int]:
    """The newest event number of each room a person is in."""
    rows = await db.all(
        """
        SELECT room.id, room.seq FROM member JOIN room ON room.id = member.room_id
        WHERE member.account_id = :id AND member.active = 1
        """,
        id=account_id,
    )
    return {row["id"]: row["seq"] for row in rows}


async def enter(db: Connection, room_id: int, account_id: int, *, read_seq: int, at: int) -> bool:
    """Make a person a member of a locked room they are not in; True when they had never been."""
    first = await db.one(
        """
        INSERT INTO member (room_id, account_id, active, read_seq, joined_at)
        VALUES (:room_id, :account_id, 1, :read_seq, :at)
        ON CONFLICT (room_id, account_id) DO NOTHING RETURNING account_id
        """,
        room_id=room_id,
        account_id=account_id,
        read_seq=read_seq,
        at=at,
    )
    if first is None:
        await db.execute(
            """
            UPDATE member SET active = 1, read_seq = :read_seq, joined_at = :at
            WHERE room_id = :room_id AND account_id = :account_id
            """,
            room_id=room_id,
            account_id=account_id,
            read_seq=read_seq,
            at=at,
        )
    await db.execute("UPDATE room SET members = members + 1 WHERE id = :id", id=room_id)
    return first is not None


async def leave(db: Connection, room_id: int, account_id: int) -> None:
    """Take a member out of a locked room, and their role from them."""
    await db.execute(
        "UPDATE member SET active = 0, role = 'member' WHERE room_id = :room_id AND account_id = :account_id",
        room_id=room_id,
        account_id=account_id,
    )
    await db.execute("UPDATE room SET members = members - 1 WHERE id = :id", id=room_id)


async def members(db: Connection, room_id: int, *, limit: int) -> list[Member]:
    """Who is in a room, in order of joining."""
    rows = await db.all(
        f"{_MEMBER} AND member.active = 1 ORDER BY member.joined_at, account.id LIMIT {int(limit)}", room_id=room_id
    )
    return [_member(row) for row in rows]


async def member(db: Connection, room_id: int, account_id: int) -> Member:
    """Somebody who is in a room or has been."""
    row = await db.one(f"{_MEMBER} AND member.account_id = :account_id", room_id=room_id, account_id=account_id)
    assert row is not None
    return _member(row)


async def set_role(db: Connection, room_id: int, account_id: int, role: GivenRole) -> bool:
    """Give a member of a locked room a role; False when they have it."""
    row = await db.one(
        """
        UPDATE member SET role = :role WHERE room_id = :room_id AND account_id = :account_id AND role <> :role
        RETURNING account_id
        """,
        role=role,
        room_id=room_id,
        account_id=account_id,
    )
    return row is not None


async def members_changed(db: Connection, room_id: int, after: int, upto: int) -> dict[int, Member]:
    """Those whom events between two numbers are about, as they are now, the ones who left too; by person."""
    rows = await db.all(
        f"""
        {_MEMBER} AND member.account_id IN (
          SELECT subject_id FROM room_event
          WHERE room_id = :room_id AND seq > :after AND seq <= :upto AND kind = 'member.changed'
        )
        """,
        room_id=room_id,
        after=after,
        upto=upto,
    )
    return {row["id"]: _member(row) for row in rows}


async def move_read(db: Connection, room_id: int, account_id: int, seq: int) -> bool:
    """Move a read position forward, never back and never past the newest event; True when it moved."""
    row = await db.one(
        """
        UPDATE member SET read_seq = :seq
        WHERE room_id = :room_id AND account_id = :account_id AND active = 1 AND read_seq < :seq
          AND :seq <= (SELECT room.seq FROM room WHERE room.id = :room_id)
        RETURNING read_seq
        """,
        seq=seq,
        room_id=room_id,
        account_id=account_id,
    )
    return row is not None


async def _memberships(db: Connection, account_id: int, condition: str, **params: int) -> list[Membership]:
    rows = await db.all(
        f"""
        SELECT {_ROOM}, member.role, member.read_seq, {_UNREAD} AS unread
        FROM member JOIN room ON room.id = member.room_id
        WHERE member.account_id = :account_id AND member.active = 1 {condition}
        ORDER BY member.joined_at, room.id
        """,
        account_id=account_id,
        **params,
    )
    return [Membership(_room(row), _role(row, account_id), row["read_seq"], row["unread"]) for row in rows]


def _member(row: Row) -> Member:
    role = _role(row, row["id"]) if row["active"] else None
    return Member(Author(row["id"], row["username"]), role, row["joined_at"])


def _role(row: Row, account_id: int) -> MemberRole:
    role: MemberRole = "owner" if row["owner_id"] == account_id else row["role"]
    return role


def _room(row: Row) -> Room:
    return Room(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        topic=row["topic"],
        owner_id=row["owner_id"],
        head=row["seq"],
        members=row["members"],
        created_at=row["created_at"],
    )
