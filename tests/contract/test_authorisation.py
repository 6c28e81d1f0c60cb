"""Who may do what. An operation or a command that this table does not name is refused a place in the product."""

from __future__ import annotations

from typing import Any

import pytest
from socketio.exceptions import ConnectionError as Refused

from app.main import create_app
from app.realtime.contract import COMMANDS
from app.settings import Settings
from tests.contract.world import ROLES, World
from tests.harness.application import served
from tests.harness.engines import SQLITE_ONLY
from tests.harness.socket import Socket, socket_promises

OPERATIONS = {operation.name: operation for operation in create_app(Settings(_env_file=None)).operations}

OK = 0
"""The status that the operation declares for success."""

ANYBODY = (OK, OK, OK, OK, OK)
SIGNED_IN = (401, OK, OK, OK, OK)
ADMIN = (401, 403, 403, 403, OK)
IN_THE_ROOM = (401, 403, OK, OK, 403)
OWNER_OR_ADMIN = (401, 403, 403, OK, OK)
# anonymous, stranger, member, owner, admin
TABLE: dict[str, tuple[int, ...]] = {
    "sign_in_options": ANYBODY,
    "register": (OK, 409, 409, 409, 409),  # the name is taken by the first who asks
    "set_up": (410, 410, 410, 410, 410),  # there is an administrator
    "log_in": ANYBODY,
    "log_out": SIGNED_IN,
    "me": SIGNED_IN,
    "list_sessions": SIGNED_IN,
    "end_session": (401, 404, 404, OK, 404),  # others cannot even learn that it exists
    "invite": ADMIN,
    "my_rooms": SIGNED_IN,
    "create_room": SIGNED_IN,
    "discover": SIGNED_IN,
    "join": SIGNED_IN,
    "leave": SIGNED_IN,
    "history": IN_THE_ROOM,
    "members": IN_THE_ROOM,
    "set_role": (401, 403, 403, OK, 403),
    "upload_file": IN_THE_ROOM,
    "download_file": IN_THE_ROOM,
    "discard_file": (401, 404, 404, 409, 404),  # a message of the owner shows it
    "file_opened": IN_THE_ROOM,
    "storage": SIGNED_IN,
    "token_balance": OWNER_OR_ADMIN,
    "token_history": OWNER_OR_ADMIN,
    "explain_reward": (401, 404, 404, OK, OK),
    "check_cap": SIGNED_IN,
    "token_tier": OWNER_OR_ADMIN,
    "token_streak": OWNER_OR_ADMIN,
    "claim_daily": (401, OK, 409, OK, OK),  # the member has claimed
    "award": ADMIN,
    "current_policy": SIGNED_IN,
    "billing_balance": SIGNED_IN,
    "billing_transactions": SIGNED_IN,
    "daily_reset_status": ADMIN,
    "daily_reset": ADMIN,
    "list_goals": SIGNED_IN,
    "goal_progress": OWNER_OR_ADMIN,
    "claim_goal": (401, 409, 409, 409, 409),  # nobody has written a hundred messages
    "leaderboard": SIGNED_IN,
    "show_me_on_boards": SIGNED_IN,
    "earning_stats": OWNER_OR_ADMIN,
    "spending_stats": OWNER_OR_ADMIN,
    "history_file": OWNER_OR_ADMIN,
    "economy_events": SIGNED_IN,
    "list_policies": ADMIN,
    "publish_policy": ADMIN,
    "check_policy": ADMIN,
    "schedule_event": ADMIN,
    "cancel_event": (401, 403, 403, 403, 404),  # there is none
    "pin_status": SIGNED_IN,
    "set_pin": SIGNED_IN,
    "gift_options": SIGNED_IN,
    "list_gifts": SIGNED_IN,
    "send_gift": (401, 409, 409, OK, 409),  # the owner has a PIN
    "audit_runs": ADMIN,
    "run_audit": ADMIN,
    "dry_run_policy": ADMIN,
}
OUTSIDE = "not_a_member"
# stranger, member, owner, admin
COMMAND_TABLE: dict[str, tuple[str, ...]] = {
    "room.open": (OUTSIDE, "ok", "ok", OUTSIDE),
    "room.close": ("ok", "ok", "ok", "ok"),
    "room.sync": (OUTSIDE, "ok", "ok", OUTSIDE),
    "message.send": (OUTSIDE, "ok", "ok", OUTSIDE),
    "reaction.set": (OUTSIDE, "ok", "ok", OUTSIDE),
    "helpful.set": (OUTSIDE, "ok", "own_message", OUTSIDE),  # the message is the owner's
    "read.set": (OUTSIDE, "ok", "ok", OUTSIDE),
    "typing.set": ("ok", "ok", "ok", "ok"),  # told to nobody unless the room is open
}
PAYLOADS: dict[str, dict[str, Any]] = {
    "room.sync": {"since": 0},
    "message.send": {"client_id": "c1", "body": "hello"},
    "reaction.set": {"emoji": "👍", "on": True},
    "helpful.set": {"on": True},
    "read.set": {"seq": 1},
    "typing.set": {"on": True},
}
ABOUT_A_MESSAGE = {"reaction.set", "helpful.set"}


def test_the_table_names_every_operation_and_command_and_no_other() -> None:
    assert set(TABLE) == set(OPERATIONS)
    assert set(COMMAND_TABLE) == {command.name for command in COMMANDS}


@SQLITE_ONLY
@pytest.mark.parametrize("name", sorted(TABLE))
async def test_operations(world: World, name: str) -> None:
    operation = OPERATIONS[name]
    expected = tuple(status or operation.status for status in TABLE[name])
    assert tuple([(await world.ask(operation, role)).status_code for role in ROLES]) == expected


@SQLITE_ONLY
async def test_commands(world: World) -> None:
    contract = socket_promises()
    async with served(world.app) as base_url:
        async with Socket(contract) as socket:
            await socket.connect(base_url, token=world.people["owner"].token)
            said = {"room_id": world.room_id, "client_id": "first", "body": "of the owner"}
            message_id = (await socket.accepted("message.send", said))["message"]["id"]
        for number, role in enumerate(ROLES[1:]):
            async with Socket(contract) as socket:
                await socket.connect(base_url, token=world.people[role].token)
                for name, expected in COMMAND_TABLE.items():
                    place = {"message_id": message_id} if name in ABOUT_A_MESSAGE else {"room_id": world.room_id}
                    payload = {**place, **PAYLOADS.get(name, {})}
                    assert (await socket.command(name, payload)).get("code", "ok") == expected[number], (role, name)
        async with Socket(contract) as nobody:
            with pytest.raises(Refused):
                await nobody.connect(base_url)
