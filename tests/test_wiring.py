"""From what a person does to what they earn: each subscription, and a reward that has to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import structlog

from app.core.actor import Actor
from app.core.events import Fact
from app.economy.earning.service import Economy
from app.main import Guildhall
from app.wiring import SUBSCRIPTIONS
from tests.harness.application import Person, served
from tests.harness.fakes import FrozenClock
from tests.harness.socket import Socket, socket_promises

People = Callable[..., Awaitable[Person]]


async def say(app: Guildhall, person: Person, room_id: str, body: str) -> None:
    """Post without a socket, by the very call the socket's command makes."""
    async with app.database.reader() as db:
        actor, _ = await app.accounts.authenticate(db, person.token)
    key = f"say-{len(body)}-{body.replace(' ', '-')}"
    await app.transactor.run(lambda work: app.chat.post(work, actor, int(room_id), client_id=key, body=body))


async def entries(app: Guildhall, person: Person) -> list[tuple[str, str]]:
    """What a person has been paid, oldest first, once every errand has been tried."""
    async with asyncio.timeout(10):
        while await errands(app, "attempts = 0"):
            await asyncio.sleep(0.02)
    statement = await person.api.get("/api/tokens/history/me?limit=100")
    return [(entry["reason"], entry["amount"]) for entry in reversed(statement["entries"])]


async def test_each_thing_people_do_earns_what_the_balanced_economy_says(app: Guildhall, person: People) -> None:
    ann, ben = await person("ann"), await person("ben")
    rooms = [await ann.room("one"), await ann.room("two")]
    for room in rooms:
        await ben.join(room["id"])
    await ben.api.post(f"/api/rooms/{rooms[0]['id']}/leave", expect=204)
    await ben.join(rooms[0]["id"])
    await say(app, ann, rooms[0]["id"], "hello")
    await say(app, ann, rooms[0]["id"], "hello")
    assert await entries(app, ann) == [
        ("registration", "+50"),
        ("create_room", "+15"),
        ("create_room", "+15"),
        ("send_message", "+1"),
    ]
    assert await entries(app, ben) == [("registration", "+50"), ("join_room", "+5"), ("join_room", "+5")]
    assert (await ann.api.get("/api/tokens/balance/me"))["balance"] == "81"


async def test_an_owner_who_comes_back_earns_nothing_by_it(app: Guildhall, person: People) -> None:
    ann, ben = await person("ann"), await person("ben")
    room = await ann.room()
    await ben.join(room["id"])
    await ann.api.post(f"/api/rooms/{room['id']}/leave", expect=204)
    await ann.join(room["id"])
    assert await entries(app, ann) == [("registration", "+50"), ("create_room", "+15")]


async def test_equal_text_and_the_fifty_first_message_of_a_day_earn_nothing(
    app: Guildhall, person: People, clock: FrozenClock
) -> None:
    ann = await person("ann")
    room = await ann.room()
    for body in ("Hello", "HELLO", "hello "):
        await say(app, ann, room["id"], body)
    assert (await entries(app, ann))[2:] == [("send_message", "+1")]
    for number in range(55):
        await say(app, ann, room["id"], f"number {number}")
    # From 100 tokens on she is silver, and the cap of 50 holds after the multiplier.
    bronze, silver = ("send_message", "+1"), ("send_message", "+1.1")
    assert (await entries(app, ann))[2:] == [bronze] * 35 + [silver] * 13 + [("send_message", "+0.7")]
    clock.advance(days=1)
    await say(app, ann, room["id"], "hello again")
    assert (await entries(app, ann))[-1] == silver


async def test_a_message_is_delivered_though_its_reward_fails_and_is_paid_when_that_works_again(
    app: Guildhall, person: People, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben = await person("ann"), await person("ben")
    room = await ann.room()
    await ben.join(room["id"])
    before = await entries(app, ann)

    async def fail(self: Economy, *arguments: object) -> None:
        raise ConnectionError("the economy is on strike")

    contract = socket_promises()
    async with served(app) as base_url, Socket(contract) as anns, Socket(contract) as bens:
        await anns.connect(base_url, token=ann.token)
        await bens.connect(base_url, token=ben.token)
        await bens.accepted("room.open", {"room_id": room["id"]})
        logging = structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars])
        with monkeypatch.context() as strike, logging as logs:
            strike.setattr(Economy, "reward_many", fail)
            await anns.accepted("message.send", {"room_id": room["id"], "client_id": "c1", "body": "hello"})
            heard = await bens.wait_for("room.event")
            assert heard["message"]["body"] == "hello"
            await waiting(app, attempts=1)
            clock.advance(seconds=2)
            await waiting(app, attempts=2)
        failed = [entry for entry in logs if entry["event"] == "errand_failed"]
        assert [entry["attempts"] for entry in failed] == [1, 2]
        # One id leads from the command to every attempt at its reward.
        assert {entry["correlation_id"] for entry in failed} == await correlation_ids(app)
        assert await entries(app, ann) == before
        clock.advance(seconds=60)
        reward = await anns.wait_for("reward.granted", lambda told: told["activity"] == "send_message")
        assert reward["amount"] == "1"
    assert await entries(app, ann) == [*before, ("send_message", "+1")]


