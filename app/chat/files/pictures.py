"""How large a picture is shown, read from its header alone: nothing is decoded, so nothing can burst."""

from __future__ import annotations

import struct
from collections.abc import Iterator

Size = tuple[int, int]

_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers that nothing belongs to."""
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of frames; the three left out are tables."""
_ORIENTATION = 0x0112
_LYING = frozenset(range(5, 9))
"""Orientations in which what is stored lies on its side."""


def picture_size(media_type: str, head: bytes) -> Size | None:
    """Width and height in pixels as browsers show it, from the beginning of a file of this type.

    None when it is no picture, or its header does not say.
    """
    read = {"image/png": _png, "image/gif": _gif, "image/webp": _webp, "image/jpeg": _jpeg}.get(media_type)
    try:
        size = None if read is None else read(head)
    except (struct.error, IndexError):
        return None
    return size if size is not None and min(size) > 0 else None


def _png(head: bytes) -> Size | None:
    if head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", head, 16)
    return width, height


def _gif(head: bytes) -> Size | None:
    width, height = struct.unpack_from("<HH", head, 6)
    return width, height


def _webp(head: bytes) -> Size | None:
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(head: bytes) -> Size | None:
    lying = False
    for marker, content in _segments(head):
        if marker == 0xE1 and content.startswith(b"Exif\0\0"):
            lying = _orientation(content[6:]) in _LYING
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", content, 1)
            return (height, width) if lying else (width, height)
    return None


def _segments(head: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of each part of a JPEG, up to where the picture itself begins."""
    at = 2
    while head[at] == 0xFF:
        marker = head[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _JPEG_BARE:
            at += 2
        else:
            (length,) = struct.unpack_from(">H", head, at + 2)
            yield marker, head[at + 4 : at + 2 + length]
            at += 2 + length


def _orientation(exif: bytes) -> int:
    """What a camera noted of how it was held; 1, upright, where it noted nothing."""
    order = "<" if exif[:2] == b"II" else ">"
    try:
        (table,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, table)
        for entry in range(entries):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, table + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return int(value)
    except struct.error:
        return 1
    return 1
