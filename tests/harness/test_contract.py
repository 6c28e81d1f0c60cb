"""The checked clients do see what breaks a contract."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.contract import ContractBroken, HttpContract
from tests.harness.socket import SocketContract

ROOM = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}, "additionalProperties": False}
OPENAPI = {
    "openapi": "3.1.0",
    "paths": {
        "/rooms/{id}": {
            "get": {
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Room"}}}},
                    "404": {"$ref": "#/components/responses/Missing"},
                }
            },
            "delete": {"responses": {"204": {"description": "Gone"}}},
        },
        "/rooms/mine": {"get": {"responses": {"204": {"description": "None"}}}},
    },
    "components": {
        "schemas": {"Room": ROOM},
        "responses": {"Missing": {"content": {"application/problem+json": {"schema": {"required": ["code"]}}}}},
    },
}
ASYNCAPI = {
    "asyncapi": "3.0.0",
    "operations": {
        "open": {
            "messages": [{"$ref": "#/components/messages/room.open"}],
            "reply": {"messages": [{"$ref": "#/components/messages/opened"}]},
        },
    },
    "components": {
        "schemas": {"Room": ROOM},
        "messages": {
            "room.open": {"name": "room.open", "payload": {"$ref": "#/components/schemas/Room"}},
            "opened": {"name": "opened", "payload": {"required": ["ok"]}},
            "room.event": {"name": "room.event", "payload": {"$ref": "#/components/schemas/Room"}},
        },
    },
}
JSON = "application/json"


@pytest.mark.parametrize(
    ("method", "path", "status", "media", "body"),
    [
        ("GET", "/rooms/7", 200, JSON, {"id": "7"}),
        ("GET", "/rooms/7", 200, JSON + "; charset=utf-8", {"id": "7"}),
        ("GET", "/rooms/7", 404, "application/problem+json", {"code": "not_found"}),
        ("DELETE", "/rooms/7", 204, "", None),
        ("GET", "/rooms/mine", 204, "", None),
    ],
)
def test_a_documented_response_passes(method: str, path: str, status: int, media: str, body: Any) -> None:
    HttpContract(OPENAPI).check(method, path, status, media, body)


@pytest.mark.parametrize(
    ("method", "path", "status", "media", "body"),
    [
        ("GET", "/rooms/7", 200, JSON, {"id": 7}),
        ("GET", "/rooms/7", 200, JSON, {"id": "7", "secret": "x"}),
        ("GET", "/rooms/7", 200, "text/html", "<p>"),
        ("GET", "/rooms/7", 404, JSON, {"code": "not_found"}),
        ("GET", "/rooms/7", 404, "application/problem+json", {}),
        ("GET", "/rooms/7", 500, JSON, {}),
        ("PUT", "/rooms/7", 200, JSON, {"id": "7"}),
        ("GET", "/elsewhere", 200, JSON, {}),
        ("GET", "/rooms/7/more", 200, JSON, {"id": "7"}),
        ("DELETE", "/rooms/7", 204, JSON, {}),
    ],
)
def test_an_undocumented_response_is_seen(method: str, path: str, status: int, media: str, body: Any) -> None:
    with pytest.raises(ContractBroken):
        HttpContract(OPENAPI).check(method, path, status, media, body)


def test_pushes_and_acknowledgements() -> None:
    contract = SocketContract(ASYNCAPI)
    contract.check_push("room.event", {"id": "7"})
    contract.check_ack("room.open", {"ok": True})
    with pytest.raises(ContractBroken):
        contract.check_push("room.event", {"id": 7})
    with pytest.raises(ContractBroken):
        contract.check_push("room.unheard", {})
    with pytest.raises(ContractBroken):
        contract.check_ack("room.open", {"yes": True})
    with pytest.raises(ContractBroken):
        contract.check_ack("room.unheard", {"ok": True})
