"""Wire shapes of this room."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from app.accounts.model import Person, Registration, Role
from app.accounts.model import Session as SessionModel
from app.accounts.policy import INVITE_DAYS_MAX, INVITE_USES_MAX
from app.infra.wire import Id, Moment, Schema, check_text

# The real bounds are the policy's, whose refusals are more telling; these only keep absurd input out.
Username = Annotated[str, Field(min_length=1, max_length=64)]
Password = Annotated[str, Field(min_length=1, max_length=1024, json_schema_extra={"format": "password"})]
PublicKey = Annotated[str, Field(max_length=4096), AfterValidator(check_text)]


class Author(Schema):
    """A person as named beside what they did."""

    id: Id
    username: str


class User(Schema):
    id: Id
    username: str
    role: Role
    created_at: Moment

    @classmethod
    def of(cls, person: Person) -> User:
        return cls(id=person.id, username=person.username, role=person.role, created_at=person.created_at)


class SignedIn(Schema):
    """Who is signed in now. The token works as a bearer token wherever the cookie does."""

    user: User
    token: str


class Registering(Schema):
    username: Username
    password: Password
    invite: Annotated[str | None, Field(max_length=64)] = None
    public_key: PublicKey | None = None


class LoggingIn(Schema):
    username: Username
    password: Password


class SettingUp(Schema):
    token: Annotated[str, Field(min_length=1, max_length=64)]
    username: Username
    password: Password


class SignInOptions(Schema):
    registration: Registration
    setup_needed: bool


class Session(Schema):
    id: Id
    label: str
    created_at: Moment
    last_seen_at: Moment
    current: bool

    @classmethod
    def of(cls, session: SessionModel, *, current: int) -> Session:
        return cls(
            id=session.id,
            label=session.label,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            current=session.id == current,
        )


class Sessions(Schema):
    sessions: list[Session]


class NewInvite(Schema):
    uses: Annotated[int, Field(ge=1, le=INVITE_USES_MAX)] = 1
    days: Annotated[int, Field(ge=1, le=INVITE_DAYS_MAX)] = 10


class InviteMade(Schema):
    code: str
    uses_left: int
    expires_at: Moment
