"""Refusals of this room."""

from __future__ import annotations

from app.core.errors import Conflict, Invalid, NotFound, TooLarge


class FileNotFound(NotFound):
    code = "file_not_found"
    title = "There is no such file"


class FileEmpty(Invalid):
    code = "file_empty"
    title = "The file is empty"


class FileTooLarge(TooLarge):
    code = "file_too_large"
    title = "The file is larger than one may be"


class PictureTooLarge(TooLarge):
    code = "picture_too_large"
    title = "The picture has more pixels than one may have"


class StorageFull(Conflict):
    code = "storage_full"
    title = "There is not enough storage left"


class FileShownAlready(Conflict):
    code = "file_shown_already"
    title = "Another message shows this file"
