"""Who is let in, who is told why not, and who is sent away again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from socketio.exceptions import ConnectionError as Refused
from websockets.exceptions import InvalidStatus

from app.accounts.endpoints import COOKIE
from app.infra.rate_limit import Rate, RateLimit
from app.main import Guildhall
from app.realtime.server import RealtimeServer
from tests.harness.application import PASSWORD, Person, served
from tests.harness.engines import SQLITE_ONLY
from tests.harness.fakes import FrozenClock
from tests.harness.socket import Socket
from tests.realtime.raw import raw_socket

pytestmark = SQLITE_ONLY
Connect = Callable[[Person], Awaitable[Socket]]


async def refusal(base_url: str, auth: Any = None) -> dict[str, Any]:
    """What a client that is refused is told."""
    async with raw_socket(base_url) as raw:
        await raw.send("40" + ("" if auth is None else json.dumps(auth)))
        told: dict[str, Any] = json.loads((await raw.receive_starting("44"))[2:])
        return told


@pytest.mark.parametrize(
    "auth",
    [
        None,
        {},
        [],
        "token",
        7,
        {"token": ""},
        {"token": None},
        {"token": 7},
        {"token": "made up"},
        {"token": "x" * 9000},
    ],
)
async def test_who_does_not_say_who_they_are_is_told_so(base_url: str, no_traceback: None, auth: Any) -> None:
    told = await refusal(base_url, auth)
    assert told["data"]["code"] == "unauthenticated"
    assert told["message"] == told["data"]["detail"] != ""


@pytest.mark.parametrize("app_settings", [{"rate_connect": "3+1/m"}])
async def test_connecting_too_often_says_when_to_come_back(base_url: str, connect: Connect, ann: Person) -> None:
    for _ in range(3):
        await connect(ann)
    told = await refusal(base_url, {"token": ann.token})
    assert (told["data"]["code"], told["data"]["retry_after"]) == ("rate_limited", 60)
    with pytest.raises(Refused):
        await connect(ann)


async def test_the_cookie_lets_in_as_well_as_the_token(base_url: str, ann: Person) -> None:
    async with Socket() as socket:
        await socket.connect(base_url, cookie=f"theme=dark; {COOKIE}={ann.token}; x=y")
        await socket.wait_for("rooms.heads")
        assert (await socket.command("room.open", {"room_id": "1"}))["code"] == "not_found"


@pytest.mark.parametrize("cookie", ["", f"{COOKIE}=made-up", f"{COOKIE}=", "][=;;;,", f"other{COOKIE}=x"])
async def test_a_bad_cookie_is_a_refusal(base_url: str, no_traceback: None, cookie: str) -> None:
    async with raw_socket(base_url, additional_headers={"Cookie": cookie}) as raw:
        await raw.send("40")
        assert json.loads((await raw.receive_starting("44"))[2:])["data"]["code"] == "unauthenticated"


async def test_a_page_of_another_site_cannot_connect_with_the_cookie(base_url: str, ann: Person) -> None:
    cookie = {"Cookie": f"{COOKIE}={ann.token}"}
    with pytest.raises(InvalidStatus, match="HTTP 403"):
        async with raw_socket(base_url, additional_headers=cookie, origin="https://evil.example"):
            pass
    async with raw_socket(base_url, additional_headers=cookie, origin=base_url) as raw:
        await raw.send("40")
        await raw.receive_starting("40")


async def test_until_it_is_told_whom_to_ask_the_server_lets_nobody_in(app: Guildhall) -> None:
    server = RealtimeServer(RateLimit(Rate(9, 1), FrozenClock()), app.metrics, cookie=COOKIE)
    async with served(server.asgi(app)) as base_url:
        assert (await refusal(base_url, {"token": "any"}))["data"]["code"] == "unavailable"


async def test_signing_out_disconnects_the_sockets_of_that_session_alone(connect: Connect, ann: Person) -> None:
    second = await ann.api.post("/api/auth/login", json={"username": "ann", "password": PASSWORD})
    ann.api.raw.cookies.clear()
    phone, laptop = await connect(ann), await connect(Person(ann.api, ann.id, "ann", second["token"]))
    sessions = (await ann.api.get("/api/me/sessions"))["sessions"]
    (elsewhere,) = (session["id"] for session in sessions if not session["current"])
    await ann.api.delete(f"/api/me/sessions/{elsewhere}")
    await laptop.wait_for("session.revoked")
    async with asyncio.timeout(5):
        await laptop.raw.wait()
    assert phone.raw.connected
    assert phone.received("session.revoked") == []
    await ann.api.post("/api/auth/logout", expect=204)
    await phone.wait_for("session.revoked")


@pytest.mark.parametrize("app_settings", [{"heads_interval_s": 0.1}])
async def test_a_session_that_ended_elsewhere_is_noticed_by_the_beacon(
    connect: Connect, ann: Person, clock: FrozenClock
) -> None:
    phone = await connect(ann)
    await phone.wait_for("rooms.heads")
    clock.advance(days=31)
    await phone.wait_for("session.revoked")


async def test_the_number_of_connections_is_measured(app: Guildhall, connect: Connect, ann: Person) -> None:
    phone, laptop = await connect(ann), await connect(ann)
    assert b"guildhall_connections 2.0" in app.metrics.render()
    await laptop.close()
    await phone.command("room.open", {"room_id": "1"})
    assert b"guildhall_connections 1.0" in app.metrics.render()


async def test_a_transport_that_nobody_signs_in_through_is_closed(
    app: Guildhall, base_url: str, connect: Connect, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.realtime.server.STRANGER_SECONDS", 0.0)
    phone = await connect(ann)
    async with raw_socket(base_url) as raw:
        await app.realtime.hang_up_on_strangers()
        await app.realtime.hang_up_on_strangers()
        await raw.closed()
    assert (await phone.command("room.open", {"room_id": "1"}))["code"] == "not_found"
