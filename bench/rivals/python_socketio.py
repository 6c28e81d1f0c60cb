"""Stock python-socketio on uvicorn, as its documentation has it: in memory, or storing and rewarding with asyncpg.

    python -m bench.rivals.python_socketio PORT [POSTGRESQL_URL]

Commands, pushes and their sizes on the wire are Guildhall's. Storing is done in the straightforward way: a transaction
for each message, acknowledged after its commit. Who connects is believed, and membership is not checked.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import Any

import asyncpg
import socketio
import uvicorn

EPOCH = "0123456789abcdef"
POOL_MAX = 10
DAY_CAP = 50
"""Messages of a person that are rewarded on one day, as in Guildhall's default policy."""

sio = socketio.AsyncServer(async_mode="asgi")


def event_of(command: dict[str, Any], person: int, message_id: int, seq: int) -> dict[str, Any]:
    """What receivers are pushed."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    author = {"id": f"73107310731{person:08d}", "username": f"person-{person}"}
    message = {
        "id": f"73107310731{message_id:08d}",
        "room_id": command["room_id"],
        "seq": seq,
        "client_id": command["client_id"],
        "author": author,
        "body": command["body"],
        "at": at,
    }
    return {
        "room_id": command["room_id"],
        "seq": seq,
        "kind": "message.posted",
        "at": at,
        "actor": author,
        "epoch": EPOCH,
        "message": message,
    }


class Memory:
    """Nothing is stored; numbers are counted here."""

    def __init__(self) -> None:
        self._seq: dict[str, int] = {}

    async def open(self) -> None:
        """Nothing is opened."""

    async def post(self, command: dict[str, Any], person: int) -> tuple[int, int]:
        """The message's id and number."""
        seq = self._seq[command["room_id"]] = self._seq.get(command["room_id"], 0) + 1
        return seq, seq


class Stored:
    """Every message with its reward, in one transaction."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Connect to the database."""
        self._pool = await asyncpg.create_pool(self._url, min_size=POOL_MAX, max_size=POOL_MAX)

    async def post(self, command: dict[str, Any], person: int) -> tuple[int, int]:
        """The message's id and number, once they are committed."""
        assert self._pool is not None, "opened at startup"
        room, now = int(command["room_id"]), int(time.time() * 1000)
        async with self._pool.acquire() as db, db.transaction():
            seq = await db.fetchval("UPDATE room SET seq = seq + 1 WHERE id = $1 RETURNING seq", room)
            message_id = await db.fetchval(
                "INSERT INTO message (room_id, seq, author_id, client_id, body, at) VALUES ($1, $2, $3, $4, $5, $6)"
                " RETURNING id",
                room, seq, person, command["client_id"], command["body"], now,
            )  # fmt: skip
            balance = await db.fetchval(
                "UPDATE wallet SET balance = balance + 1000000, day = $2,"
                " earned = CASE WHEN day = $2 THEN earned + 1 ELSE 1 END"
                " WHERE account_id = $1 AND (day <> $2 OR earned < $3) RETURNING balance",
                person, now // 86_400_000, DAY_CAP,
            )  # fmt: skip
            if balance is not None:
                await db.execute(
                    "INSERT INTO ledger (account_id, message_id, amount, balance_after, at)"
                    " VALUES ($1, $2, 1000000, $3, $4)",
                    person, message_id, balance, now,
                )  # fmt: skip
        return message_id, seq


store: Memory | Stored = Stored(sys.argv[2]) if len(sys.argv) > 2 else Memory()


async def connect(sid: str, environ: dict[str, Any], auth: dict[str, str]) -> None:
    """Tokens are `bench-PERSON-ROOM`."""
    await sio.save_session(sid, {"person": int(auth["token"].split("-")[1])})


async def room_open(sid: str, command: dict[str, Any]) -> dict[str, Any]:
    """Begin to receive what is said in a room."""
    await sio.enter_room(sid, command["room_id"])
    return {"ok": True}


async def message_send(sid: str, command: dict[str, Any]) -> dict[str, Any]:
    """Store, push, acknowledge."""
    person = (await sio.get_session(sid))["person"]
    message_id, seq = await store.post(command, person)
    event = event_of(command, person, message_id, seq)
    await sio.emit("room.event", event, room=command["room_id"])
    return {"ok": True, "message": event["message"], "seq": seq, "duplicate": False}


sio.on("connect", connect)
sio.on("room.open", room_open)
sio.on("message.send", message_send)

if __name__ == "__main__":
    uvicorn.run(
        socketio.ASGIApp(sio, on_startup=store.open),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        access_log=False,
    )
