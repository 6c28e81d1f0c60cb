"""Names that are safe to show and to save under, what bytes are, and how large a picture says it is."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chat.files.pictures import picture_size
from app.chat.files.policy import INLINE, NAME_MAX, OPAQUE, clean_name, served_type
from app.chat.files.sniffing import sniff
from tests.chat.files.desk import PIXEL

NAMES = {
    "note.txt": "note.txt",
    "../../etc/passwd": "passwd",
    "C:\\Users\\ann\\photo.jpg": "photo.jpg",
    "/": "file",
    "": "file",
    "..": "file",
    ".htaccess": "htaccess",
    "  two \t words\n.txt ": "two words .txt",
    "bill\u202egpj.exe": "billgpj.exe",
    "a\x00b\r\nSet-Cookie: x": "ab Set-Cookie: x",
    "ภาพถ่าย น้ำ.png": "ภาพถ่าย น้ำ.png",
    "e\u0301.txt": "é.txt",
    "\ufffd.txt": "\ufffd.txt",
    "x" * 300 + ".jpeg": "x" * (NAME_MAX - 5) + ".jpeg",
    "x." + "y" * 300: ("x." + "y" * 300)[:NAME_MAX],
    "trailing. . .": "trailing",
}


@pytest.mark.parametrize("name", list(NAMES))
def test_a_name_is_cleaned(name: str) -> None:
    assert clean_name(name) == NAMES[name]


@given(st.text(alphabet=st.characters(), max_size=400))
def test_any_name_becomes_one_that_can_be_stored_shown_and_cleaned_again(name: str) -> None:
    cleaned = clean_name(name)
    assert 0 < len(cleaned) <= NAME_MAX
    assert cleaned.encode("utf-8")
    assert not set(cleaned) & set("/\\\0\r\n")
    assert clean_name(cleaned) == cleaned


TYPES = {
    PIXEL: "image/png",
    b"\xff\xd8\xff\xe0\0\x10JFIF": "image/jpeg",
    b"GIF89a": "image/gif",
    b"RIFF\0\0\0\0WEBPVP8 ": "image/webp",
    b"RIFF\0\0\0\0WAVEfmt ": "audio/wav",
    b"RIFF\0\0\0\0AVI LIST": OPAQUE,
    b"ID3\x04": "audio/mpeg",
    b"OggS" + bytes(24) + b"OpusHead": "audio/ogg",
    b"OggS" + bytes(24) + b"\x80theora": OPAQUE,
    b"\0\0\0\x20ftypisom": "video/mp4",
    b"\0\0\0\x20ftypM4A ": "audio/mp4",
    b"\0\0\0\x20ftypqt  ": OPAQUE,
    b"\x1aE\xdf\xa3\x01B\x82\x84webm": "video/webm",
    b"\x1aE\xdf\xa3\x01B\x82\x88matroska": OPAQUE,
    b"%PDF-1.7": "application/pdf",
    b"PK\x03\x04": "application/zip",
    b"<svg onload=alert(1)>": "text/plain",
    b"<!doctype html>": "text/plain",
    "สวัสดี".encode() * 1000: "text/plain",
    "สวัสดี".encode("utf-16"): OPAQUE,
    b"\x7fELF\0": OPAQUE,
    b"MZ\x90\0": OPAQUE,
    b"\0": OPAQUE,
}


@pytest.mark.parametrize("content", list(TYPES))
def test_a_file_is_what_its_bytes_say(content: bytes) -> None:
    assert sniff(content) == TYPES[content]


def test_nothing_that_can_hold_a_script_is_shown() -> None:
    assert {kind.partition("/")[0] for kind in INLINE} == {"image", "audio", "video"}
    assert not any("svg" in kind or "xml" in kind for kind in INLINE)
    assert [served_type(kind) for kind in ("text/plain", "application/pdf", "text/html")] == [OPAQUE] * 3


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    return b"\xff\xd8" + b"".join(
        bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content for marker, content in segments
    )


def exif(orientation: int, order: str = "<") -> tuple[int, bytes]:
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    return 0xE1, b"Exif\0\0" + head + struct.pack(f"{order}H", 1) + entry


FRAME = (0xC2, b"\x08" + struct.pack(">HH", 300, 400) + b"\x03")
PICTURES: dict[str, tuple[str, bytes, tuple[int, int] | None]] = {
    "png": ("image/png", PIXEL, (3, 2)),
    "png without header": ("image/png", b"\x89PNG\r\n\x1a\n" + bytes(40), None),
    "gif": ("image/gif", b"GIF89a\x10\x01\x20\x00", (272, 32)),
    "gif cut": ("image/gif", b"GIF89a\x10", None),
    "gif of nothing": ("image/gif", b"GIF89a\0\0\x20\x00", None),
    "webp lossy": ("image/webp", b"RIFF....WEBPVP8 ....\0\0\0\x9d\x01\x2a\x90\x01\x2c\x41", (400, 300)),
    "webp lossless": (
        "image/webp",
        b"RIFF....WEBPVP8L....\x2f" + struct.pack("<I", 399 | 299 << 14 | 1 << 28),
        (400, 300),
    ),
    "webp extended": ("image/webp", b"RIFF....WEBPVP8X....\x10\0\0\0\x8f\x01\0\x2b\x01\0", (400, 300)),
    "jpeg": ("image/jpeg", jpeg((0xE0, b"JFIF\0"), (0xDB, bytes(65)), FRAME), (400, 300)),
    "jpeg on its side": ("image/jpeg", jpeg(exif(6), FRAME), (300, 400)),
    "jpeg on its side, big end first": ("image/jpeg", jpeg(exif(8, ">"), FRAME), (300, 400)),
    "jpeg upside down": ("image/jpeg", jpeg(exif(3), FRAME), (400, 300)),
    "jpeg with broken exif": ("image/jpeg", jpeg((0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"), FRAME), (400, 300)),
    "jpeg without a frame": ("image/jpeg", jpeg((0xE0, b"JFIF\0")), None),
    "jpeg of empty segments": ("image/jpeg", b"\xff\xd8" + b"\xff\xe0\0\0" * 1000, None),
    "no picture": ("text/plain", b"words", None),
}


@pytest.mark.parametrize("case", list(PICTURES))
def test_a_picture_says_how_large_it_is(case: str) -> None:
    media_type, head, size = PICTURES[case]
    assert picture_size(media_type, head) == size


@given(st.sampled_from(["image/png", "image/gif", "image/webp", "image/jpeg"]), st.binary(max_size=200))
def test_no_bytes_at_all_break_it(media_type: str, tail: bytes) -> None:
    begin = {"image/png": PIXEL[:16], "image/gif": b"GIF89a", "image/webp": b"RIFF....WEBPVP8"}
    size = picture_size(media_type, begin.get(media_type, b"\xff\xd8\xff\xe1") + tail)
    assert size is None or min(size) > 0
