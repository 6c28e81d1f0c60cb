"""Every query of this room."""

from __future__ import annotations

from app.accounts import policy
from app.accounts.model import Invite, Person, Role, Session
from app.core.actor import Actor
from app.infra.database import Connection

_PERSON = "id, username, role, created_at"
_SESSION = "id, account_id, label, created_at, last_seen_at"


async def add_person(
    db: Connection,
    person: Person,
    *,
    skeleton: str,
    password_hash: str,
    public_key: str | None,
    invited_by: int | None,
) -> bool:
    """Store a new person; False when the name, or one that looks like it, is taken."""
    row = await db.one(
        """
        INSERT INTO account (id, username, skeleton, password_hash, role, public_key, invited_by, created_at)
        VALUES (:id, :username, :skeleton, :password_hash, :role, :public_key, :invited_by, :created_at)
        ON CONFLICT (skeleton) DO NOTHING RETURNING id
        """,
        id=person.id,
        username=person.username,
        skeleton=skeleton,
        password_hash=password_hash,
        role=person.role,
        public_key=public_key,
        invited_by=invited_by,
        created_at=person.created_at,
    )
    return row is not None


async def person(db: Connection, account_id: int) -> Person | None:
    row = await db.one(f"SELECT {_PERSON} FROM account WHERE id = :id", id=account_id)
    return None if row is None else Person(**row)


async def lock_person(db: Connection, account_id: int) -> None:
    """Let one transaction at a time decide by what the person has; the others wait until it ends."""
    await db.execute("UPDATE account SET role = role WHERE id = :id", id=account_id)


async def credentials(db: Connection, username: str) -> tuple[Person, str] | None:
    """The person of this name, however it is typed, and their password hash. A name that looks like it is another."""
    row = await db.one(
        f"SELECT {_PERSON}, password_hash FROM account WHERE skeleton = :skeleton", skeleton=policy.skeleton(username)
    )
    if row is None or policy.fold(row["username"]) != policy.fold(username):
        return None
    return Person(row["id"], row["username"], row["role"], row["created_at"]), row["password_hash"]


async def administrator_exists(db: Connection) -> bool:
    return await db.one("SELECT id FROM account WHERE role = 'admin' LIMIT 1") is not None


async def set_role(db: Connection, account_id: int, role: Role) -> None:
    await db.execute("UPDATE account SET role = :role WHERE id = :id", role=role, id=account_id)


async def add_session(db: Connection, session: Session, *, token_hash: str, expires_at: int) -> None:
    await db.execute(
        """
        INSERT INTO session (id, account_id, token_hash, label, created_at, last_seen_at, expires_at)
        VALUES (:id, :account_id, :token_hash, :label, :created_at, :last_seen_at, :expires_at)
        """,
        id=session.id,
        account_id=session.account_id,
        token_hash=token_hash,
        label=session.label,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        expires_at=expires_at,
    )


async def actor_of_session(db: Connection, token_hash: str, now: int) -> tuple[Actor, int] | None:
    """Who a session belongs to while it is valid, and when it was last seen."""
    row = await db.one(
        """
        SELECT session.id AS session_id, account.id, account.username, account.role, session.last_seen_at
        FROM session JOIN account ON account.id = session.account_id
        WHERE session.token_hash = :token_hash AND session.expires_at > :now
        """,
        token_hash=token_hash,
        now=now,
    )
    if row is None:
        return None
    return Actor(row["id"], row["username"], row["role"] == "admin", row["session_id"]), row["last_seen_at"]


async def session_is_valid(db: Connection, session_id: int, now: int) -> bool:
    row = await db.one("SELECT id FROM session WHERE id = :id AND expires_at > :now", id=session_id, now=now)
    return row is not None


async def touch_session(db: Connection, session_id: int, *, now: int, expires_at: int) -> None:
    """Note that a session is in use, which also keeps it from expiring."""
    await db.execute(
        "UPDATE session SET last_seen_at = :now, expires_at = :expires_at WHERE id = :id",
        now=now,
        expires_at=expires_at,
        id=session_id,
    )


async def sessions_of(db: Connection, account_id: int, now: int) -> list[Session]:
    rows = await db.all(
        f"SELECT {_SESSION} FROM session WHERE account_id = :id AND expires_at > :now ORDER BY last_seen_at DESC, id",
        id=account_id,
        now=now,
    )
    return [Session(**row) for row in rows]


async def remove_session(db: Connection, account_id: int, session_id: int) -> bool:
    row = await db.one(
        "DELETE FROM session WHERE id = :id AND account_id = :account_id RETURNING id",
        id=session_id,
        account_id=account_id,
    )
    return row is not None


async def remove_expired_sessions(db: Connection, now: int) -> None:
    await db.execute("DELETE FROM session WHERE expires_at <= :now", now=now)


async def add_invite(db: Connection, invite: Invite, *, code_hash: str, created_by: int, now: int) -> None:
    await db.execute(
        """
        INSERT INTO invite (id, code_hash, created_by, created_at, expires_at, uses_left)
        VALUES (:id, :code_hash, :created_by, :now, :expires_at, :uses_left)
        """,
        id=invite.id,
        code_hash=code_hash,
        created_by=created_by,
        now=now,
        expires_at=invite.expires_at,
        uses_left=invite.uses_left,
    )


async def use_invite(db: Connection, code_hash: str, now: int) -> int | None:
    """Use an invitation once; return who made it, or None when it is not valid."""
    row = await db.one(
        """
        UPDATE invite SET uses_left = uses_left - 1
        WHERE code_hash = :code_hash AND uses_left > 0 AND expires_at > :now RETURNING created_by
        """,
        code_hash=code_hash,
        now=now,
    )
    return None if row is None else row["created_by"]


async def replace_setup_link(db: Connection, token_hash: str, now: int) -> None:
    await db.execute(
        """
        INSERT INTO setup_link (id, token_hash, created_at) VALUES (1, :token_hash, :now)
        ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at
        """,
        token_hash=token_hash,
        now=now,
    )


async def use_setup_link(db: Connection, token_hash: str) -> bool:
    row = await db.one("DELETE FROM setup_link WHERE token_hash = :token_hash RETURNING id", token_hash=token_hash)
    return row is not None
