"""What people say, their passwords and their tokens stand in no log; one id leads from a command to its reward."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from socketio.exceptions import ConnectionError as Refused

from tests.harness.api import Api
from tests.harness.application import PASSWORD, Person
from tests.harness.server import Server, running_server
from tests.harness.socket import Socket

SAID = "the-secret-we-share"
WRONG = "not-my-real-password"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running_server(tmp_path / "data", log_level="debug", log_format="json") as server:
        yield server


def log_lines(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]


async def test_a_conversation_leaves_nothing_of_itself_in_the_log(server: Server) -> None:
    async with Api(server.base_url) as anns, Api(server.base_url) as anybody:
        ann = await Person.register(anns, "ann", public_key="the-public-key")
        await anybody.post("/api/auth/login", json={"username": "ann", "password": WRONG}, expect=401)
        signed_in = await anybody.post("/api/auth/login", json={"username": "ann", "password": PASSWORD})
        room = await ann.room()
        bad = {"name": ["x"], "topic": SAID, "password": WRONG}
        await ann.api.post("/api/rooms", json=bad, expect=422)
        async with Socket() as phone:
            await phone.connect(server.base_url, token=ann.token)
            await phone.accepted("room.open", {"room_id": room["id"]})
            good = {"room_id": room["id"], "client_id": "c1", "body": SAID}
            await phone.accepted("message.send", good)
            for payload in (good | {"body": SAID + "!"}, good | {"extra": SAID}, [SAID], SAID, {"room_id": SAID}):
                await phone.command("message.send", payload)
            await phone.command(SAID, {})
            await phone.wait_for("room.event")
        async with Socket() as refused:
            with pytest.raises(Refused):
                await refused.connect(server.base_url, token=WRONG)
    assert await asyncio.to_thread(server.terminate) in (0, -signal.SIGTERM)
    assert any(line["event"] == "http_answered" for line in log_lines(server))
    for secret in (SAID, WRONG, PASSWORD, ann.token, signed_in["token"], "the-public-key"):
        assert secret not in server.log
    assert "Traceback" not in server.log


async def test_the_log_line_of_a_request_carries_the_id_that_the_answer_has(server: Server) -> None:
    async with Api(server.base_url) as api:
        offered = await api.raw.get("/api/auth/options", headers={"X-Request-ID": "trace-me-1234"})
        assert offered.headers["x-request-id"] == "trace-me-1234"
        forged = await api.raw.get("/api/auth/options", headers={"X-Request-ID": 'x" event="forged'})
        assert forged.headers["x-request-id"] != 'x" event="forged'
    ids = {line.get("correlation_id") for line in log_lines(server)}
    assert {"trace-me-1234", forged.headers["x-request-id"]} <= ids
