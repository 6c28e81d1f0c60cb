"""PINs: what may be set, how wrong ones are counted and lock, and that guesses in parallel gain nothing."""

from __future__ import annotations

import asyncio
import stat
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.accounts import store as accounts
from app.accounts.model import Person as Account
from app.accounts.passwords import Argon2idHasher, PasswordHasher
from app.core.actor import Actor
from app.core.clock import iso
from app.core.errors import AppError
from app.economy.gifts.pins import Pins
from app.infra.database import Database
from app.infra.rate_limit import Rate, RateLimit
from app.infra.secret_file import SecretFile
from app.infra.unit_of_work import Transactor
from app.main import Guildhall
from tests.economy.giving import PIN, WRONG, give, set_pin
from tests.harness.api import Api
from tests.harness.application import PASSWORD, InstantHasher, Person, served
from tests.harness.engines import SQLITE_ONLY
from tests.harness.fakes import FrozenClock

People = Callable[..., Awaitable[Person]]
MINUTE, HOUR = 60, 3600
ANA = Actor(41, "ana", False, 1)
COMMON = (
    "0000 1111 9999 1234 0123 6789 4321 9876 3210 1212 6969 9090 1900 1987 1999 2000 2024 2099 2580 0852 1004 1122 "
    "1313 2001 1010 4200 5683 7777 2468 1357 1379 7890"
)


class SlowHasher(InstantHasher):
    """Takes long enough that guesses in parallel overlap."""

    async def verify(self, hashed: str | None, password: str) -> bool:
        await asyncio.sleep(0.02)
        return await super().verify(hashed, password)


@pytest.fixture
def hasher() -> InstantHasher:
    return SlowHasher()


@pytest.fixture
async def ann(person: People) -> Person:
    ann = await person("ann")
    await set_pin(ann)
    return ann


@pytest.fixture
async def ben(person: People) -> Person:
    return await person("ben")


@pytest.fixture
def pepper(tmp_path: Path) -> SecretFile:
    pepper = SecretFile(tmp_path / "pepper")
    pepper.load()
    return pepper


def pins_of(
    transactor: Transactor, database: Database, hasher: PasswordHasher, pepper: SecretFile, clock: FrozenClock
) -> Pins:
    """The PINs as one process keeps them, with budgets that nobody reaches."""
    free = RateLimit(Rate(10_000, 1), clock)
    return Pins(transactor, database, hasher, pepper, clock, by_address=free, wrong_in_all=free, wrong_passwords=free)


async def lock(ann: Person, ben: Person) -> str:
    """Use all tries; return until when the PIN is locked."""
    answers = [await give(ann, ben, pin=WRONG, expect=403) for _ in range(5)]
    assert [answer["tries_left"] for answer in answers] == [4, 3, 2, 1, 0]
    assert ["locked_until" in answer for answer in answers] == [False] * 4 + [True]
    locked_until: str = (await ann.api.get("/api/pin"))["locked_until"]
    return locked_until


async def test_a_pin_is_set_and_changed_with_the_password(ben: Person, ann: Person) -> None:
    assert await ben.api.get("/api/pin") == {"set": False, "tries_left": 5, "locked_until": None}
    assert await set_pin(ben, "7294") == {"set": True, "tries_left": 5, "locked_until": None}
    await give(ben, ann, pin="7294")
    await set_pin(ben, "8301")
    await give(ben, ann, pin="7294", expect=403)
    await give(ben, ann, pin="8301")


async def test_a_wrong_password_sets_nothing(ann: Person, ben: Person) -> None:
    assert (await set_pin(ann, "7294", password="wrong horse", expect=403))["code"] == "password_wrong"
    await give(ann, ben, pin="7294", expect=403)
    await give(ann, ben)


