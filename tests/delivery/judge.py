"""What must be true when everything has come to rest, recomputed from the ledger of intents and the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal

import httpx2

from app.infra.database import Database, Row
from tests.delivery.intents import canonical
from tests.delivery.town import ROOMS, Town

SILVER = 100
REWARDS = {"registration": Decimal(50), "create_room": Decimal(15), "join_room": Decimal(5), "send_message": Decimal(1)}
CAPS = {"join_room": Decimal(10), "send_message": Decimal(50)}
DAY_CAP = Decimal(500)


async def rows(database: Database, sql: str) -> list[Row]:
    async with database.reader() as db:
        return await db.all(sql)


async def stored_messages(database: Database) -> list[Row]:
    """Every message, by room in the order of numbers."""
    return await rows(database, "SELECT * FROM message ORDER BY room_id, seq")


async def heads(database: Database) -> dict[str, int]:
    """The newest event number of each room, taken from the events."""
    found = await rows(database, "SELECT room_id, MAX(seq) AS head FROM room_event GROUP BY room_id")
    return {str(row["room_id"]): row["head"] for row in found}


async def judge_intents(town: Town, database: Database) -> None:
    """Every acknowledged intent is stored once, as meant; every other at most once; nothing else is stored."""
    stored = await stored_messages(database)
    times = Counter(row["client_id"] for row in stored)
    repeated = {client_id: count for client_id, count in times.items() if count > 1}
    assert not repeated, f"stored more than once: {repeated}"
    by_intent = {row["client_id"]: row for row in stored}
    assert by_intent.keys() <= town.intents.all.keys(), "something is stored that nobody meant to say"
    for intent in town.intents.all.values():
        row = by_intent.get(intent.client_id)
        if intent.answers:
            assert row is not None, f"acknowledged and not stored: {intent}"
            answered = {(answer.message_id, answer.seq) for answer in intent.answers}
            assert answered == {(str(row["id"]), row["seq"])}, f"answered with another message: {intent}"
            assert sum(not answer.duplicate for answer in intent.answers) <= 1, f"twice the first: {intent}"
        if row is not None:
            assert (str(row["author_id"]), str(row["room_id"]), row["body"]) == (
                intent.author_id,
                intent.room_id,
                intent.body,
            )


async def judge_order(town: Town, database: Database) -> None:
    """Numbers have no holes, and what one device wrote in a room stands there in the order of writing."""
    numbers = defaultdict(list)
    for event in await rows(database, "SELECT room_id, seq FROM room_event ORDER BY room_id, seq"):
        numbers[event["room_id"]].append(event["seq"])
    for room in await rows(database, "SELECT id, seq FROM room"):
        assert numbers[room["id"]] == list(range(1, room["seq"] + 1)), f"room {room['id']} has holes in its numbers"
    posted = await rows(
        database,
        "SELECT COUNT(*) AS n FROM message JOIN room_event ON room_event.subject_id = message.id "
        "AND room_event.room_id = message.room_id AND room_event.seq = message.seq AND kind = 'message.posted'",
    )
    assert posted[0]["n"] == len(await stored_messages(database)), "a message has no event of its number"
    for device in town.devices:
        for room_id in device.rooms:
            order = [intent.answers[0].seq for intent in device.written if intent.room_id == room_id]
            assert order == sorted(order), f"{device.person.username} said things in another order: {order}"


async def judge_timelines(town: Town, database: Database) -> None:
    """Every client shows what the database holds of its rooms, all of it, in order."""
    expected: dict[str, list[tuple[int, str, str, str]]] = defaultdict(list)
    for row in await stored_messages(database):
        expected[str(row["room_id"])].append((row["seq"], str(row["id"]), str(row["author_id"]), row["body"]))
    for number, device in enumerate(town.devices):
        for room, timeline in device.timelines.items():
            shown = [
                (seq, message["id"], message["author"]["id"], message["body"])
                for seq, message in timeline.messages.items()
            ]
            assert shown == expected[room], f"device {number} of {device.person.username} shows another room {room}"


async def judge_reading(town: Town, database: Database, http: httpx2.AsyncClient) -> None:
    """Read positions are the furthest that any device marked, and unread is what others said after them."""
    joined = {
        (str(row["room_id"]), str(row["subject_id"])): row["seq"]
        for row in await rows(database, "SELECT room_id, subject_id, seq FROM room_event WHERE kind = 'member.changed'")
    }
    stored = await stored_messages(database)
    for person in town.people.values():
        mine = [device for device in town.devices if device.person == person]
        response = await http.get("/api/rooms", headers={"Authorization": f"Bearer {person.token}"})
        for told in response.raise_for_status().json()["rooms"]:
            marked = max(device.read_upto[told["id"]] for device in mine)
            read = max(joined[told["id"], person.id], marked)
            unread = sum(
                str(message["room_id"]) == told["id"]
                and message["seq"] > read
                and str(message["author_id"]) != person.id
                for message in stored
            )
            assert (told["read_seq"], told["unread"]) == (read, unread), f"{person.username} in {told['name']}"


async def judge_money(town: Town, database: Database, http: httpx2.AsyncClient) -> None:
    """Each message was decided on once, and everybody has what the rules give for what they did in this one day."""
    stored = await stored_messages(database)
    ops = await rows(database, "SELECT idem_key FROM econ_op WHERE scope = 'activity.send_message'")
    decided = Counter(op["idem_key"] for op in ops)
    said = Counter(f"message:{message['id']}" for message in stored)
    assert decided == said, f"never decided on: {said - decided}; decided on too often: {decided - said}"
    paid = await rows(
        database,
        "SELECT op_id, COUNT(*) AS n FROM econ_transfer WHERE kind = 0 GROUP BY op_id HAVING COUNT(*) > 1",
    )
    assert not paid, f"rewards paid more than once: {[row['op_id'] for row in paid]}"
    for name, person in town.people.items():
        texts = {canonical(message["body"]) for message in stored if str(message["author_id"]) == person.id}
        response = await http.get("/api/tokens/balance/me", headers={"Authorization": f"Bearer {person.token}"})
        balance = response.raise_for_status().json()
        assert Decimal(balance["balance"]) == expected_balance(name, len(texts)), f"{name}, {len(texts)} texts"
        assert Decimal(balance["today"]["earned"]) == Decimal(balance["balance"])


def expected_balance(name: str, texts: int) -> Decimal:
    """By the rules alone: what somebody has who joined their rooms and said so many different things in one day."""
    made = sum(members[0] == name for members in ROOMS.values())
    joined = sum(name in members[1:] for members in ROOMS.values())
    earned = {"registration": 1, "create_room": made, "join_room": joined}
    sums = (min(times * REWARDS[kind], CAPS.get(kind, DAY_CAP)) for kind, times in earned.items())
    begun = sum(sums, Decimal(0))
    said = Decimal(0)
    for _ in range(texts):
        # Whoever has a hundred is silver, and what they say next earns a tenth more.
        factor = Decimal("1.1") if begun + said >= SILVER else Decimal(1)
        said = min(said + REWARDS["send_message"] * factor, CAPS["send_message"])
    return min(begun + said, DAY_CAP)
