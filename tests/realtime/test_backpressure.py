"""A socket that does not read what it is sent is cut, and costs nobody else anything."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
import structlog

from app.main import Guildhall
from app.realtime import server
from tests.harness.application import Person
from tests.harness.engines import SQLITE_ONLY
from tests.harness.socket import Socket
from tests.realtime.raw import raw_socket

pytestmark = SQLITE_ONLY
Connect = Callable[[Person], Awaitable[Socket]]


def narrow_connection(base_url: str) -> socket.socket:
    """A connection whose buffer holds little, so that not reading is soon felt."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, _, port = base_url.removeprefix("http://").partition(":")
    connection.connect((host, int(port)))
    connection.setblocking(False)
    return connection


@pytest.mark.parametrize("app_settings", [{"rate_message": "10000+1/s", "rate_command": "10000+1/s"}])
async def test_a_slow_consumer_is_cut_and_the_others_hear_everything(
    app: Guildhall, base_url: str, connect: Connect, ann: Person, ben: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BACKLOG_MAX", 20)
    room = await ann.room()
    await ben.join(room["id"])
    phone = await connect(ann)
    await phone.accepted("room.open", {"room_id": room["id"]})
    with structlog.testing.capture_logs() as logs:
        async with raw_socket(base_url, sock=narrow_connection(base_url), max_queue=1) as slow:
            await slow.enter(ben.token)
            await slow.command("room.open", {"room_id": room["id"]})
            last = 3
            async with asyncio.timeout(30):
                while not any(entry["event"] == "slow_consumer_cut" for entry in logs):
                    payload = {"room_id": room["id"], "client_id": f"c{last}", "body": "ü" * 8000}
                    last = (await phone.accepted("message.send", payload))["seq"]
            # It still has not read, and is gone all the same.
            online = (await phone.accepted("room.open", {"room_id": room["id"]}))["online"]
            slow.socket.transport.abort()
    (cut,) = [entry for entry in logs if entry["event"] == "slow_consumer_cut"]
    assert cut["account"] == int(ben.id)
    await phone.wait_for("room.event", lambda event: event["seq"] == last)
    assert [event["seq"] for event in phone.received("room.event")] == list(range(4, last + 1))
    assert online == [ann.id]