@SQLITE_ONLY
@pytest.mark.parametrize("app_settings", [{"rate_pin_password": "3+1/m"}])
async def test_wrong_passwords_have_a_limit_of_their_own(
    ann: Person, ben: Person, hasher: InstantHasher, clock: FrozenClock
) -> None:
    for _ in range(5):  # right ones do not count
        await set_pin(ann)
    hasher.verified.clear()
    wrong = {"password": "wrong horse", "pin": PIN}
    answers = await asyncio.gather(*(ann.api.raw.put("/api/pin", json=wrong) for _ in range(12)))
    assert Counter(answer.status_code for answer in answers) == {403: 3, 429: 9}
    assert len(hasher.verified) == 3
    assert (await set_pin(ann, expect=429))["retry_after"] == 60
    await set_pin(ben)
    clock.advance(seconds=60)
    await set_pin(ann)


@SQLITE_ONLY
@pytest.mark.parametrize("pin", COMMON.split())
async def test_what_anybody_would_guess_first_cannot_be_set(ben: Person, pin: str) -> None:
    assert (await set_pin(ben, pin, expect=422))["code"] == "pin_too_easy"
    assert not (await ben.api.get("/api/pin"))["set"]


@SQLITE_ONLY
@pytest.mark.parametrize("pin", ["4071", "1834", "2103", "0193", "8901", "1243"])
async def test_other_pins_can_be_set(ben: Person, pin: str) -> None:
    await set_pin(ben, pin)


@SQLITE_ONLY
@pytest.mark.parametrize("pin", ["", "407", "40711", "4071\n", "40a1", "\uff14\uff10\uff17\uff11", 4071, None])
async def test_a_pin_is_four_digits(ben: Person, pin: object) -> None:
    body = {"password": PASSWORD, "pin": pin}
    assert (await ben.api.call("PUT", "/api/pin", json=body, expect=422))["code"] == "invalid"
    assert not (await ben.api.get("/api/pin"))["set"]


async def test_five_wrong_tries_lock_it_for_ever_longer(ann: Person, ben: Person, clock: FrozenClock) -> None:
    for seconds in (15 * MINUTE, HOUR, 24 * HOUR, 24 * HOUR):
        assert await lock(ann, ben) == iso(clock.now_ms() + seconds * 1000)
        refused = await give(ann, ben, expect=429)
        locked_until = clock.now_ms() + seconds * 1000
        assert (refused["code"], refused["locked_until"], refused["retry_after"]) == (
            "pin_locked",
            locked_until,
            seconds,
        )
        assert await ann.api.get("/api/pin") == {"set": True, "tries_left": 0, "locked_until": iso(locked_until)}
        clock.advance(seconds * 1000 - 1)
        assert (await give(ann, ben, expect=429))["retry_after"] == 1
        clock.advance(1)
        assert (await ann.api.get("/api/pin"))["tries_left"] == 5
    await give(ann, ben)
    # A right one makes the next lock a first one again.
    assert await lock(ann, ben) == iso(clock.now_ms() + 15 * MINUTE * 1000)


async def test_a_right_pin_makes_wrong_tries_forgotten(ann: Person, ben: Person) -> None:
    for _ in range(3):
        for _ in range(4):
            await give(ann, ben, pin=WRONG, expect=403)
        await give(ann, ben)
        assert (await ann.api.get("/api/pin"))["tries_left"] == 5


async def test_the_last_try_may_be_right(ann: Person, ben: Person) -> None:
    for _ in range(4):
        await give(ann, ben, pin=WRONG, expect=403)
    await give(ann, ben)
    assert await ann.api.get("/api/pin") == {"set": True, "tries_left": 5, "locked_until": None}


async def test_a_new_pin_forgets_tries_but_no_lock(ann: Person, ben: Person, clock: FrozenClock) -> None:
    await give(ann, ben, pin=WRONG, expect=403)
    assert (await set_pin(ann, "7294"))["tries_left"] == 5
    locked_until = await lock(ann, ben)
    assert await set_pin(ann, "8301") == {"set": True, "tries_left": 0, "locked_until": locked_until}
    assert (await give(ann, ben, pin="8301", expect=429))["code"] == "pin_locked"
    clock.advance(seconds=15 * MINUTE)
    await give(ann, ben, pin="8301")


