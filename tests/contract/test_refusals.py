"""Every refusal that an operation declares is provoked here, or a reason is given why it cannot be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.core.errors import Unavailable
from app.infra.http import Operation
from app.infra.openapi import refusals
from tests.contract.world import LANTERN_NIGHT, POLICY_TEXT, REQUESTS, World
from tests.harness.application import PASSWORD
from tests.harness.engines import SQLITE_ONLY

pytestmark = SQLITE_ONLY
Pair = tuple[str, str]

LIMITED = {
    "register",
    "set_up",
    "log_in",
    "create_room",
    "join",
    "leave",
    "set_role",
    "set_pin",
    "send_gift",
    "upload_file",
    "file_opened",
}
CUT = {
    "files": None,
    "content": b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf of it',
    "headers": {"Content-Type": "multipart/form-data; boundary=x"},
}
# operation, code, the role that asks, and what differs from a good request
SPECIFIC: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("register", "username_taken", "anonymous", {"json": {"username": "0wner", "password": PASSWORD}}),
    ("register", "username_not_allowed", "anonymous", {"json": {"username": "me", "password": PASSWORD}}),
    ("register", "password_not_allowed", "anonymous", {"json": {"username": "newcomer", "password": "short"}}),
    (
        "register",
        "invite_invalid",
        "anonymous",
        {"json": {"username": "newcomer", "password": PASSWORD, "invite": "made up"}},
    ),
    ("set_up", "setup_link_used", "anonymous", {}),
    ("set_up", "username_not_allowed", "anonymous", {"json": {"username": "me", "password": PASSWORD, "token": "x"}}),
    ("set_up", "password_not_allowed", "anonymous", {"json": {"username": "new", "password": "short", "token": "x"}}),
    ("log_in", "bad_credentials", "anonymous", {"json": {"username": "owner", "password": "wrong"}}),
    ("end_session", "not_found", "stranger", {}),
    ("create_room", "client_id_reused", "owner", {"json": {"name": "Another", "client_id": "first-room"}}),
    ("join", "not_found", "stranger", {"path": "/api/rooms/1/join"}),
    ("leave", "not_found", "stranger", {"path": "/api/rooms/1/leave"}),
    ("history", "not_found", "stranger", {"path": "/api/rooms/1/messages"}),
    ("history", "not_a_member", "stranger", {}),
    ("members", "not_found", "stranger", {"path": "/api/rooms/1/members"}),
    ("members", "not_a_member", "stranger", {}),
    ("set_role", "not_found", "owner", {"path": "/api/rooms/1/members/1/role"}),
    ("set_role", "not_a_member", "stranger", {}),
    ("set_role", "not_the_owner", "member", {}),
    ("set_role", "invalid", "owner", {"json": {"role": "owner"}}),
    ("upload_file", "not_found", "owner", {"path": "/api/files?room_id=1"}),
    ("upload_file", "not_a_member", "stranger", {}),
    ("upload_file", "file_empty", "owner", {"files": {"file": ("empty.txt", b"")}}),
    ("upload_file", "file_too_large", "owner", {"files": {"file": ("large.bin", bytes(11 * 2**20))}}),
    ("upload_file", "picture_too_large", "owner", {"files": {"file": ("bomb.gif", b"GIF89a" + b"\xff" * 20)}}),
    ("upload_file", "upload_cut", "owner", CUT),
    ("download_file", "file_not_found", "owner", {"path": "/api/files/1"}),
    ("download_file", "not_a_member", "stranger", {}),
    ("download_file", "range_not_satisfiable", "owner", {"headers": {"Range": "bytes=1000-"}}),
    ("discard_file", "file_not_found", "member", {}),
    ("discard_file", "file_shown_already", "owner", {}),
    ("file_opened", "file_not_found", "owner", {"path": "/api/files/1/opened"}),
    ("file_opened", "not_a_member", "stranger", {}),
    ("token_balance", "forbidden", "stranger", {}),
    ("token_history", "forbidden", "stranger", {}),
    ("explain_reward", "not_found", "stranger", {}),
    ("check_cap", "invalid", "stranger", {"json": {"activity": "sleep"}}),
    ("token_tier", "forbidden", "stranger", {}),
    ("token_streak", "forbidden", "stranger", {}),
    ("goal_progress", "forbidden", "stranger", {}),
    ("claim_goal", "not_found", "stranger", {"json": {"id": "fly"}}),
    ("claim_goal", "not_reached", "stranger", {}),
    ("earning_stats", "forbidden", "stranger", {}),
    ("spending_stats", "forbidden", "stranger", {}),
    ("history_file", "forbidden", "stranger", {}),
    ("daily_reset_status", "unauthenticated", "anonymous", {}),
    ("daily_reset_status", "forbidden", "stranger", {}),
    ("daily_reset", "unauthenticated", "anonymous", {}),
    ("daily_reset", "forbidden", "stranger", {}),
    ("claim_daily", "already_claimed", "member", {}),
    ("claim_daily", "invalid", "owner", {"headers": {"Idempotency-Key": "with a blank"}}),
    ("award", "not_found", "admin", {"json": {"user_id": "1", "amount": "1", "reason": "none"}}),
    ("publish_policy", "policy_refused", "admin", {"json": {"source": "name =", "note": "broken"}}),
    (
        "publish_policy",
        "too_soon",
        "admin",
        {"json": {"source": POLICY_TEXT, "note": "now", "effective_from": "2020-01-01T00:00:00Z"}},
    ),
    ("check_policy", "policy_refused", "admin", {"json": {"source": "name ="}}),
    ("schedule_event", "too_soon", "admin", {"json": {**LANTERN_NIGHT, "starts_at": "2020-01-01T00:00:00Z"}}),
    ("schedule_event", "policy_refused", "admin", {"json": {**LANTERN_NIGHT, "ends_at": "2026-12-31T00:00:00Z"}}),
    ("cancel_event", "not_found", "admin", {}),
    ("set_pin", "pin_too_easy", "stranger", {"body": {"pin": "1234"}}),
    ("set_pin", "password_wrong", "stranger", {"body": {"password": "wrong horse"}}),
    ("send_gift", "pin_not_set", "stranger", {}),
    ("send_gift", "pin_wrong", "owner", {"body": {"pin": "4072"}}),
    ("send_gift", "not_found", "owner", {"body": {"recipient_id": "1"}}),
    ("send_gift", "not_a_member", "owner", {"body": {"room_id": "1"}}),
    ("send_gift", "gift_too_small", "owner", {"body": {"amount": "0.5"}}),
    ("send_gift", "gift_limit", "owner", {"body": {"amount": "1000"}}),
    ("dry_run_policy", "policy_refused", "admin", {"json": {"source": "name = 1"}}),
]
# The same key with another request: operation, the role that asks, what differs in the body.
KEYED: list[tuple[str, Any, dict[str, Any]]] = [
    ("award", "admin", {"amount": "2"}),
    ("claim_goal", "stranger", {"id": "first_50_files"}),
    ("send_gift", "owner", {"amount": "2"}),
]
ELSEWHERE: dict[Pair, str] = {
    ("register", "registration_closed"): "tests/accounts/test_endpoints.py, in a closed house",
    ("register", "invite_required"): "tests/accounts/test_endpoints.py, in a house by invitation",
    ("set_up", "username_taken"): "tests/accounts/test_endpoints.py: here the link is used up first",
    ("upload_file", "storage_full"): "tests/chat/files/test_receiving.py",
    ("create_room", "room_limit_reached"): "tests/chat/test_rooms.py",
    ("create_room", "membership_limit_reached"): "tests/chat/test_rooms.py: a limit of 500",
    ("run_audit", "audit_running"): "tests/economy/test_audit_runs.py, while another one is at it",
    ("join", "membership_limit_reached"): "tests/chat/test_rooms.py: a limit of 500",
    ("claim_daily", "nothing_to_claim"): "tests/economy/test_daily.py, under a policy without a daily reward",
    ("claim_daily", "key_reused"): "there is nothing in which two claims could differ",
    ("claim_goal", "goal_claimed"): "tests/economy/test_goals.py, after reaching one",
    ("claim_goal", "balance_too_large"): "tests/economy/test_goals.py: a balance of 10^9",
    ("daily_reset", "no_allowance"): "tests/economy/test_allowance.py, under a policy without one",
    ("send_gift", "own_gift"): "tests/economy/test_gifts.py",
    ("send_gift", "gift_count"): "tests/economy/test_gifts.py, after ten",
    ("send_gift", "insufficient_tokens"): "tests/economy/test_gifts.py, by somebody whose tier gives more",
    ("send_gift", "balance_too_large"): "tests/economy/test_gifts.py: a balance of 10^9",
    ("send_gift", "pin_locked"): "tests/economy/test_pins.py, after five wrong ones",
    ("award", "balance_too_large"): "tests/economy/test_awards.py: a balance of 10^9",
    ("publish_policy", "published_meanwhile"): "tests/economy/test_rulebook.py: two at once",
    ("set_role", "member_not_found"): "tests/chat/test_roles.py",
    ("set_role", "owner_keeps_role"): "tests/chat/test_roles.py",
    ("dry_run_policy", "simulation_running"): "tests/economy/test_simulation.py, with two at a time",
}


def declared(operations: list[Operation]) -> set[Pair]:
    return {(operation.name, error.code) for operation in operations for error in refusals(operation)}


async def provoke(world: World, operation: Operation, role: Any, **change: Any) -> Pair:
    response = await world.ask(operation, role, **change)
    body = response.json() if response.content else {}
    return operation.name, str(body.get("code", response.status_code))


def generic(operation: Operation) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Requests that are refused whatever the operation: by whom, from where, how malformed, how large."""
    role = "admin" if operation.needs_actor else "anonymous"
    json_type = {"Content-Type": "application/json"}
    if operation.needs_actor:
        yield "anonymous", {}
    if operation.admin:
        yield "stranger", {}
    if operation.method != "GET":
        yield role, {"headers": {"Origin": "https://elsewhere.example"}}
    if "body" in operation.parameters:
        yield role, {"json": [], "headers": json_type}
        yield role, {"json": "x" * 70_000, "headers": json_type}
    elif "query" in operation.parameters:
        yield role, {"params": {"limit": "many"}}
    elif "{" in operation.path:
        yield role, {"path": "/".join("x" if part.startswith("{") else part for part in operation.path.split("/"))}


