"""Use cases of this room. Passwords arrive hashed: hashing takes long and belongs outside a transaction."""

from __future__ import annotations

import hashlib
import secrets

from app.accounts import policy, store
from app.accounts.errors import (
    InviteInvalid,
    InviteRequired,
    RegistrationClosed,
    SetupLinkUsed,
    UsernameTaken,
)
from app.accounts.events import PersonRegistered, SessionsEnded
from app.accounts.model import Invite, NewAccount, Person, Registration, Role, Session
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.errors import NotFound, Unauthenticated
from app.core.ids import Ids
from app.infra.database import Connection
from app.infra.unit_of_work import UnitOfWork

DAY_MS = 24 * 3600 * 1000


class Accounts:
    """Registers people and keeps track of where they are signed in."""

    def __init__(self, clock: Clock, ids: Ids, registration: Registration) -> None:
        self._clock = clock
        self._ids = ids
        self.registration = registration

    async def register(self, work: UnitOfWork, new: NewAccount) -> Person:
        """Make an account. Refused when registration is closed, the invitation is bad or the name is taken."""
        if self.registration == "closed":
            raise RegistrationClosed
        invited_by = await self._use_invite(work, new.invite)
        return await self._add(work, new, "member", invited_by)

    async def set_up(self, work: UnitOfWork, token: str, new: NewAccount) -> Person:
        """Make the first administrator; the token of the one-time link is used up by it."""
        if not await store.use_setup_link(work.db, _hash(token)):
            raise SetupLinkUsed
        return await self._add(work, new, "admin", None)

    async def new_setup_token(self, work: UnitOfWork) -> str | None:
        """A fresh one-time token, voiding the one before, or None once there is an administrator."""
        if await store.administrator_exists(work.db):
            return None
        token = secrets.token_urlsafe(24)
        await store.replace_setup_link(work.db, _hash(token), self._clock.now_ms())
        return token

    async def open_session(self, work: UnitOfWork, person: Person, label: str) -> str:
        """Sign a person in and return the session's token, which is kept only as a hash."""
        now = self._clock.now_ms()
        token = secrets.token_urlsafe(32)
        await store.remove_expired_sessions(work.db, now)
        session = Session(self._ids.new(), person.id, label[: policy.LABEL_MAX], now, now)
        await store.add_session(work.db, session, token_hash=_hash(token), expires_at=now + policy.SESSION_MS)
        return token

    async def authenticate(self, db: Connection, token: str) -> tuple[Actor, int]:
        """Who a token belongs to, and when its session was last seen. Raises `Unauthenticated`."""
        found = await store.actor_of_session(db, _hash(token), self._clock.now_ms())
        if found is None:
            raise Unauthenticated("This session has ended; sign in again")
        return found

    async def session_is_valid(self, db: Connection, session_id: int) -> bool:
        """Whether a session is still signed in."""
        return await store.session_is_valid(db, session_id, self._clock.now_ms())

    async def keep_alive(self, work: UnitOfWork, actor: Actor) -> None:
        """Note that a session is in use."""
        now = self._clock.now_ms()
        await store.touch_session(work.db, actor.session_id, now=now, expires_at=now + policy.SESSION_MS)

    async def sessions(self, db: Connection, actor: Actor) -> list[Session]:
        """Where the person is signed in, last used first."""
        return await store.sessions_of(db, actor.id, self._clock.now_ms())

    async def end_session(self, work: UnitOfWork, actor: Actor, session_id: int) -> None:
        """Sign one of the person's own sessions out."""
        if not await store.remove_session(work.db, actor.id, session_id):
            raise NotFound("There is no such session")
        work.record(SessionsEnded(actor.id, (session_id,)))

    async def person(self, db: Connection, account_id: int) -> Person:
        found = await store.person(db, account_id)
        if found is None:
            raise NotFound("There is no such person")
        return found

    async def invite(self, work: UnitOfWork, actor: Actor, *, uses: int, days: int) -> tuple[Invite, str]:
        """Make an invitation; return it with its code, which is told only now."""
        now = self._clock.now_ms()
        code = secrets.token_urlsafe(12)
        invite = Invite(self._ids.new(), uses, now + days * DAY_MS)
        await store.add_invite(work.db, invite, code_hash=_hash(code), created_by=actor.id, now=now)
        return invite, code

    async def promote(self, work: UnitOfWork, username: str) -> Person:
        """Make an existing person an administrator. For the operator's command line."""
        found = await store.credentials(work.db, username)
        if found is None:
            raise NotFound("There is no such person")
        await store.set_role(work.db, found[0].id, "admin")
        return found[0]

    async def _use_invite(self, work: UnitOfWork, code: str | None) -> int | None:
        if code is None:
            if self.registration == "invite":
                raise InviteRequired
            return None
        invited_by = await store.use_invite(work.db, _hash(code), self._clock.now_ms())
        if invited_by is None:
            raise InviteInvalid
        return invited_by

    async def _add(self, work: UnitOfWork, new: NewAccount, role: Role, invited_by: int | None) -> Person:
        now = self._clock.now_ms()
        person = Person(self._ids.new(), policy.check_username(new.username), role, now)
        added = await store.add_person(
            work.db,
            person,
            skeleton=policy.skeleton(person.username),
            password_hash=new.password_hash,
            public_key=new.public_key,
            invited_by=invited_by,
        )
        if not added:
            raise UsernameTaken
        work.record(PersonRegistered(person.id, invited_by, now))
        return person


def _hash(secret: str) -> str:
    """Tokens are long and random, so a plain hash is enough to keep a stolen database from signing in."""
    return hashlib.sha256(secret.encode()).hexdigest()