async def test_a_try_counts_though_nobody_gets_to_look(
    ann: Person, ben: Person, hasher: InstantHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: SlowHasher, hashed: str | None, password: str) -> bool:
        raise ConnectionError("the power is gone")

    with monkeypatch.context() as cut:
        cut.setattr(SlowHasher, "verify", fail)
        body = {"recipient_id": ben.id, "amount": "1", "pin": PIN}
        assert (await ann.api.raw.post("/api/tokens/gift", json=body)).status_code == 500
    assert (await ann.api.get("/api/pin"))["tries_left"] == 4


@pytest.mark.parametrize("app_settings", [{"rate_pin_address": "999+1/m"}])
async def test_a_storm_of_guesses_gets_five_checks(
    app: Guildhall, ann: Person, ben: Person, hasher: InstantHasher
) -> None:
    hasher.verified.clear()
    guesses = [f"{number:04}" for number in range(4040, 4100)]
    assert PIN in guesses

    async def guess(base_url: str, pin: str) -> str:
        async with Api(base_url, token=ann.token) as api:  # a connection of its own for each guess
            body = {"recipient_id": ben.id, "amount": "1", "pin": pin}
            response = await api.raw.post("/api/tokens/gift", json=body, headers={"Idempotency-Key": "one-for-all"})
        return str(response.json().get("code", response.status_code))

    async with served(app) as base_url:
        told = Counter(await asyncio.gather(*(guess(base_url, pin) for pin in guesses if pin != PIN)))
        assert await guess(base_url, PIN) == "pin_locked"
    assert told == {"pin_wrong": 5, "pin_locked": 54}
    assert len(hasher.verified) == 5
    assert (await ben.api.get("/api/gifts"))["gifts"] == []


async def test_a_storm_over_many_processes_gets_five_checks(
    database: Database, transactor: Transactor, hasher: InstantHasher, pepper: SecretFile, clock: FrozenClock
) -> None:
    await anas_pins(database, transactor, hasher, pepper, clock)
    hasher.verified.clear()
    processes = [pins_of(transactor, database, hasher, pepper, clock) for _ in range(12)]

    async def guess(number: int) -> str:
        try:
            await processes[number % 12].check(ANA.id, "1.2.3.4", f"{5000 + number}")
        except AppError as refusal:
            return refusal.code
        return "right"

    told = Counter(await asyncio.gather(*(guess(number) for number in range(48))))
    assert told == {"pin_wrong": 5, "pin_locked": 43}
    assert len(hasher.verified) == 5


async def test_right_pins_in_parallel_are_all_right(
    database: Database, transactor: Transactor, hasher: InstantHasher, pepper: SecretFile, clock: FrozenClock
) -> None:
    pins = await anas_pins(database, transactor, hasher, pepper, clock)
    await asyncio.gather(*(pins.check(ANA.id, "1.2.3.4", PIN) for _ in range(12)))
    async with database.reader() as db:
        assert (await pins.state(db, ANA.id)).tries_left == 5


async def anas_pins(
    database: Database, transactor: Transactor, hasher: PasswordHasher, pepper: SecretFile, clock: FrozenClock
) -> Pins:
    """The PINs of a process in which Ana has set hers."""
    pins = pins_of(transactor, database, hasher, pepper, clock)
    ana = Account(ANA.id, ANA.username, "member", clock.now_ms())
    hashed = await hasher.hash(PASSWORD)
    await transactor.run(
        lambda work: accounts.add_person(
            work.db, ana, skeleton="ana", password_hash=hashed, public_key=None, invited_by=None
        )
    )
    await pins.change(ANA, "1.2.3.4", password=PASSWORD, pin=PIN)
    return pins


