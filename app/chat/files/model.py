"""What this room keeps of a file besides its bytes. Sizes are in bytes."""

from __future__ import annotations

from dataclasses import dataclass

from app.chat.model import File


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that is on its way, the storage set aside for it, and the most that one file of its owner may have."""

    id: int
    owner_id: int
    room_id: int
    name: str
    reserved: int
    largest: int
    created_at: int


@dataclass(frozen=True, slots=True)
class Content:
    """What was found out about the bytes of a file while they came. `width` and `height` are those of a picture."""

    size: int
    sha256: str
    media_type: str
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is all there. `message_id` is None until a message shows it; `file` is what is said of it then."""

    file: File
    owner_id: int
    room_id: int
    sha256: str
    message_id: int | None


@dataclass(frozen=True, slots=True)
class Storage:
    """What a person's files take, those on their way included, and what they may; `file` is the most of one file."""

    used: int
    limit: int
    file: int
