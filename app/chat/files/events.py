"""Facts of this room."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.events import Fact


@dataclass(frozen=True, slots=True)
class FileShared(Fact):
    """A message that shows a file was stored. `sha256` is of its content: the same for the same file again."""

    file_id: int
    message_id: int
    room_id: int
    author_id: int
    sha256: str
    at: int


@dataclass(frozen=True, slots=True)
class FileOpened(Fact):
    """Somebody other than its author opened a file for the first time; `people` have now."""

    file_id: int
    room_id: int
    author_id: int
    people: int
    at: int