@SQLITE_ONLY
@pytest.mark.parametrize("app_settings", [{"rate_pin_address": "4+1/m"}])
async def test_one_address_checks_and_sets_only_so_many(
    ann: Person, ben: Person, hasher: InstantHasher, clock: FrozenClock
) -> None:
    hasher.verified.clear()
    await set_pin(ben)  # the second; the first was Ann's
    await give(ann, ben)
    await give(ben, ann, pin=WRONG, expect=403)
    refused = await give(ann, ben, expect=429)
    assert (refused["code"], refused["retry_after"]) == ("rate_limited", 60)
    assert (await set_pin(ann, expect=429))["code"] == "rate_limited"
    assert len(hasher.verified) == 3
    clock.advance(seconds=60)
    await give(ann, ben)


@SQLITE_ONLY
@pytest.mark.parametrize("app_settings", [{"rate_pin": "3+1/m"}])
async def test_everybody_together_is_wrong_only_so_often(
    ann: Person, ben: Person, hasher: InstantHasher, clock: FrozenClock
) -> None:
    for _ in range(5):  # neither right PINs nor missing ones are guesses
        await give(ann, ben)
        await give(ben, ann, expect=409)
    await set_pin(ben)
    hasher.verified.clear()
    await give(ann, ben, pin=WRONG, expect=403)
    await give(ben, ann, pin=WRONG, expect=403)
    await give(ann, ben, pin=WRONG, expect=403)
    assert (await give(ben, ann, pin=WRONG, expect=429))["code"] == "rate_limited"
    assert len(hasher.verified) == 3
    # What is refused so was no try.
    assert (await ben.api.get("/api/pin"))["tries_left"] == 4
    clock.advance(seconds=60)
    await give(ben, ann)


async def test_the_stored_hash_needs_the_pepper_and_the_person(
    database: Database, transactor: Transactor, pepper: SecretFile, clock: FrozenClock, tmp_path: Path
) -> None:
    argon2 = Argon2idHasher()
    pins = await anas_pins(database, transactor, argon2, pepper, clock)
    await pins.check(ANA.id, "1.2.3.4", PIN)
    async with database.reader() as db:
        row = await db.one("SELECT hash FROM econ_pin WHERE account_id = :id", id=ANA.id)
    assert row is not None
    assert row["hash"].startswith("$argon2id$")
    assert not await argon2.verify(row["hash"], PIN)
    other = SecretFile(tmp_path / "other")
    other.load()
    with pytest.raises(AppError, match="wrong"):
        await pins_of(transactor, database, argon2, other, clock).check(ANA.id, "1.2.3.4", PIN)
    await transactor.run(
        lambda work: work.db.execute(
            "UPDATE econ_pin SET account_id = :other WHERE account_id = :id", other=42, id=ANA.id
        )
    )
    with pytest.raises(AppError, match="wrong"):
        await pins.check(42, "1.2.3.4", PIN)


@SQLITE_ONLY
async def test_the_pepper_is_made_at_the_first_start_for_the_server_alone(
    app: Guildhall, ann: Person, tmp_path: Path
) -> None:
    path = tmp_path / "pin-pepper"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(file.name for file in tmp_path.glob(".*")) == []
    before = path.read_text()
    again = SecretFile(path)
    again.load()
    assert (again.value.hex(), path.read_text()) == (before, before)
    assert len(again.value) == 32


def test_every_installation_has_another_secret(tmp_path: Path) -> None:
    one, two = SecretFile(tmp_path / "one"), SecretFile(tmp_path / "two")
    one.load()
    two.load()
    assert one.value != two.value


@pytest.mark.parametrize("content", ["", "ab", "not hexadecimal" * 5])
def test_a_damaged_secret_is_not_replaced_silently(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secret"
    path.write_text(content)
    with pytest.raises(ValueError, match="secret"):
        SecretFile(path).load()
    assert path.read_text() == content


def test_of_two_that_start_together_both_use_the_first_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = SecretFile(tmp_path / "secret"), SecretFile(tmp_path / "secret")
    first.load()
    with monkeypatch.context() as early:  # as it looked to the second before the first was done
        early.setattr(Path, "exists", lambda self: False)
        second.load()
    assert second.value == first.value
