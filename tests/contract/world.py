"""One small world with somebody of every role in it, and how each operation is asked for there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Literal

import httpx2

from app.core.actor import Actor
from app.economy.rules.policy_file import DEFAULT_PRESET
from app.infra.http import Operation
from app.main import Guildhall
from tests.harness.api import Api
from tests.harness.application import PASSWORD, Person, errands_done

PIN = "4071"
POLICY_TEXT = DEFAULT_PRESET.read_text(encoding="utf-8")
LANTERN_NIGHT = {
    "kind": "holiday",
    "name": "Lantern night",
    "starts_at": "2027-01-01T00:00:00Z",
    "ends_at": "2027-01-02T00:00:00Z",
}

Role = Literal["anonymous", "stranger", "member", "owner", "admin"]
ROLES: tuple[Role, ...] = ("anonymous", "stranger", "member", "owner", "admin")


@dataclass(frozen=True, slots=True)
class World:
    """The owner's room with the member in it; the administrator and the stranger are outside."""

    app: Guildhall
    people: dict[Role, Person]
    room_id: str
    session_id: str
    """A second session of the owner."""
    op_id: str
    """A reward of the owner."""
    file_id: str
    """A file that a message of the owner shows."""
    setup_token: str
    """A link that would work if there were no administrator yet."""

    async def ask(self, operation: Operation, role: Role, **change: Any) -> httpx2.Response:
        """Send a good request for an operation, as somebody; `change` replaces parts of it, its `body` of the body."""
        path, body = REQUESTS[operation.name](self)
        options: dict[str, Any] = {} if body is None else {"json": {**body, **change.pop("body", {})}}
        if "upload" in operation.parameters:
            options = {"files": {"file": ("note.txt", b"of the hall")}}
        async with Api.in_process(self.app, token=self.people[role].token if role in self.people else None) as api:
            return await api.checked(operation.method, change.pop("path", path), **{**options, **change})


async def build_world(app: Guildhall, stack: AsyncExitStack) -> World:
    """Let everybody in and wait until the owner's first reward is paid."""
    setup_token = await app.setup_token()
    apis = {role: await stack.enter_async_context(Api.in_process(app)) for role in ROLES[1:]}
    credentials = {"username": "root", "password": PASSWORD}
    made = await apis["admin"].post("/api/auth/setup", json={**credentials, "token": setup_token}, expect=201)
    people: dict[Role, Person] = {"admin": Person.signed_in(apis["admin"], made)}
    for role in ("stranger", "member", "owner"):
        people[role] = await Person.register(apis[role], role)
    owner = people["owner"]
    room = await owner.room(client_id="first-room")
    await people["member"].join(room["id"])
    await errands_done(app)
    await owner.api.post("/api/auth/login", json={"username": "owner", "password": PASSWORD})
    sessions = (await owner.api.get("/api/me/sessions"))["sessions"]
    (other,) = (session["id"] for session in sessions if not session["current"])
    await people["member"].api.post("/api/tokens/claim-daily")
    await owner.api.call("PUT", "/api/pin", json={"password": PASSWORD, "pin": PIN}, expect=200)
    entries = (await owner.api.get("/api/tokens/history/me"))["entries"]
    return World(
        app, people, room["id"], other, entries[0]["op_id"], await share(app, owner, room["id"]), str(setup_token)
    )


async def share(app: Guildhall, person: Person, room_id: str) -> str:
    """Let a person show a file in a room; its id."""
    sent = {"params": {"room_id": room_id}, "files": {"file": ("note.txt", b"what the owner wrote")}}
    file_id = (await person.api.post("/api/files", **sent, expect=201))["id"]
    actor = Actor(int(person.id), person.username, is_admin=False, session_id=1)
    await app.transactor.run(
        lambda work: app.chat.post(work, actor, int(room_id), client_id="first-file", body="", file_ids=[int(file_id)])
    )
    return str(file_id)


