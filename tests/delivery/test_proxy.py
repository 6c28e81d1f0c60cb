"""The faulty network loses exactly what it is told to lose, and the apply rule keeps what the contract says."""

from __future__ import annotations

import asyncio

import pytest

from tests.delivery.proxy import read_frame
from tests.delivery.timeline import Json, Timeline


def fed(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


def event(seq: int) -> Json:
    return {"seq": seq, "kind": "message.posted", "message": {"seq": seq}}


@pytest.mark.parametrize("size", [0, 5, 125, 126, 65535, 65536])
async def test_frames_of_every_length_are_read_whole(size: int) -> None:
    text = b"x" * size
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 65536 else b"\x7f" + size.to_bytes(8)
    frame = b"\x81" + length + text
    reader = fed(frame + b"\x8a\x00")
    assert await read_frame(reader) == (frame, text.decode())
    assert await read_frame(reader) == (b"\x8a\x00", None)


def test_events_are_applied_once_and_in_order() -> None:
    timeline = Timeline()
    for seq in (1, 2, 2, 4, 1, 5):
        timeline.hear(event(seq))
    assert (timeline.last, list(timeline.messages), timeline.behind) == (2, [1, 2], True)
    timeline.hear(event(3))
    assert (timeline.last, list(timeline.messages), timeline.behind) == (5, [1, 2, 3, 4, 5], False)


def test_a_head_beyond_tells_of_what_no_gap_shows() -> None:
    timeline = Timeline()
    timeline.hear(event(1))
    timeline.head_is(2)
    assert timeline.behind


def test_a_reload_goes_on_with_what_is_held() -> None:
    timeline = Timeline()
    timeline.hear(event(9))
    timeline.begin_anew([{"seq": 7}], upto=8)
    timeline.hear(event(10))
    assert (timeline.last, list(timeline.messages), timeline.behind) == (10, [7, 9, 10], False)
