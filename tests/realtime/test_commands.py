"""Every command: what it answers when all is well, and how it is refused when not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.chat.model import Posted
from app.chat.service import Chat
from app.main import Guildhall
from app.realtime.contract import COMMANDS
from app.realtime.dispatch import Dispatcher
from tests.harness.application import Person
from tests.harness.engines import SQLITE_ONLY
from tests.harness.socket import Socket

pytestmark = [SQLITE_ONLY, pytest.mark.usefixtures("no_traceback")]
Connect = Callable[[Person], Awaitable[Socket]]

GOOD: dict[str, dict[str, Any]] = {
    "room.open": {},
    "room.close": {},
    "room.sync": {"since": 0, "limit": 10},
    "message.send": {"client_id": "c1", "body": "hello"},
    "reaction.set": {"emoji": "👍", "on": True},
    "helpful.set": {"on": True},
    "read.set": {"seq": 1},
    "typing.set": {"on": True},
}
MALFORMED: dict[str, list[dict[str, Any]]] = {
    "room.open": [],
    "room.close": [],
    "room.sync": [
        {"since": -1}, {"since": "0"}, {"since": 2**53 + 1}, {"since": 0.5},
        {"limit": 0}, {"limit": 501}, {"limit": "5"},
    ],
    "message.send": [
        {"client_id": ""}, {"client_id": "x" * 65}, {"client_id": "a b"}, {"client_id": 7}, {"body": ""},
        {"body": "x" * 8001}, {"body": "a\x00b"}, {"body": None}, {"body": ["x"]}, {"body": "\ud800"},
        {"body": "\u200b"}, {"file_ids": None}, {"file_ids": "1"}, {"file_ids": ["x"]}, {"file_ids": [1.5]},
        {"file_ids": [str(number) for number in range(1, 6)]}, {"file_ids": ["1", "1"]},
    ],
    "reaction.set": [
        {"emoji": ""}, {"emoji": "a"}, {"emoji": "👍👍"}, {"emoji": "👍" * 65}, {"emoji": "\x00"}, {"emoji": "\ud83d"},
        {"emoji": None}, {"emoji": ["👍"]}, {"on": 1}, {"on": "yes"}, {"on": None},
    ],
    "helpful.set": [{"on": 1}, {"on": "yes"}, {"on": None}],
    "read.set": [{"seq": -1}, {"seq": "1"}, {"seq": True}, {"seq": None}, {"seq": 1e300}],
    "typing.set": [{"on": 1}, {"on": "yes"}, {"on": None}],
}  # fmt: skip
ABOUT_A_MESSAGE = {"reaction.set", "helpful.set"}
IDS: list[Any] = [None, "", "0", "-1", "1e3", "٣", "9" * 20, str(2**63), 0, 1.5, True, {}, ["1"], " 1", "1 "]


async def place_of(name: str, room_id: str, author: Socket) -> dict[str, Any]:
    """Where a command applies: a room, or a message that `author` says there."""
    if name not in ABOUT_A_MESSAGE:
        return {"room_id": room_id}
    said = {"room_id": room_id, "client_id": "said-before", "body": "hello"}
    return {"message_id": (await author.accepted("message.send", said))["message"]["id"]}


async def test_every_command_answers_as_its_contract_says(connect: Connect, ann: Person, ben: Person) -> None:
    assert set(GOOD) == {command.name for command in COMMANDS}
    room, phone = await ann.room(topic="welcome"), await connect(ann)
    opened = await phone.accepted("room.open", {"room_id": room["id"]})
    assert (opened["head"], opened["read_seq"], opened["unread"], opened["role"]) == (2, 2, 0, "owner")
    assert (opened["room"]["topic"], opened["online"]) == ("welcome", [ann.id])
    sent = await phone.accepted("message.send", {"room_id": room["id"], "client_id": "c1", "body": "hello"})
    assert (sent["seq"], sent["message"]["seq"], sent["duplicate"]) == (3, 3, False)
    assert sent["message"]["author"] == {"id": ann.id, "username": "ann"}
    again = await phone.accepted("message.send", {"room_id": room["id"], "client_id": "c1", "body": "hello"})
    assert again == sent | {"duplicate": True}
    synced = await phone.accepted("room.sync", {"room_id": room["id"], "since": 1, "limit": 200})
    assert [event["kind"] for event in synced["events"]] == ["member.changed", "message.posted"]
    assert (synced["upto"], synced["limited"], synced["epoch"]) == (3, False, opened["epoch"])
    about = {"message_id": sent["message"]["id"]}
    reacted = await phone.accepted("reaction.set", {**about, "emoji": "❤", "on": True})
    (reaction,) = reacted["feedback"]["reactions"]
    assert reaction == {"emoji": "❤️", "count": 1, "people": [{"id": ann.id, "username": "ann"}]}
    assert reacted["feedback"]["choice"] == {"user_id": ann.id, "emojis": ["❤️"], "helpful": False}
    assert (reacted["seq"], reacted["feedback"]["seq"]) == (4, 4)
    await ben.join(room["id"])
    bens = await connect(ben)
    voted = await bens.accepted("helpful.set", {**about, "on": True})
    assert voted["feedback"]["helpful"] == {"count": 1, "people": [{"id": ben.id, "username": "ben"}]}
    assert voted["seq"] == 6
    read = await phone.accepted("read.set", {"room_id": room["id"], "seq": 3})
    assert read == {"ok": True, "read_seq": 3, "unread": 0}
    assert await phone.accepted("typing.set", {"room_id": room["id"], "on": True}) == {"ok": True}
    assert await phone.accepted("room.close", {"room_id": room["id"]}) == {"ok": True}


@pytest.mark.parametrize("name", sorted(GOOD))
async def test_a_malformed_command_is_refused_by_place(connect: Connect, ann: Person, ben: Person, name: str) -> None:
    room, phone = await ann.room(), await connect(ann)
    await ben.join(room["id"])
    place = await place_of(name, room["id"], await connect(ben))
    good = {**place, **GOOD[name]}
    bad = [good | change for change in MALFORMED[name]]
    bad += [good | dict.fromkeys(place, bad_id) for bad_id in IDS] + [good | {"extra": 1}, {}]
    bad += [{key: value for key, value in good.items() if key != missing} for missing in good if missing != "limit"]
    for payload in [*bad, None, "text", 7, [], [good]]:
        refused = await phone.command(name, payload)
        assert (refused["ok"], refused["code"]) == (False, "invalid"), f"{name} {payload!r}: {refused}"
    for several in ((good, good), (good, None), ()):
        assert (await phone.command(name, several))["code"] == "invalid"
    assert (await phone.command(name, good))["ok"]


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"room.close", "typing.set"}))
async def test_strangers_and_wanderers_are_refused(connect: Connect, ann: Person, ben: Person, name: str) -> None:
    room, phone = await ann.room(), await connect(ben)
    place = await place_of(name, room["id"], await connect(ann))
    assert (await phone.command(name, {**place, **GOOD[name]}))["code"] == "not_a_member"
    assert (await phone.command(name, {**dict.fromkeys(place, "1"), **GOOD[name]}))["code"] == "not_found"


async def test_files_are_shown_by_their_author_once(connect: Connect, ann: Person, ben: Person) -> None:
    room, phone, bens = await ann.room(), await connect(ann), await connect(ben)
    await ben.join(room["id"])
    await bens.accepted("room.open", {"room_id": room["id"]})
    sent = {"params": {"room_id": room["id"]}, "files": {"file": ("note.txt", b"hello")}}
    file = await ann.api.post("/api/files", **sent, expect=201)
    show = {"room_id": room["id"], "client_id": "c1", "file_ids": [file["id"]]}
    assert (await bens.command("message.send", show))["code"] == "file_not_found"
    shown = await phone.accepted("message.send", show)
    assert (shown["message"]["body"], shown["message"]["files"]) == ("", [file])
    assert await phone.accepted("message.send", show) == shown | {"duplicate": True}
    assert (await bens.wait_for("room.event"))["message"] == shown["message"]
    (event,) = (await bens.accepted("room.sync", {"room_id": room["id"], "since": shown["seq"] - 1}))["events"]
    assert event["message"] == shown["message"]
    assert (await ann.api.get(f"/api/rooms/{room['id']}/messages"))["messages"] == [shown["message"]]
    for change, code in (
        ({"client_id": "c2"}, "file_shown_already"),
        ({"client_id": "c2", "file_ids": ["1"]}, "file_not_found"),
        ({"file_ids": []}, "invalid"),
        ({"file_ids": [], "body": "words"}, "client_id_reused"),
    ):
        assert (await phone.command("message.send", show | change))["code"] == code


async def test_closing_and_typing_in_a_room_that_is_not_open_does_nothing(
    connect: Connect, ann: Person, ben: Person
) -> None:
    room, phone, stranger = await ann.room(), await connect(ann), await connect(ben)
    await phone.accepted("room.open", {"room_id": room["id"]})
    await stranger.accepted("room.close", {"room_id": room["id"]})
    await stranger.accepted("typing.set", {"room_id": room["id"], "on": True})
    await phone.accepted("read.set", {"room_id": room["id"], "seq": 1})
    assert phone.received("typing.changed") == []


async def test_a_client_id_used_for_something_else_is_refused(connect: Connect, ann: Person) -> None:
    room, phone = await ann.room(), await connect(ann)
    await phone.accepted("message.send", {"room_id": room["id"], "client_id": "c1", "body": "one"})
    refused = await phone.command("message.send", {"room_id": room["id"], "client_id": "c1", "body": "two"})
    assert (refused["code"], refused["retry"]) == ("client_id_reused", False)


@pytest.mark.parametrize("app_settings", [{"rate_message": "2+1/m", "rate_command": "9+1/m"}])
async def test_too_frequent_messages_and_commands_say_when_to_go_on(connect: Connect, ann: Person) -> None:
    room, phone = await ann.room(), await connect(ann)
    sending = [{"room_id": room["id"], "client_id": f"c{number}", "body": f"{number}"} for number in range(3)]
    answered = [await phone.command("message.send", payload) for payload in sending][-1]
    assert (answered["code"], answered["retry"], answered["retry_after"]) == ("rate_limited", True, 60)
    second_device = await connect(ann)
    answers = [await second_device.command("room.close", {"room_id": room["id"]}) for _ in range(7)]
    assert answers[-1]["code"] == "rate_limited"


async def test_the_commands_of_one_client_are_carried_out_in_their_order(
    connect: Connect, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, phone = await ann.room(), await connect(ann)
    await phone.accepted("room.open", {"room_id": room["id"]})
    dispatch, delays = Dispatcher.dispatch, iter([0.05, 0.02])

    async def slow_at_first(self: Dispatcher, *arguments: Any) -> dict[str, Any]:
        await asyncio.sleep(next(delays, 0))
        return await dispatch(self, *arguments)

    monkeypatch.setattr(Dispatcher, "dispatch", slow_at_first)
    sending = [
        phone.accepted("message.send", {"room_id": room["id"], "client_id": f"c{number}", "body": f"{number}"})
        for number in range(25)
    ]
    answers = await asyncio.gather(*sending)
    assert [answer["seq"] for answer in answers] == list(range(3, 28))
    await phone.wait_for("room.event", lambda event: event["seq"] == 27)
    events = phone.received("room.event")
    assert [event["message"]["body"] for event in events] == [str(number) for number in range(25)]
    assert [event["seq"] for event in events] == list(range(3, 28))


async def test_the_longest_message_fits_a_frame_as_browsers_send_it(connect: Connect, ann: Person) -> None:
    room, phone = await ann.room(), await connect(ann)
    payload = {"room_id": room["id"], "client_id": "c1", "body": '"\\' * 4000}
    assert len((await phone.accepted("message.send", payload))["message"]["body"]) == 8000


async def test_draining_answers_what_was_taken_up_and_refuses_what_comes_then(
    app: Guildhall, connect: Connect, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, phone, laptop = await ann.room(), await connect(ann), await connect(ann)
    post, taken_up, finish = Chat.post, asyncio.Event(), asyncio.Event()

    async def held(self: Chat, *arguments: Any, **more: Any) -> Posted:
        taken_up.set()
        await finish.wait()
        return await post(self, *arguments, **more)

    monkeypatch.setattr(Chat, "post", held)
    payload = {"room_id": room["id"], "client_id": "c1", "body": "hello"}
    sending = asyncio.create_task(phone.accepted("message.send", payload))
    await taken_up.wait()
    draining = asyncio.create_task(app.drain())
    await asyncio.sleep(0)
    refused = await laptop.command("room.sync", {"room_id": room["id"], "since": 0})
    assert (refused["code"], refused["retry"]) == ("unavailable", True)
    assert not draining.done()
    finish.set()
    assert (await sending)["seq"] == 3
    await draining
