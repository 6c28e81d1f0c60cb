"""Registering, signing in and out, and sessions, over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http.cookies import SimpleCookie
from typing import Any

import pytest

from app.accounts.endpoints import COOKIE
from app.main import Guildhall
from tests.harness.api import Api
from tests.harness.application import PASSWORD, Person
from tests.harness.engines import SQLITE_ONLY
from tests.harness.fakes import FrozenClock

pytestmark = SQLITE_ONLY
People = Callable[..., Awaitable[Person]]
ANN = {"username": "ann", "password": PASSWORD}


async def test_registering_signs_in_by_cookie_and_by_token(api: Api, app: Guildhall) -> None:
    made = await api.post("/api/auth/register", json=ANN, expect=201)
    assert made["user"]["username"] == "ann"
    assert (await api.get("/api/me")) == made["user"]
    async with Api.in_process(app, token=made["token"]) as elsewhere:
        assert (await elsewhere.get("/api/me")) == made["user"]


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(api: Api, scheme: str, secure: bool) -> None:
    response = await api.raw.post(f"{scheme}://testserver/api/auth/register", json=ANN)
    morsel = SimpleCookie(response.headers["set-cookie"])[COOKIE]
    assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "lax", "/")
    assert bool(morsel["secure"]) is secure
    assert morsel["max-age"] == str(30 * 86_400)
    assert morsel["domain"] == ""
    assert ("strict-transport-security" in response.headers) is secure


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"username": "a"}, "username_not_allowed"),
        ({"username": "раypal"}, "username_not_allowed"),
        ({"username": "me"}, "username_not_allowed"),
        ({"password": "short"}, "password_not_allowed"),
        ({"password": "x" * 257}, "password_not_allowed"),
        ({"username": "patience", "password": "PATIENCE"}, "password_not_allowed"),
        ({"username": ""}, "invalid"),
        ({"username": "x" * 65}, "invalid"),
        ({"password": "x" * 1025}, "invalid"),
        ({"username": 7}, "invalid"),
        ({"role": "admin"}, "invalid"),
        ({"public_key": "\x00"}, "invalid"),
        ({"invite": "made up"}, "invite_invalid"),
    ],
)
async def test_what_cannot_be_registered(api: Api, change: dict[str, Any], code: str) -> None:
    expect = 403 if code == "invite_invalid" else 422
    refused = await api.post("/api/auth/register", json=ANN | change, expect=expect)
    assert refused["code"] == code
    assert PASSWORD not in str(refused)


@pytest.mark.parametrize("username", ["cop", "COP", "сор", "c0p", "\uff43op"])
async def test_a_taken_name_and_its_look_alikes_are_refused(api: Api, person: People, username: str) -> None:
    await person("cop")
    refused = await api.post("/api/auth/register", json=ANN | {"username": username}, expect=409)
    assert refused["code"] == "username_taken"


@pytest.mark.parametrize(
    ("body", "media", "code", "status"),
    [
        (b"{", "application/json", "invalid", 422),
        (b"[]", "application/json", "invalid", 422),
        (b'{"username": "\\ud800", "password": "correct horse"}', "application/json", "invalid", 422),
        (b"\xff\xfe", "application/json", "invalid", 422),
        (b"username=ann&password=correct+horse", "application/x-www-form-urlencoded", "invalid", 422),
        (b'{"a": "' + b"x" * 70_000 + b'"}', "application/json", "too_large", 413),
        (b"[" * 20_000, "application/json", "invalid", 422),
    ],
)
async def test_a_body_that_is_no_registration(api: Api, body: bytes, media: str, code: str, status: int) -> None:
    refused = await api.post("/api/auth/register", content=body, headers={"Content-Type": media}, expect=status)
    assert refused["code"] == code


async def test_signing_in_by_any_spelling_of_the_name(api: Api, person: People) -> None:
    # Unicode's one spelling of this name is not what a Thai keyboard types.
    ann = await person("คำแก้ว")
    for username in ("คำแก้ว", ann.username):
        signed_in = await api.post("/api/auth/login", json={"username": username, "password": PASSWORD})
        assert signed_in["user"]["id"] == ann.id
    ben = await person("Ben")
    assert (await api.post("/api/auth/login", json={"username": "bEN", "password": PASSWORD}))["user"]["id"] == ben.id


@pytest.mark.parametrize(
    ("username", "password"), [("ann", "wrong horse"), ("nobody", PASSWORD), ("аnn", PASSWORD), ("a\x00n", PASSWORD)]
)
async def test_wrong_credentials_are_all_refused_alike(api: Api, person: People, username: str, password: str) -> None:
    await person("ann")
    refused = await api.post("/api/auth/login", json={"username": username, "password": password}, expect=401)
    assert refused["code"] == "bad_credentials"
    assert refused["detail"] == "The username or the password is wrong"
    assert api.raw.cookies.get(COOKIE) is None


async def test_signing_out_ends_this_session_and_takes_the_cookie(api: Api, person: People) -> None:
    ann = await person("ann")
    await api.post("/api/auth/login", json=ANN)
    await api.post("/api/auth/logout", expect=204)
    assert api.raw.cookies.get(COOKIE) is None
    assert (await api.get("/api/me", expect=401))["code"] == "unauthenticated"
    await ann.api.get("/api/me")


async def test_sessions_are_listed_and_ended_one_by_one(api: Api, person: People, clock: FrozenClock) -> None:
    ann = await person("ann")
    clock.advance(seconds=5)
    await api.post("/api/auth/login", json=ANN, headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0"})
    sessions = (await ann.api.get("/api/me/sessions"))["sessions"]
    assert [session["current"] for session in sessions] == [False, True]
    assert sessions[0]["label"] == "Firefox on Linux"
    await ann.api.delete(f"/api/me/sessions/{sessions[0]['id']}")
    await api.get("/api/me", expect=401)
    refused = await ann.api.delete(f"/api/me/sessions/{sessions[0]['id']}", expect=404)
    assert refused["code"] == "not_found"
    assert len((await ann.api.get("/api/me/sessions"))["sessions"]) == 1


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YW5uOng=", "Bearer made-up", "Bearer a b", "nonsense"])
async def test_a_bad_authorization_header_is_refused_even_with_a_good_cookie(api: Api, header: str) -> None:
    await api.post("/api/auth/register", json=ANN, expect=201)
    refused = await api.get("/api/me", headers={"Authorization": header}, expect=401)
    assert refused["code"] == "unauthenticated"


async def test_use_keeps_a_session_alive_noted_once_an_hour(person: People, clock: FrozenClock) -> None:
    ann = await person("ann")

    async def seen() -> str:
        (session,) = (await ann.api.get("/api/me/sessions"))["sessions"]
        return str(session["last_seen_at"])

    first = await seen()
    clock.advance(seconds=3600)
    assert await seen() == first
    clock.advance(seconds=1)
    await ann.api.get("/api/me")
    assert await seen() != first
    for _ in range(3):
        clock.advance(days=29)
        await ann.api.get("/api/me")
    clock.advance(days=30)
    assert (await ann.api.get("/api/me", expect=401))["code"] == "unauthenticated"


async def test_the_setup_link_works_once_and_makes_an_administrator(api: Api, app: Guildhall) -> None:
    assert await api.get("/api/auth/options") == {"registration": "open", "setup_needed": True}
    token = await app.setup_token()
    refused = await api.post("/api/auth/setup", json=ANN | {"token": "made up"}, expect=410)
    assert refused["code"] == "setup_link_used"
    made = await api.post("/api/auth/setup", json=ANN | {"token": token}, expect=201)
    assert made["user"]["role"] == "admin"
    assert await api.get("/api/auth/options") == {"registration": "open", "setup_needed": False}
    again = await api.post("/api/auth/setup", json={**ANN, "username": "ben", "token": token}, expect=410)
    assert again["code"] == "setup_link_used"
    assert await app.setup_token() is None


async def test_a_refused_setup_leaves_the_link_good(api: Api, app: Guildhall, person: People) -> None:
    await person("ann")
    token = await app.setup_token()
    assert (await api.post("/api/auth/setup", json=ANN | {"token": token}, expect=409))["code"] == "username_taken"
    await api.post("/api/auth/setup", json=ANN | {"token": token, "username": "root"}, expect=201)


@pytest.mark.parametrize("app_settings", [{"registration": "invite"}])
async def test_in_a_house_by_invitation_one_needs_a_good_one(api: Api, app: Guildhall, clock: FrozenClock) -> None:
    await api.post("/api/auth/setup", json={**ANN, "token": await app.setup_token()}, expect=201)
    made = await api.post("/api/invites", json={"uses": 1, "days": 2}, expect=201)
    assert made["uses_left"] == 1
    ben = ANN | {"username": "ben"}
    async with Api.in_process(app) as stranger:
        assert (await stranger.get("/api/auth/options"))["registration"] == "invite"
        for invite, code in ((None, "invite_required"), ("made up", "invite_invalid")):
            refused = await stranger.post("/api/auth/register", json={**ben, "invite": invite}, expect=403)
            assert refused["code"] == code
        await stranger.post("/api/auth/register", json={**ben, "invite": made["code"]}, expect=201)
        cat = {**ben, "username": "cat", "invite": made["code"]}
        assert (await stranger.post("/api/auth/register", json=cat, expect=403))["code"] == "invite_invalid"


@pytest.mark.parametrize("app_settings", [{"registration": "closed"}])
async def test_a_closed_house_lets_only_the_administrator_in(api: Api, app: Guildhall) -> None:
    assert (await api.post("/api/auth/register", json=ANN, expect=403))["code"] == "registration_closed"
    await api.post("/api/auth/setup", json=ANN | {"token": await app.setup_token()}, expect=201)


@pytest.mark.parametrize("body", [{"uses": 0}, {"uses": 1001}, {"days": 0}, {"days": 91}, {"uses": "many"}])
async def test_invitations_are_bounded(api: Api, app: Guildhall, body: dict[str, Any]) -> None:
    await api.post("/api/auth/setup", json=ANN | {"token": await app.setup_token()}, expect=201)
    assert (await api.post("/api/invites", json=body, expect=422))["code"] == "invalid"
