"""Every statement on files, who opened them, and the storage they take."""

from __future__ import annotations

from collections import defaultdict

from app.chat.files.model import Content, Draft, StoredFile
from app.chat.model import File
from app.infra.database import Connection, Row

_FILE = "file.id, file.name, file.size, file.media_type, file.width, file.height"
_STORED = f"{_FILE}, file.owner_id, file.room_id, file.sha256, file.message_id"
_LOOSE = "message_id IS NULL AND state <> 'discarded'"


async def reserve(db: Connection, owner_id: int, size: int, limit: int) -> bool:
    """Set storage aside for a person; False, and nothing, when all they use would be above the limit."""
    if size > limit:
        return False
    row = await db.one(
        """
        INSERT INTO file_storage (owner_id, used) VALUES (:owner_id, :size)
        ON CONFLICT (owner_id) DO UPDATE SET used = file_storage.used + :size
        WHERE file_storage.used + :size <= :limit
        RETURNING used
        """,
        owner_id=owner_id,
        size=size,
        limit=limit,
    )
    return row is not None


async def release(db: Connection, owner_id: int, size: int) -> None:
    """Give storage back."""
    await db.execute(
        "UPDATE file_storage SET used = used - :size WHERE owner_id = :owner_id", size=size, owner_id=owner_id
    )


async def used(db: Connection, owner_id: int) -> int:
    row = await db.one("SELECT used FROM file_storage WHERE owner_id = :id", id=owner_id)
    return 0 if row is None else row["used"]


async def add(db: Connection, draft: Draft) -> None:
    await db.execute(
        """
        INSERT INTO file (id, owner_id, room_id, name, state, size, created_at)
        VALUES (:id, :owner_id, :room_id, :name, 'uploading', :size, :created_at)
        """,
        id=draft.id,
        owner_id=draft.owner_id,
        room_id=draft.room_id,
        name=draft.name,
        size=draft.reserved,
        created_at=draft.created_at,
    )


async def complete(db: Connection, file_id: int, content: Content) -> bool:
    """Note that all bytes are there and what they are; False when the file was discarded meanwhile."""
    row = await db.one(
        """
        UPDATE file SET state = 'stored', size = :size, sha256 = :sha256, media_type = :media_type,
          width = :width, height = :height
        WHERE id = :id AND state = 'uploading' RETURNING id
        """,
        id=file_id,
        size=content.size,
        sha256=content.sha256,
        media_type=content.media_type,
        width=content.width,
        height=content.height,
    )
    return row is not None


async def show(
    db: Connection, file_id: int, message_id: int, place: int, *, owner_id: int, room_id: int
) -> StoredFile | None:
    """Let a message show a person's own file of the same room; None unless it is there and no message shows it."""
    row = await db.one(
        f"""
        UPDATE file SET message_id = :message_id, place = :place
        WHERE id = :id AND owner_id = :owner_id AND room_id = :room_id AND state = 'stored' AND message_id IS NULL
        RETURNING {_STORED.replace("file.", "")}
        """,
        id=file_id,
        message_id=message_id,
        place=place,
        owner_id=owner_id,
        room_id=room_id,
    )
    return None if row is None else _stored(row)


async def file(db: Connection, file_id: int) -> StoredFile | None:
    """A file that is all there."""
    row = await db.one(f"SELECT {_STORED} FROM file WHERE id = :id AND state = 'stored'", id=file_id)
    return None if row is None else _stored(row)


async def of_messages(db: Connection, room_id: int, first: int, last: int) -> dict[int, tuple[File, ...]]:
    """The files of the messages with these numbers and those between; by message, those without left out."""
    rows = await db.all(
        f"""
        SELECT {_FILE}, file.message_id FROM message JOIN file ON file.message_id = message.id
        WHERE message.room_id = :room_id AND message.seq BETWEEN :first AND :last AND message.files > 0
        ORDER BY file.message_id, file.place
        """,
        room_id=room_id,
        first=first,
        last=last,
    )
    files: dict[int, tuple[File, ...]] = defaultdict(tuple)
    for row in rows:
        files[row["message_id"]] += (_file(row),)
    return files


async def count_opening(db: Connection, file_id: int, account_id: int, *, at: int) -> int | None:
    """Count a person among those who opened a file; how many they are now, None when this one had before.

    The file stays locked, so that people who come at once are counted one after another.
    """
    first = await db.one(
        """
        INSERT INTO file_opening (file_id, account_id, at) VALUES (:file_id, :account_id, :at)
        ON CONFLICT (file_id, account_id) DO NOTHING RETURNING file_id
        """,
        file_id=file_id,
        account_id=account_id,
        at=at,
    )
    if first is None:
        return None
    row = await db.one("UPDATE file SET people = people + 1 WHERE id = :id RETURNING people", id=file_id)
    return None if row is None else row["people"]


async def discard(db: Connection, file_id: int) -> bool:
    """Let nobody use a file any more; False when a message shows it, or it was discarded before."""
    row = await db.one(f"UPDATE file SET state = 'discarded' WHERE id = :id AND {_LOOSE} RETURNING id", id=file_id)
    return row is not None


async def discard_unused(db: Connection, before: int, limit: int) -> None:
    """The same for files that have waited for a message, or for their own bytes, since before a moment."""
    await db.execute(
        f"""
        UPDATE file SET state = 'discarded' WHERE id IN (
          SELECT id FROM file WHERE created_at < :before AND {_LOOSE} ORDER BY created_at LIMIT {int(limit)}
        ) AND {_LOOSE}
        """,
        before=before,
    )


async def discarded(db: Connection, before: int, limit: int) -> list[int]:
    """Files made before a moment whose bytes are to be removed."""
    rows = await db.all(
        f"""
        SELECT id FROM file WHERE message_id IS NULL AND state = 'discarded' AND created_at < :before
        ORDER BY created_at LIMIT {int(limit)}
        """,
        before=before,
    )
    return [row["id"] for row in rows]


async def forget(db: Connection, file_id: int) -> None:
    """Drop a discarded file whose bytes are gone, and give its storage back."""
    row = await db.one("DELETE FROM file WHERE id = :id AND state = 'discarded' RETURNING owner_id, size", id=file_id)
    if row is not None:
        await release(db, row["owner_id"], row["size"])


def _stored(row: Row) -> StoredFile:
    return StoredFile(_file(row), row["owner_id"], row["room_id"], row["sha256"], row["message_id"])


def _file(row: Row) -> File:
    return File(row["id"], row["name"], row["size"], row["media_type"], row["width"], row["height"])
