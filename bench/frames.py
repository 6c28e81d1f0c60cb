"""WebSocket frames of a client that speaks Engine.IO 4 and Socket.IO 5, as plain bytes and no more than it needs."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping

HANDSHAKE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A


class ConnectionEnded(Exception):
    """The server closed a connection, or sent what this client does not read."""


def client_frame(payload: bytes, *, first: int = _TEXT) -> bytes:
    """A masked frame. The mask is zero, which the protocol allows: it saves this client work and the server none."""
    length = len(payload)
    if length < 126:
        return struct.pack("!BB4x", first, 0x80 | length) + payload
    return struct.pack("!BBH4x", first, 0xFE, length) + payload


def pong(payload: bytes) -> bytes:
    """The answer to a WebSocket ping."""
    return client_frame(payload, first=_PONG)


def command(name: str, data: Mapping[str, object]) -> bytes:
    """A Socket.IO event that asks for an acknowledgement. The id is always 1: a client waits for one at a time."""
    return client_frame(b"421" + json.dumps([name, data], separators=(",", ":")).encode())


def split(data: bytes) -> tuple[list[bytes], list[bytes], bytes]:
    """The payloads of the whole text frames in `data`, those of its pings, and the rest. Raises `ConnectionEnded`."""
    payloads: list[bytes] = []
    pings: list[bytes] = []
    at, end = 0, len(data)
    while end - at >= 4 or (end - at >= 2 and data[at + 1] <= end - at - 2):
        first, length, start = data[at], data[at + 1], at + 2
        if length == 126:
            length, start = data[start] << 8 | data[start + 1], start + 2
        elif length == 127:
            if end - start < 8:
                break
            length, start = int.from_bytes(data[start : start + 8], "big"), start + 8
        if start + length > end:
            break
        if first == _TEXT:
            payloads.append(data[start : start + length])
        elif first == _PING:
            pings.append(data[start : start + length])
        else:
            raise ConnectionEnded(f"frame 0x{first:02x}: {data[start : start + length][:200]!r}")
        at = start + length
    return payloads, pings, data[at:]
