"""What keeps guesses few and other sites out: rate limits, equal cost, the origin check."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from app.main import Guildhall
from tests.harness.api import Api
from tests.harness.application import PASSWORD, InstantHasher, Person
from tests.harness.engines import SQLITE_ONLY
from tests.harness.fakes import FrozenClock

pytestmark = SQLITE_ONLY
People = Callable[..., Awaitable[Person]]
ANN = {"username": "ann", "password": PASSWORD}
WRONG = ANN | {"password": "wrong horse"}


@pytest.mark.parametrize("app_settings", [{"rate_failed_login": "3+1/m"}])
async def test_guesses_at_one_name_are_few_and_say_when_to_come_back(
    api: Api, person: People, clock: FrozenClock
) -> None:
    await person("ann")
    for spelling in ("ann", "ANN", "\uff41nn"):
        await api.post("/api/auth/login", json=WRONG | {"username": spelling}, expect=401)
    response = await api.raw.post("/api/auth/login", json=ANN)
    assert (response.status_code, response.headers["retry-after"]) == (429, "60")
    assert (response.json()["code"], response.json()["retry_after"]) == ("rate_limited", 60)
    clock.advance(seconds=59)
    await api.post("/api/auth/login", json=ANN, expect=429)
    clock.advance(seconds=1)
    await api.post("/api/auth/login", json=ANN)


@pytest.mark.parametrize("app_settings", [{"rate_failed_login": "3+1/m"}])
async def test_guesses_in_parallel_are_counted_before_the_password_is_looked_at(
    api: Api, person: People, hasher: InstantHasher
) -> None:
    await person("ann")
    answers = await asyncio.gather(*(api.raw.post("/api/auth/login", json=WRONG) for _ in range(12)))
    assert Counter(answer.status_code for answer in answers) == {401: 3, 429: 9}
    assert len(hasher.verified) == 3


@pytest.mark.parametrize("app_settings", [{"rate_failed_login": "3+1/m"}])
async def test_successful_sign_ins_do_not_count_as_failed(api: Api, person: People) -> None:
    await person("ann")
    for _ in range(8):
        await api.post("/api/auth/login", json=ANN)


@pytest.mark.parametrize("app_settings", [{"rate_failed_login": "3+1/m"}])
async def test_guesses_at_one_name_do_not_lock_another(api: Api, person: People) -> None:
    await person("ann")
    await person("ben")
    for _ in range(5):
        await api.raw.post("/api/auth/login", json=WRONG)
    await api.post("/api/auth/login", json=ANN | {"username": "ben"})


@pytest.mark.parametrize("app_settings", [{"rate_login": "2+1/m", "rate_register": "2+1/m"}])
async def test_one_address_signs_in_and_registers_only_so_often(api: Api, app: Guildhall) -> None:
    token = await app.setup_token()
    await api.post("/api/auth/setup", json=ANN | {"token": token}, expect=201)
    await api.post("/api/auth/register", json=ANN | {"username": "ben"}, expect=201)
    refused = await api.post("/api/auth/register", json=ANN | {"username": "cat"}, expect=429)
    assert (refused["code"], refused["retry_after"]) == ("rate_limited", 60)
    await api.post("/api/auth/setup", json=ANN | {"token": token}, expect=429)
    for _ in range(2):
        await api.post("/api/auth/login", json=ANN)
    await api.post("/api/auth/login", json=ANN, expect=429)


async def test_a_name_nobody_has_is_verified_like_any_other(api: Api, person: People, hasher: InstantHasher) -> None:
    await person("ann")
    await api.post("/api/auth/login", json=WRONG, expect=401)
    await api.post("/api/auth/login", json=WRONG | {"username": "nobody"}, expect=401)
    known, unknown = hasher.verified
    assert known is not None
    assert unknown is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://testserver:81"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    ],
)
async def test_changes_asked_for_by_another_site_are_refused(api: Api, headers: dict[str, str]) -> None:
    await api.post("/api/auth/register", json=ANN, expect=201)
    for path in ("/api/auth/login", "/api/auth/logout", "/api/rooms"):
        assert (await api.post(path, json=ANN, headers=headers, expect=403))["code"] == "forbidden"
    await api.get("/api/me", headers=headers)


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://testserver"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]
)
async def test_ones_own_page_and_programs_are_let_through(api: Api, headers: dict[str, str]) -> None:
    await api.post("/api/auth/register", json=ANN, headers=headers, expect=201)
