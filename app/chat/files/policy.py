"""Bounds, names, and what browsers may show by themselves."""

from __future__ import annotations

import unicodedata

FILES_MAX = 4
"""Files of one message."""

UPLOADS_AT_ONCE = 8
"""Of one person on one server; each holds a few megabytes of memory."""

NAME_MAX = 150
"""Characters of a name."""

PIXELS_MAX = 100_000_000
"""Of a picture. A few bytes can claim any number of them, and whoever looks at it has to hold them all."""

UNUSED_MS = 24 * 3600 * 1000
"""How long a file is kept that no message shows."""

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
INLINE = PICTURES | {
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "video/mp4",
    "video/webm",
}
"""What a browser may show. Nothing that can hold a script is in it; everything else is saved as bytes."""

OPAQUE = "application/octet-stream"

# Parts of a text that show nothing, or turn its direction round so that it shows something else.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean_name(name: str) -> str:
    """The name of a file without folders and without what does not show, on one line, its ending kept; never empty."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    seen = "".join(char for char in last if char.isspace() or unicodedata.category(char) not in _UNSEEN)
    plain = " ".join(seen.split()).strip(". ")
    if len(plain) > NAME_MAX:
        stem, dot, ending = plain.rpartition(".")
        ending = dot + ending if stem and len(ending) < NAME_MAX // 10 else ""
        plain = plain[: NAME_MAX - len(ending)].rstrip(". ") + ending
    return plain or "file"


def served_type(media_type: str) -> str:
    """The type that a file is sent as."""
    return media_type if media_type in INLINE else OPAQUE