async def waiting(app: Guildhall, *, attempts: int) -> None:
    """Wait until the one errand still to be done has failed so often."""
    async with asyncio.timeout(10):
        while await errands(app, "attempts > 0") != [(attempts, "ConnectionError")]:
            await asyncio.sleep(0.02)


async def correlation_ids(app: Guildhall) -> set[str]:
    """Of the commands whose errands are still to be done; none is empty."""
    async with app.database.reader() as db:
        rows = await db.all("SELECT correlation_id FROM outbox WHERE done_at IS NULL AND correlation_id <> ''")
    return {row["correlation_id"] for row in rows}


async def errands(app: Guildhall, condition: str) -> list[tuple[int, str | None]]:
    """Attempts and last error of those errands still to be done for which the condition holds."""
    async with app.database.reader() as db:
        rows = await db.all(f"SELECT attempts, last_error FROM outbox WHERE done_at IS NULL AND {condition}")
    return [(row["attempts"], row["last_error"]) for row in rows]


async def test_a_refused_command_earns_nothing(app: Guildhall, person: People) -> None:
    ann = await person("ann")
    room = await ann.room(client_id="once")
    await ann.room(client_id="once")
    await ann.api.post("/api/rooms", json={"name": "Other", "client_id": "once"}, expect=409)
    await ann.join(room["id"])
    assert await entries(app, ann) == [("registration", "+50"), ("create_room", "+15")]


async def test_the_id_of_a_request_stands_in_every_errand_it_causes(app: Guildhall, person: People) -> None:
    ann = await person("ann")
    response = await ann.api.raw.post("/api/rooms", json={"name": "Hall"}, headers={"X-Request-ID": "trace-me-1234"})
    assert response.headers["x-request-id"] == "trace-me-1234"
    async with app.database.reader() as db:
        rows = await db.all("SELECT payload FROM outbox WHERE correlation_id = 'trace-me-1234'")
    assert ["create_room" in row["payload"] for row in rows] == [True]


def test_no_fact_is_told_twice() -> None:
    subscribed: list[tuple[type[Fact], object]] = [(on.fact, on.translate) for on in SUBSCRIPTIONS]
    assert len(subscribed) == len(set(subscribed))


async def act(app: Guildhall, person: Person) -> Actor:
    """The actor of a signed-in person."""
    async with app.database.reader() as db:
        return (await app.accounts.authenticate(db, person.token))[0]


async def test_others_make_a_message_popular_and_helpful_and_a_member_a_moderator(
    app: Guildhall, person: People, clock: FrozenClock
) -> None:
    ann, ben = await person("ann"), await person("ben")
    room = await ann.room()
    await ben.join(room["id"])
    await say(app, ben, room["id"], "wax, and leave the back edge loose")
    message = int((await ben.api.get(f"/api/rooms/{room['id']}/messages"))["messages"][-1]["id"])
    fans = [await person(f"fan{number}") for number in range(10)]
    for number, fan in enumerate(fans):
        await fan.join(room["id"])
        actor = await act(app, fan)
        if number == 9:
            # What others do shares one small cap, which the votes have filled for that day.
            clock.advance(days=1)
        await app.transactor.run(
            lambda work, actor=actor: app.reactions.set_reaction(work, actor, message, emoji="👍", on=True)  # type: ignore[misc]  # the default binds the actor
        )
        if number < 3:
            await app.transactor.run(
                lambda work, actor=actor: app.reactions.set_helpful(work, actor, message, on=True)  # type: ignore[misc]  # the default binds the actor
            )
    before = [("registration", "+50"), ("join_room", "+5"), ("send_message", "+1")]
    assert await entries(app, ben) == [*before, ("helpful_content", "+10"), ("popular_message", "+5")]
    await ann.api.put(f"/api/rooms/{room['id']}/members/{ben.id}/role", json={"role": "moderator"})
    assert (await entries(app, ben))[-1] == ("room_moderator", "+100")


async def test_an_invited_friend_pays_once_active(app: Guildhall, person: People, clock: FrozenClock) -> None:
    root = await person("root")
    await app.transactor.run(lambda work: app.accounts.promote(work, "root"))
    code = (await root.api.post("/api/invites", json={}, expect=201))["code"]
    ben = await person("ben", invite=code)
    room = await ben.room()
    await ben.api.post("/api/tokens/claim-daily")
    assert ("invite_friend", "+100") not in await entries(app, root)
    await say(app, ben, room["id"], "hello")
    assert ("send_message", "+1") in await entries(app, ben)
    clock.advance(days=1)
    await ben.api.post("/api/tokens/claim-daily")
    clock.advance(days=1)
    await ben.api.post("/api/tokens/claim-daily")
    assert (await entries(app, root)).count(("invite_friend", "+100")) == 1
