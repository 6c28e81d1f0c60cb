"""Wire shapes of this room."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.chat import model
from app.chat.files.model import Storage as StorageModel
from app.infra.wire import Id, Schema


class File(Schema):
    """A file that a message shows, or is to show. Its bytes are at /api/files/{id}."""

    id: Id
    name: str
    size: Annotated[int, Field(description="Bytes")]
    type: Annotated[str, Field(description="What its bytes are, as the server found")]
    width: Annotated[int | None, Field(description="Pixels of a picture as it is shown; None for other files")]
    height: int | None

    @classmethod
    def of(cls, file: model.File) -> File:
        return cls(
            id=file.id,
            name=file.name,
            size=file.size,
            type=file.media_type,
            width=file.width,
            height=file.height,
        )


class Storage(Schema):
    """In bytes: what one's files take, what they may, and the most that one file may have."""

    used: int
    limit: int
    file: int

    @classmethod
    def of(cls, storage: StorageModel) -> Storage:
        return cls(used=storage.used, limit=storage.limit, file=storage.file)


class UploadQuery(Schema):
    room_id: Annotated[Id, Field(description="The room it is to be shown in")]
