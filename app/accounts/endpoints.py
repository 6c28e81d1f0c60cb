"""HTTP operations of this room, and how a request proves who it comes from."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.accounts import policy, store
from app.accounts.errors import (
    BadCredentials,
    InviteInvalid,
    InviteRequired,
    PasswordNotAllowed,
    RegistrationClosed,
    SetupLinkUsed,
    UsernameNotAllowed,
    UsernameTaken,
)
from app.accounts.model import NewAccount, Person
from app.accounts.passwords import PasswordHasher
from app.accounts.schemas import (
    InviteMade,
    LoggingIn,
    NewInvite,
    Registering,
    Session,
    Sessions,
    SettingUp,
    SignedIn,
    SignInOptions,
    User,
)
from app.accounts.service import Accounts
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.errors import NotFound, Unauthenticated
from app.infra.database import Connection, Database
from app.infra.http import Operation, Reply, bearer_token
from app.infra.rate_limit import RateLimit
from app.infra.unit_of_work import Transactor, UnitOfWork
from app.infra.wire import Id

COOKIE = "guildhall_session"
SEEN_AFTER_MS = 3600 * 1000
"""A session's last use is noted at most this often; a write for each request would be waste."""


class Authenticator:
    """Finds the actor of a request: by bearer token, or by the session cookie."""

    def __init__(self, accounts: Accounts, database: Database, transactor: Transactor, clock: Clock) -> None:
        self._accounts = accounts
        self._database = database
        self._transactor = transactor
        self._clock = clock

    async def __call__(self, request: Request) -> Actor:
        token = bearer_token(request) or request.cookies.get(COOKIE)
        if not token:
            raise Unauthenticated
        return await self.by_token(token)

    async def by_token(self, token: str) -> Actor:
        """The actor of a session token. Raises `Unauthenticated`."""
        async with self._database.reader() as db:
            actor, seen_at = await self._accounts.authenticate(db, token)
        if self._clock.now_ms() - seen_at > SEEN_AFTER_MS:
            await self._transactor.run(lambda work: self._accounts.keep_alive(work, actor))
        return actor


class AccountEndpoints:
    """Registering, signing in and out, sessions and invitations."""

    def __init__(
        self,
        accounts: Accounts,
        hasher: PasswordHasher,
        transactor: Transactor,
        database: Database,
        *,
        registrations: RateLimit,
        logins: RateLimit,
        failed_logins: RateLimit,
    ) -> None:
        self._accounts = accounts
        self._hasher = hasher
        self._transactor = transactor
        self._database = database
        self._registrations = registrations
        self._logins = logins
        self._failed_logins = failed_logins

    def operations(self) -> list[Operation]:
        naming = (UsernameTaken, UsernameNotAllowed, PasswordNotAllowed)
        joining = (RegistrationClosed, InviteRequired, InviteInvalid)
        tag = "accounts"
        return [
            Operation("GET", "/api/auth/options", self.sign_in_options, tag=tag),
            Operation("POST", "/api/auth/register", self.register, 201, (*naming, *joining), tag=tag),
            Operation("POST", "/api/auth/setup", self.set_up, 201, (*naming, SetupLinkUsed), tag=tag),
            Operation("POST", "/api/auth/login", self.log_in, errors=(BadCredentials,), tag=tag),
            Operation("POST", "/api/auth/logout", self.log_out, 204, tag=tag),
            Operation("GET", "/api/me", self.me, tag=tag),
            Operation("GET", "/api/me/sessions", self.list_sessions, tag=tag),
            Operation("DELETE", "/api/me/sessions/{session_id}", self.end_session, 204, (NotFound,), tag=tag),
            Operation("POST", "/api/invites", self.invite, 201, admin=True, tag=tag),
        ]

    async def sign_in_options(self, db: Connection) -> SignInOptions:
        """How one may get in here."""
        needed = not await store.administrator_exists(db)
        return SignInOptions(registration=self._accounts.registration, setup_needed=needed)

    async def register(self, request: Request, body: Registering) -> Reply[SignedIn]:
        """Make an account and sign in."""
        self._registrations.take(client_address(request))
        policy.check_password(body.password, policy.check_username(body.username))
        new = NewAccount(body.username, await self._hasher.hash(body.password), body.public_key, body.invite)

        async def command(work: UnitOfWork) -> tuple[Person, str]:
            person = await self._accounts.register(work, new)
            return person, await self._accounts.open_session(work, person, _label(request))

        return _signed_in(request, *await self._transactor.run(command))

    async def set_up(self, request: Request, body: SettingUp) -> Reply[SignedIn]:
        """Make the first administrator with the one-time link, and sign in."""
        self._registrations.take(client_address(request))
        policy.check_password(body.password, policy.check_username(body.username))
        new = NewAccount(body.username, await self._hasher.hash(body.password))

        async def command(work: UnitOfWork) -> tuple[Person, str]:
            person = await self._accounts.set_up(work, body.token, new)
            return person, await self._accounts.open_session(work, person, _label(request))

        return _signed_in(request, *await self._transactor.run(command))

    async def log_in(self, request: Request, body: LoggingIn) -> Reply[SignedIn]:
        """Sign in with a password."""
        skeleton = policy.skeleton(body.username)
        self._logins.take(client_address(request))
        # Counted before the password is looked at, so that guesses in parallel are not free.
        self._failed_logins.take(skeleton)
        async with self._database.reader() as db:
            found = await store.credentials(db, body.username)
        if not await self._hasher.verify(found[1] if found else None, body.password) or found is None:
            raise BadCredentials
        self._failed_logins.give_back(skeleton)
        person = found[0]
        token = await self._transactor.run(lambda work: self._accounts.open_session(work, person, _label(request)))
        return _signed_in(request, person, token)

    async def log_out(self, request: Request, work: UnitOfWork, actor: Actor) -> Reply[None]:
        """Sign this session out."""
        await self._accounts.end_session(work, actor, actor.session_id)
        return Reply(None, lambda response: response.delete_cookie(COOKIE, path="/"))

    async def me(self, db: Connection, actor: Actor) -> User:
        """Who is signed in."""
        return User.of(await self._accounts.person(db, actor.id))

    async def list_sessions(self, db: Connection, actor: Actor) -> Sessions:
        """Where one is signed in."""
        sessions = await self._accounts.sessions(db, actor)
        return Sessions(sessions=[Session.of(session, current=actor.session_id) for session in sessions])

    async def end_session(self, work: UnitOfWork, actor: Actor, session_id: Id) -> None:
        """Sign one of one's own sessions out; its open connections are closed."""
        await self._accounts.end_session(work, actor, session_id)

    async def invite(self, work: UnitOfWork, actor: Actor, body: NewInvite) -> InviteMade:
        """Make an invitation."""
        invite, code = await self._accounts.invite(work, actor, uses=body.uses, days=body.days)
        return InviteMade(code=code, uses_left=invite.uses_left, expires_at=invite.expires_at)


def client_address(request: Request) -> str:
    """The address a request comes from, as far as the server can tell."""
    return request.client.host if request.client else "unknown"


def _label(request: Request) -> str:
    return policy.device_label(request.headers.get("user-agent", ""))


def _signed_in(request: Request, person: Person, token: str) -> Reply[SignedIn]:
    def set_cookie(response: Response) -> None:
        response.set_cookie(
            COOKIE,
            token,
            max_age=policy.SESSION_MS // 1000,
            path="/",
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    return Reply(SignedIn(user=User.of(person), token=token), set_cookie)
