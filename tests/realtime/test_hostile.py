"""What a client can send that none should: the server refuses it, logs no failure of its own, and serves on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.realtime.server import FRAME_BYTES_MAX
from tests.harness.application import Person
from tests.harness.engines import SQLITE_ONLY
from tests.harness.socket import Socket
from tests.realtime.raw import raw_socket

pytestmark = [SQLITE_ONLY, pytest.mark.usefixtures("no_traceback")]
Connect = Callable[[Person], Awaitable[Socket]]
DEEP = 20_000


@pytest.mark.parametrize(
    "name", ["connect", "disconnect", "", 7, None, True, [], {}, ["room.open"], "*", "message", "\x00"]
)
async def test_an_event_of_any_name_is_an_unknown_command(base_url: str, ann: Person, name: Any) -> None:
    several: list[list[Any]] = [[], [{}], ["a", "b", "c"], [None, {}]]
    async with raw_socket(base_url) as raw:
        await raw.enter(ann.token)
        for arguments in several:
            assert (await raw.command(name, *arguments))["code"] == "unknown_command"
        assert (await raw.command("room.open", {"room_id": "1"}))["code"] == "not_found"


async def test_an_event_called_disconnect_does_not_hide_a_socket_from_its_revocation(
    base_url: str, ann: Person
) -> None:
    async with raw_socket(base_url) as raw:
        await raw.enter(ann.token)
        await raw.command("disconnect")
        await raw.command("disconnect", "client disconnect")
        await ann.api.post("/api/auth/logout", expect=204)
        await raw.receive_starting('42["session.revoked"')
        await raw.receive_starting("41")


@pytest.mark.parametrize(
    "frame",
    ["42", "42{}", "42[", "42nonsense", "42[]", "42" + "9" * 101 + "[]", "44{}", "49[]", "4", "4x", "45", "451-",
     "46[]", "42" + "[" * DEEP, "40{", "43[]", "43999[1]", "451-[]", "41-1", "40", "6", "1", "3"],
)  # fmt: skip
async def test_a_frame_that_makes_no_sense_hurts_nobody_else(
    base_url: str, connect: Connect, ann: Person, frame: str
) -> None:
    phone = await connect(ann)
    async with raw_socket(base_url) as raw:
        await raw.enter(ann.token)
        await raw.send(frame)
    assert (await phone.command("room.open", {"room_id": "1"}))["code"] == "not_found"


@pytest.mark.parametrize("frame", ["x", "9", "", "{}", "0", b"", b"\xff\x00", "b4AAA"])
async def test_nor_does_one_that_is_no_frame_at_all(
    base_url: str, connect: Connect, ann: Person, frame: str | bytes
) -> None:
    phone = await connect(ann)
    async with raw_socket(base_url) as raw:
        await raw.send(frame)
    async with raw_socket(base_url) as raw:
        await raw.enter(ann.token)
        await raw.send(frame)
    assert (await phone.command("room.open", {"room_id": "1"}))["code"] == "not_found"


async def test_commands_before_connecting_are_not_heard(base_url: str, ann: Person) -> None:
    async with raw_socket(base_url) as raw:
        await raw.send('421["room.open",{"room_id":"1"}]', '42["connect",{}]', '42["disconnect"]')
        await raw.enter(ann.token)
        assert (await raw.command("room.open", {"room_id": "1"}))["code"] == "not_found"


async def test_bytes_are_no_text(base_url: str, ann: Person) -> None:
    room = await ann.room()
    async with raw_socket(base_url) as raw:
        await raw.enter(ann.token)
        placeholder = '{"_placeholder":true,"num":0}'
        event = f'["message.send",{{"room_id":"{room["id"]}","client_id":"c1","body":{placeholder}}}]'
        await raw.send(f"451-7{event}", b"hello")
        assert '"code":"invalid"' in await raw.receive_starting("437[")
        await raw.send(f'451-8["message.send",{placeholder}]', b"\xff\xfe")
        assert '"code":"invalid"' in await raw.receive_starting("438[")
    assert (await ann.api.get(f"/api/rooms/{room['id']}/messages"))["messages"] == []


async def test_an_attachment_that_is_not_there_closes_the_connection(base_url: str, ann: Person) -> None:
    async with raw_socket(base_url) as raw:
        await raw.enter(ann.token)
        await raw.send('451-7["room.open",{"_placeholder":true,"num":5}]', b"hello")
        await raw.closed()


@pytest.mark.parametrize("frame", ["x" * (FRAME_BYTES_MAX + 1), b"x" * (FRAME_BYTES_MAX + 1)])
async def test_a_frame_beyond_the_bound_closes_the_connection(
    base_url: str, connect: Connect, ann: Person, frame: str | bytes
) -> None:
    phone = await connect(ann)
    async with raw_socket(base_url) as raw:
        await raw.enter(ann.token)
        await raw.send(frame)
        assert await raw.closed() == 1009
    assert (await phone.command("room.open", {"room_id": "1"}))["code"] == "not_found"


async def test_a_command_without_acknowledgement_is_carried_out(base_url: str, ann: Person) -> None:
    room = await ann.room()
    async with raw_socket(base_url) as raw:
        await raw.enter(ann.token)
        await raw.command("room.open", {"room_id": room["id"]})
        await raw.send(f'42["message.send",{{"room_id":"{room["id"]}","client_id":"c1","body":"hello"}}]')
        assert '"body":"hello"' in await raw.receive_starting('42["room.event"')


async def test_no_other_namespace_is_served(base_url: str, ann: Person) -> None:
    async with raw_socket(base_url) as raw:
        await raw.send(f'40/admin,{{"token":"{ann.token}"}}')
        await raw.receive_starting("44/admin,")
