"""Who hears what, and how what was lost is found again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from app.core.events import Fact
from app.main import Guildhall
from app.realtime.pushes import Pushes
from tests.harness.application import Person
from tests.harness.engines import SQLITE_ONLY
from tests.harness.fakes import FrozenClock
from tests.harness.socket import Socket

pytestmark = SQLITE_ONLY
Connect = Callable[[Person], Awaitable[Socket]]


async def say(socket: Socket, room_id: str, body: str) -> int:
    """Send a message; its number."""
    payload = {"room_id": room_id, "client_id": f"say-{body}", "body": body}
    seq: int = (await socket.accepted("message.send", payload))["seq"]
    return seq


async def test_everybody_with_the_room_open_hears_the_event_the_sender_too(
    connect: Connect, ann: Person, ben: Person
) -> None:
    room = await ann.room()
    await ben.join(room["id"])
    phone, laptop, bens = await connect(ann), await connect(ann), await connect(ben)
    await phone.accepted("room.open", {"room_id": room["id"]})
    opened = await bens.accepted("room.open", {"room_id": room["id"]})
    assert opened["online"] == sorted([ann.id, ben.id], key=int)
    seq = await say(phone, room["id"], "hello")
    heard = [await socket.wait_for("room.event", lambda event: event["seq"] == seq) for socket in (phone, bens)]
    assert heard[0] == heard[1]
    assert heard[0]["kind"] == "message.posted"
    assert set(heard[0]) == {"room_id", "seq", "kind", "at", "actor", "epoch", "message"}
    assert laptop.received("room.event") == []


async def test_a_socket_that_closed_the_room_hears_no_more(connect: Connect, ann: Person) -> None:
    room, phone, laptop = await ann.room(), await connect(ann), await connect(ann)
    for socket in (phone, laptop):
        await socket.accepted("room.open", {"room_id": room["id"]})
    await laptop.accepted("room.close", {"room_id": room["id"]})
    await say(phone, room["id"], "hello")
    await phone.wait_for("room.event")
    await laptop.accepted("read.set", {"room_id": room["id"], "seq": 3})
    assert laptop.received("room.event") == []


async def test_who_leaves_hears_that_and_nothing_after_it(connect: Connect, ann: Person, ben: Person) -> None:
    room = await ann.room()
    await ben.join(room["id"])
    phone, bens = await connect(ann), await connect(ben)
    for socket in (phone, bens):
        await socket.accepted("room.open", {"room_id": room["id"]})
    await ben.api.post(f"/api/rooms/{room['id']}/leave", expect=204)
    left = await bens.wait_for("room.event", lambda event: event["kind"] == "member.changed")
    assert (left["member"]["user"]["id"], left["member"]["role"], left["room"]["members"]) == (ben.id, None, 1)
    last = await say(phone, room["id"], "alone")
    await phone.wait_for("room.event", lambda event: event["seq"] == last)
    assert (await bens.command("room.sync", {"room_id": room["id"], "since": 0}))["code"] == "not_a_member"
    assert [event["seq"] for event in bens.received("room.event")] == [left["seq"]]


async def test_typing_is_told_to_the_others_who_have_the_room_open(connect: Connect, ann: Person, ben: Person) -> None:
    room = await ann.room()
    await ben.join(room["id"])
    phone, bens = await connect(ann), await connect(ben)
    for socket in (phone, bens):
        await socket.accepted("room.open", {"room_id": room["id"]})
    await phone.accepted("typing.set", {"room_id": room["id"], "on": True})
    told = await bens.wait_for("typing.changed")
    assert told == {"room_id": room["id"], "user": {"id": ann.id, "username": "ann"}, "on": True}
    assert phone.received("typing.changed") == []


async def test_a_read_position_is_told_to_all_devices_of_the_person(connect: Connect, ann: Person, ben: Person) -> None:
    room = await ann.room()
    await ben.join(room["id"])
    phone, laptop, anns = await connect(ben), await connect(ben), await connect(ann)
    seq = await say(anns, room["id"], "hello")
    await phone.accepted("read.set", {"room_id": room["id"], "seq": seq})
    for socket in (phone, laptop):
        told = await socket.wait_for("read.changed")
        assert told == {"room_id": room["id"], "read_seq": seq, "unread": 0}
    assert anns.received("read.changed") == []


async def test_a_reward_is_told_to_all_devices_of_who_earned_it(connect: Connect, ann: Person, ben: Person) -> None:
    room, phone, laptop, bens = await ann.room(), await connect(ann), await connect(ann), await connect(ben)
    await say(phone, room["id"], "hello")
    for socket in (phone, laptop):
        reward = await socket.wait_for("reward.granted", lambda told: told["activity"] == "send_message")
        assert reward["amount"] == "1"
        balance = await ann.api.get("/api/tokens/balance/me")
        assert reward["balance"] == balance["balance"]
        await socket.wait_for("wallet.changed", balance.__eq__)
    assert all(told["user_id"] == ben.id for told in bens.received("wallet.changed"))


async def test_a_new_tier_is_told_to_its_holder_alone(connect: Connect, ann: Person, ben: Person) -> None:
    anns, bens = await connect(ann), await connect(ben)
    for number in range(4):
        await ann.room(client_id=f"room-{number}")
    told = await anns.wait_for("tier.changed")
    assert (told["before"], told["tier"], told["up"]) == ("bronze", "silver", True)
    assert bens.received("tier.changed") == []


async def test_on_connecting_one_hears_where_all_ones_rooms_stand(connect: Connect, ann: Person, ben: Person) -> None:
    rooms = [await ann.room(name) for name in ("one", "two")]
    await ben.room("elsewhere")
    phone = await connect(ann)
    heads = await phone.wait_for("rooms.heads")
    assert heads["heads"] == {room["id"]: 2 for room in rooms}
    assert heads["epoch"] == (await ann.api.get("/api/rooms"))["epoch"]


@pytest.mark.parametrize("app_settings", [{"heads_interval_s": 0.2}])
async def test_the_beacon_tells_of_a_last_event_that_was_lost(
    app: Guildhall,
    connect: Connect,
    ann: Person,
    ben: Person,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = await ann.room()
    await ben.join(room["id"])
    phone, bens = await connect(ann), await connect(ben)
    await bens.accepted("room.open", {"room_id": room["id"]})
    await bens.wait_for("rooms.heads")

    async def fail(self: Pushes, facts: Sequence[Fact]) -> None:
        raise ConnectionError("the network is down")

    with monkeypatch.context() as broken:
        broken.setattr(Pushes, "show", fail)
        seq = await say(phone, room["id"], "lost")
    assert bens.received("room.event") == []
    clock.advance(seconds=1)
    await bens.wait_for("rooms.heads", lambda told: told["heads"] == {room["id"]: seq})
    synced = await bens.accepted("room.sync", {"room_id": room["id"], "since": seq - 1})
    assert synced["events"][0]["message"]["body"] == "lost"
    clock.advance(seconds=1)
    await asyncio.sleep(0.3)
    assert len(bens.received("rooms.heads")) == 2


async def test_presence_counts_people_and_not_sockets(connect: Connect, ann: Person, ben: Person) -> None:
    room = await ann.room()
    await ben.join(room["id"])
    phone, laptop, bens = await connect(ann), await connect(ann), await connect(ben)
    for socket in (phone, laptop, laptop):
        await socket.accepted("room.open", {"room_id": room["id"]})

    async def online() -> set[str]:
        return set((await bens.accepted("room.open", {"room_id": room["id"]}))["online"])

    assert await online() == {ann.id, ben.id}
    await phone.close()
    assert await online() == {ann.id, ben.id}
    await laptop.accepted("room.close", {"room_id": room["id"]})
    assert await online() == {ben.id}