Request = Callable[[World], tuple[str, dict[str, Any] | None]]
REQUESTS: dict[str, Request] = {
    "sign_in_options": lambda world: ("/api/auth/options", None),
    "register": lambda world: ("/api/auth/register", {"username": "newcomer", "password": PASSWORD}),
    "set_up": lambda world: (
        "/api/auth/setup",
        {"username": "newcomer", "password": PASSWORD, "token": world.setup_token},
    ),
    "log_in": lambda world: ("/api/auth/login", {"username": "owner", "password": PASSWORD}),
    "log_out": lambda world: ("/api/auth/logout", None),
    "me": lambda world: ("/api/me", None),
    "list_sessions": lambda world: ("/api/me/sessions", None),
    "end_session": lambda world: (f"/api/me/sessions/{world.session_id}", None),
    "invite": lambda world: ("/api/invites", {}),
    "my_rooms": lambda world: ("/api/rooms", None),
    "create_room": lambda world: ("/api/rooms", {"name": "Hall"}),
    "discover": lambda world: ("/api/rooms/discover", None),
    "join": lambda world: (f"/api/rooms/{world.room_id}/join", None),
    "leave": lambda world: (f"/api/rooms/{world.room_id}/leave", None),
    "history": lambda world: (f"/api/rooms/{world.room_id}/messages", None),
    "members": lambda world: (f"/api/rooms/{world.room_id}/members", None),
    "set_role": lambda world: (
        f"/api/rooms/{world.room_id}/members/{world.people['member'].id}/role",
        {"role": "moderator"},
    ),
    "upload_file": lambda world: (f"/api/files?room_id={world.room_id}", None),
    "download_file": lambda world: (f"/api/files/{world.file_id}", None),
    "discard_file": lambda world: (f"/api/files/{world.file_id}", None),
    "file_opened": lambda world: (f"/api/files/{world.file_id}/opened", None),
    "storage": lambda world: ("/api/storage", None),
    "token_balance": lambda world: (f"/api/tokens/balance/{world.people['owner'].id}", None),
    "token_history": lambda world: (f"/api/tokens/history/{world.people['owner'].id}", None),
    "explain_reward": lambda world: (f"/api/tokens/explain/{world.op_id}", None),
    "check_cap": lambda world: ("/api/tokens/check-cap", {"activity": "send_message"}),
    "token_tier": lambda world: (f"/api/tokens/tier/{world.people['owner'].id}", None),
    "token_streak": lambda world: (f"/api/tokens/streak/{world.people['owner'].id}", None),
    "claim_daily": lambda world: ("/api/tokens/claim-daily", None),
    "award": lambda world: (
        "/api/tokens/award",
        {"user_id": world.people["owner"].id, "amount": "1.5", "reason": "for the lantern"},
    ),
    "billing_balance": lambda world: ("/api/billing/balance", None),
    "billing_transactions": lambda world: ("/api/billing/transactions", None),
    "daily_reset_status": lambda world: ("/api/billing/daily-reset", None),
    "daily_reset": lambda world: ("/api/billing/daily-reset", None),
    "list_goals": lambda world: ("/api/achievements/list", None),
    "goal_progress": lambda world: (f"/api/achievements/user/{world.people['owner'].id}", None),
    "claim_goal": lambda world: ("/api/achievements/claim", {"id": "first_100_messages"}),
    "leaderboard": lambda world: ("/api/leaderboard/tokens", None),
    "show_me_on_boards": lambda world: ("/api/leaderboard/me", {"shown": False}),
    "earning_stats": lambda world: (f"/api/tokens/earning-stats/{world.people['owner'].id}", None),
    "spending_stats": lambda world: (f"/api/tokens/spending-stats/{world.people['owner'].id}", None),
    "history_file": lambda world: (f"/api/tokens/history/{world.people['owner'].id}/csv", None),
    "current_policy": lambda world: ("/api/economy/policy", None),
    "economy_events": lambda world: ("/api/economy/events", None),
    "list_policies": lambda world: ("/api/admin/policies", None),
    "publish_policy": lambda world: ("/api/admin/policies", {"source": POLICY_TEXT, "note": "as before"}),
    "check_policy": lambda world: ("/api/admin/policies/check", {"source": POLICY_TEXT}),
    "schedule_event": lambda world: ("/api/admin/events", LANTERN_NIGHT),
    "cancel_event": lambda world: ("/api/admin/events/1", None),
    "pin_status": lambda world: ("/api/pin", None),
    "set_pin": lambda world: ("/api/pin", {"password": PASSWORD, "pin": PIN}),
    "gift_options": lambda world: ("/api/gifts/options", None),
    "list_gifts": lambda world: ("/api/gifts", None),
    "send_gift": lambda world: (
        "/api/tokens/gift",
        {"recipient_id": world.people["member"].id, "amount": "1", "pin": PIN},
    ),
    "audit_runs": lambda world: ("/api/admin/audit", None),
    "run_audit": lambda world: ("/api/admin/audit", None),
    "dry_run_policy": lambda world: (
        "/api/admin/policies/dry-run",
        {"source": DEFAULT_PRESET.read_text(encoding="utf-8")},
    ),
}
"""A good request for each operation: its path and its body."""
