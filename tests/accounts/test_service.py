"""Registering, invitations, the one-time link and sessions, against both engines."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from app.accounts import policy
from app.accounts.errors import InviteInvalid, InviteRequired, RegistrationClosed, SetupLinkUsed, UsernameTaken
from app.accounts.events import PersonRegistered, SessionsEnded
from app.accounts.model import NewAccount, Person, Registration
from app.accounts.service import Accounts
from app.core.actor import Actor
from app.core.errors import NotFound, Unauthenticated
from app.core.ids import Ids
from app.infra.database import Database
from app.infra.unit_of_work import Transactor
from tests.harness.fakes import FrozenClock, RecordedFacts

SESSION_DAYS = policy.SESSION_MS // 86_400_000


class House:
    """The service and its database, under one registration rule at a time."""

    def __init__(self, clock: FrozenClock, ids: Ids, transactor: Transactor, database: Database) -> None:
        self.clock, self._ids, self.transactor, self.database = clock, ids, transactor, database
        self.accounts = Accounts(clock, ids, "open")

    def admits(self, registration: Registration) -> None:
        self.accounts = Accounts(self.clock, self._ids, registration)

    async def register(self, username: str, invite: str | None = None) -> Person:
        new = NewAccount(username, "hash", invite=invite)
        return await self.transactor.run(lambda work: self.accounts.register(work, new))

    async def sign_in(self, person: Person) -> tuple[Actor, str]:
        token = await self.transactor.run(lambda work: self.accounts.open_session(work, person, "Firefox"))
        return await self.actor(token), token

    async def actor(self, token: str) -> Actor:
        async with self.database.reader() as db:
            return (await self.accounts.authenticate(db, token))[0]

    async def invite(self, *, uses: int = 1, days: int = 10) -> str:
        maker, _ = await self.sign_in(await self.register(f"maker{uses}-{days}"))
        return (await self.transactor.run(lambda work: self.accounts.invite(work, maker, uses=uses, days=days)))[1]

    async def setup_token(self) -> str | None:
        return await self.transactor.run(self.accounts.new_setup_token)

    async def set_up(self, token: str, username: str = "root") -> Person:
        return await self.transactor.run(lambda work: self.accounts.set_up(work, token, NewAccount(username, "hash")))


@pytest.fixture
def house(clock: FrozenClock, ids: Ids, transactor: Transactor, database: Database) -> House:
    return House(clock, ids, transactor, database)


async def test_registering_is_a_fact(house: House, facts: RecordedFacts) -> None:
    ann = await house.register("Ann")
    assert (ann.username, ann.role) == ("Ann", "member")
    assert facts.shown == [PersonRegistered(ann.id, None, house.clock.now_ms())]


async def test_one_of_two_that_look_alike_at_the_same_moment_gets_the_name(house: House) -> None:
    results = await asyncio.gather(*(house.register(name) for name in ("alice", "al1ce")), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Person", "UsernameTaken"]


async def test_closed_and_invited_houses_refuse_strangers(house: House) -> None:
    house.admits("closed")
    with pytest.raises(RegistrationClosed):
        await house.register("ann")
    house.admits("invite")
    with pytest.raises(InviteRequired):
        await house.register("ann")
    with pytest.raises(InviteInvalid):
        await house.register("ann", "made up")


async def test_an_invitation_works_until_it_is_used_up_and_says_who_invited(house: House, facts: RecordedFacts) -> None:
    code = await house.invite(uses=2)
    house.admits("invite")
    await house.register("ann", code)
    await house.register("ben", code)
    with pytest.raises(InviteInvalid):
        await house.register("cat", code)
    invited = [fact.invited_by for fact in facts.shown if isinstance(fact, PersonRegistered)]
    assert invited[0] is None
    assert invited[1] == invited[2] is not None


async def test_an_invitation_expires(house: House) -> None:
    code = await house.invite(days=3)
    house.clock.advance(days=3, seconds=-1)
    await house.invite(uses=2)
    house.clock.advance(seconds=1)
    with pytest.raises(InviteInvalid):
        await house.register("ann", code)


async def test_a_refused_registration_uses_no_invitation(house: House) -> None:
    code = await house.invite()
    await house.register("ann")
    with pytest.raises(UsernameTaken):
        await house.register("ANN", code)
    await house.register("ben", code)


async def test_the_last_use_goes_to_one_of_many_at_the_same_moment(house: House) -> None:
    code = await house.invite()
    names = ["ann", "ben", "cat", "dan", "eve"]
    results = await asyncio.gather(*(house.register(name, code) for name in names), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["InviteInvalid"] * 4 + ["Person"]


async def test_the_setup_link_makes_one_administrator(house: House) -> None:
    token = await house.setup_token()
    assert token is not None
    with pytest.raises(SetupLinkUsed):
        await house.set_up("made up")
    assert (await house.set_up(token)).role == "admin"
    with pytest.raises(SetupLinkUsed):
        await house.set_up(token, "second")
    assert await house.setup_token() is None


async def test_a_new_setup_link_voids_the_one_before(house: House) -> None:
    old, new = await house.setup_token(), await house.setup_token()
    assert old
    assert new
    with pytest.raises(SetupLinkUsed):
        await house.set_up(old)
    await house.set_up(new)


async def test_a_setup_link_used_twice_at_the_same_moment_makes_one(house: House) -> None:
    token = await house.setup_token()
    assert token
    results = await asyncio.gather(*(house.set_up(token, name) for name in ("ann", "ben")), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Person", "SetupLinkUsed"]


async def test_promoting_finds_the_name_in_any_spelling_but_no_look_alike(house: House) -> None:
    ann = await house.register("คำแก้ว")
    promoted = await house.transactor.run(lambda work: house.accounts.promote(work, "คำแก้ว"))
    assert promoted.id == ann.id
    assert (await house.sign_in(ann))[0].is_admin
    await house.register("alice")
    with pytest.raises(NotFound):
        await house.transactor.run(lambda work: house.accounts.promote(work, "al1ce"))


async def test_the_database_holds_a_hash_and_never_the_token(house: House) -> None:
    _, token = await house.sign_in(await house.register("ann"))
    code, link = await house.invite(), await house.setup_token()
    async with house.database.reader() as db:
        rows = [
            str(dict(row))
            for table in ("session", "invite", "setup_link")
            for row in await db.all(f"SELECT * FROM {table}")
        ]
    for secret in (token, code, str(link)):
        assert not any(secret in row for row in rows)
        assert any(hashlib.sha256(secret.encode()).hexdigest() in row for row in rows)


async def test_a_session_ends_after_thirty_unused_days(house: House) -> None:
    assert SESSION_DAYS == 30
    _, token = await house.sign_in(await house.register("ann"))
    house.clock.advance(days=SESSION_DAYS, ms=-1)
    actor = await house.actor(token)
    house.clock.advance(ms=1)
    with pytest.raises(Unauthenticated):
        await house.actor(token)
    async with house.database.reader() as db:
        assert not await house.accounts.session_is_valid(db, actor.session_id)


async def test_use_keeps_a_session_alive(house: House) -> None:
    actor, token = await house.sign_in(await house.register("ann"))
    house.clock.advance(days=SESSION_DAYS - 1)
    await house.transactor.run(lambda work: house.accounts.keep_alive(work, actor))
    house.clock.advance(days=SESSION_DAYS - 1)
    assert (await house.actor(token)).session_id == actor.session_id


async def test_expired_sessions_are_swept_when_somebody_signs_in(house: House) -> None:
    ann = await house.register("ann")
    await house.sign_in(ann)
    house.clock.advance(days=SESSION_DAYS)
    actor, _ = await house.sign_in(ann)
    async with house.database.reader() as db:
        rows = await db.all("SELECT id FROM session")
    assert [row["id"] for row in rows] == [actor.session_id]


async def test_one_ends_ones_own_sessions_only(house: House, facts: RecordedFacts) -> None:
    ann, _ = await house.sign_in(await house.register("ann"))
    ben, ben_token = await house.sign_in(await house.register("ben"))
    with pytest.raises(NotFound):
        await house.transactor.run(lambda work: house.accounts.end_session(work, ann, ben.session_id))
    await house.actor(ben_token)
    await house.transactor.run(lambda work: house.accounts.end_session(work, ben, ben.session_id))
    assert facts.shown[-1] == SessionsEnded(ben.id, (ben.session_id,))
    with pytest.raises(Unauthenticated):
        await house.actor(ben_token)
