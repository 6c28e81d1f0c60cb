"""What a file is, told from its first bytes. What a client says of it is never asked."""

from __future__ import annotations

import codecs

from app.chat.files.policy import OPAQUE

HEAD_BYTES = 512 * 1024
"""How much of the beginning is looked at: enough for the size of a picture behind its colour profile and comments."""

TEXT_BYTES = 4096
"""Of what may be text, this much has to be."""

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_BRANDS = {
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    **dict.fromkeys(
        (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash"), "video/mp4"
    ),
}
_TEXT_CONTROLS = frozenset(b"\t\n\f\r")


def sniff(head: bytes) -> str:
    """The media type of a file by its first bytes; `application/octet-stream` for what is not known."""
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], OPAQUE)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], OPAQUE)
    if head[:4] == b"\x1aE\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else OPAQUE
    if head[:4] == b"OggS":
        return "audio/ogg" if b"OpusHead" in head[:64] or b"vorbis" in head[:64] else OPAQUE
    return "text/plain" if _is_text(head[:TEXT_BYTES]) else OPAQUE


def _is_text(head: bytes) -> bool:
    if any(byte < 32 and byte not in _TEXT_CONTROLS for byte in head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True
