"""The real server starts, is taken away and comes back on the same port, with what it had acknowledged."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from tests.harness.api import Api
from tests.harness.server import running_server
from tests.harness.socket import Socket, SocketContract

PERSON = {"username": "alice", "password": "a long and harmless sentence"}


async def test_what_was_acknowledged_survives_a_kill(database_url: str, tmp_path: Path) -> None:
    with running_server(tmp_path, database_url=database_url, registration="open") as server:
        async with Api(server.base_url) as api:
            token = (await api.post("/api/auth/register", json=PERSON, expect=201))["token"]
            room = await api.post("/api/rooms", json={"name": "Hall"}, expect=201)
            contract = SocketContract((await api.raw.get("/asyncapi.json")).json())
            async with Socket(contract) as device:
                await device.connect(server.base_url, token=token)
                await device.accepted("room.open", {"room_id": room["id"]})
                sent = {"room_id": room["id"], "client_id": "first", "body": "สวัสดี"}
                ack = await device.accepted("message.send", sent)
                event = await device.wait_for("room.event", lambda data: data["kind"] == "message.posted")
                assert event["message"] == ack["message"]
                server.kill()

            await asyncio.to_thread(server.restart)
            page = await api.get(f"/api/rooms/{room['id']}/messages")
            assert [message["body"] for message in page["messages"]] == ["สวัสดี"]
            assert server.terminate() == -signal.SIGTERM, "uvicorn ends in order and then by the signal it was sent"
    assert "Traceback" not in server.log