async def test_every_declared_refusal_is_provoked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    operations = {operation.name: operation for operation in world.app.operations}
    seen = {
        await provoke(world, operation, role, **change)
        for operation in operations.values()
        for role, change in generic(operation)
    }
    for name, code, role, change in SPECIFIC:
        assert await provoke(world, operations[name], role, **change) == (name, code)
        seen.add((name, code))
    for name, role, other in KEYED:
        key = {"headers": {"Idempotency-Key": f"twice-{name}"}}
        _, body = REQUESTS[name](world)
        await world.ask(operations[name], role, **key)
        assert await provoke(world, operations[name], role, json={**(body or {}), **other}, **key) == (
            name,
            "key_reused",
        )
        seen.add((name, "key_reused"))
    monkeypatch.setattr(world.app.database, "transaction", away)
    monkeypatch.setattr(world.app.database, "reader", away)
    for operation in operations.values():
        seen.add(await provoke(world, operation, "admin"))
    # Declared for every operation, so that a limit may be put on any; the next test provokes it where there is one.
    rate_limited = {(name, "rate_limited") for name in operations}
    assert declared(world.app.operations) - seen - rate_limited - set(ELSEWHERE) == set()
    assert set(ELSEWHERE) <= declared(world.app.operations)


@asynccontextmanager
async def away(**_: object) -> AsyncIterator[None]:
    raise Unavailable("The database is away")
    yield


TIGHT = dict.fromkeys(
    ("rate_register", "rate_login", "rate_room_change", "rate_pin_address", "rate_upload", "rate_opening"), "9+1/h"
)


@pytest.mark.parametrize("app_settings", [TIGHT])
async def test_every_limited_operation_says_when_to_come_back(world: World) -> None:
    for operation in world.app.operations:
        if operation.name in LIMITED:
            response = [await world.ask(operation, "stranger") for _ in range(10)][-1]
            assert response.json()["code"] == "rate_limited", operation.name
            assert int(response.headers["retry-after"]) == response.json()["retry_after"] > 0
