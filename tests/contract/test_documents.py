"""The OpenAPI and AsyncAPI documents: valid, complete, and saying something about everything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.infra.http import to_json
from app.main import Guildhall, create_app
from app.realtime.contract import COMMANDS, PUSHES, Command, Push
from app.settings import Settings
from tests.harness.api import Api
from tests.harness.engines import SQLITE_ONLY

APP = create_app(Settings(_env_file=None))
OPENAPI: dict[str, Any] = APP.documents["/openapi.json"]()
ASYNCAPI: dict[str, Any] = APP.documents["/asyncapi.json"]()
EVENTS: list[type[Command] | type[Push]] = [*COMMANDS, *PUSHES]
METHODS = {"get", "put", "post", "delete", "patch"}

STATUS = {
    "type": "object",
    "required": ["description"],
    "properties": {"description": {"type": "string", "minLength": 1}},
}
PARAMETER = {
    "type": "object",
    "required": ["name", "in", "schema"],
    "properties": {"in": {"enum": ["query", "header", "path", "cookie"]}, "required": {"type": "boolean"}},
    "if": {"properties": {"in": {"const": "path"}}},
    "then": {"required": ["required"], "properties": {"required": {"const": True}}},
}
OPENAPI_SHAPE = {
    "type": "object",
    "required": ["openapi", "info", "paths"],
    "properties": {
        "openapi": {"pattern": r"^3\.1\.\d+$"},
        "info": {"type": "object", "required": ["title", "version"]},
        "paths": {
            "type": "object",
            "patternProperties": {
                "^/": {
                    "type": "object",
                    "propertyNames": {"enum": sorted(METHODS)},
                    "additionalProperties": {
                        "type": "object",
                        "required": ["operationId", "summary", "responses"],
                        "properties": {
                            "summary": {"type": "string", "minLength": 5, "maxLength": 120},
                            "parameters": {"type": "array", "items": PARAMETER},
                            "responses": {
                                "type": "object",
                                "minProperties": 1,
                                "patternProperties": {"^[1-5][0-9]{2}$": STATUS},
                                "additionalProperties": False,
                            },
                        },
                    },
                }
            },
            "additionalProperties": False,
        },
    },
}
"""The parts of OpenAPI 3.1's own schema that this document makes use of."""


def nodes(value: Any, where: str = "#") -> Iterator[tuple[str, Any]]:
    """Everything within a document, with its place."""
    yield where, value
    if isinstance(value, dict):
        for name, part in value.items():
            yield from nodes(part, f"{where}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from nodes(part, f"{where}/{number}")


def test_the_openapi_document_has_the_shape_of_its_specification() -> None:
    Draft202012Validator.check_schema(OPENAPI_SHAPE)
    assert [error.message for error in Draft202012Validator(OPENAPI_SHAPE).iter_errors(OPENAPI)] == []


@pytest.mark.parametrize("document", [OPENAPI, ASYNCAPI], ids=["openapi", "asyncapi"])
def test_references_lead_somewhere_and_schemas_are_schemas(document: dict[str, Any]) -> None:
    places = {where for where, _ in nodes(document)}
    references = {node["$ref"] for _, node in nodes(document) if isinstance(node, dict) and "$ref" in node}
    assert references - places == set()
    for name, schema in document["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        used = any(reference.endswith(f"/{name}") for reference in references)
        assert used, f"{name} is described and used by nothing"


def test_every_operation_is_documented_once() -> None:
    described = {
        (method.upper(), path, operation["operationId"])
        for path, methods in OPENAPI["paths"].items()
        for method, operation in methods.items()
    }
    assert described == {(operation.method, operation.path, operation.name) for operation in APP.operations}
    assert len({name for _, _, name in described}) == len(described)


@pytest.mark.parametrize("operation", APP.operations, ids=lambda operation: operation.name)
def test_an_operation_says_what_it_does_takes_and_gives(operation: Any) -> None:
    described = OPENAPI["paths"][operation.path][operation.method.lower()]
    assert described["summary"].endswith(".")
    assert described["tags"] == [operation.tag] != [""]
    in_path = {parameter["name"] for parameter in described["parameters"] if parameter["in"] == "path"}
    assert in_path == set(re.findall(r"{(\w+)}", operation.path))
    assert bool(described.get("security")) is operation.needs_actor
    assert ("requestBody" in described) is bool({"body", "upload"} & operation.parameters.keys())
    success = described["responses"][str(operation.status)]
    assert ("content" in success) is (operation.answer is not None)
    for status, response in described["responses"].items():
        if status >= "400":
            assert list(response["content"]) == ["application/problem+json"]
            assert re.fullmatch(r"Refused: \w+(, \w+)*", response["description"])


def test_every_command_and_push_is_documented_with_its_payload() -> None:
    assert set(ASYNCAPI["operations"]) == {model.name for model in EVENTS}
    assert ASYNCAPI["asyncapi"] == "3.0.0"
    for model in EVENTS:
        message = ASYNCAPI["components"]["messages"][model.__name__]
        assert message["name"] == model.name
        assert message["summary"].endswith(".")
        assert message["payload"] == {"$ref": f"#/components/schemas/{model.__name__}"}
        operation = ASYNCAPI["operations"][model.name]
        assert operation["action"] == ("receive" if model in COMMANDS else "send")
        assert ("reply" in operation) is (model in COMMANDS)


def test_commands_are_imperative_and_pushes_past() -> None:
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+", model.name) for model in EVENTS)
    assert not {command.name for command in COMMANDS} & {push.name for push in PUSHES}


def test_what_is_not_declared_is_refused_in_what_clients_send() -> None:
    requests = {operation.parameters["body"].__name__ for operation in APP.operations if "body" in operation.parameters}
    for name in requests:
        assert OPENAPI["components"]["schemas"][name]["additionalProperties"] is False, name
    for command in COMMANDS:
        assert ASYNCAPI["components"]["schemas"][command.__name__]["additionalProperties"] is False, command.name


@SQLITE_ONLY
@pytest.mark.parametrize("path", ["/openapi.json", "/asyncapi.json"])
async def test_the_documents_are_served_as_they_are_generated(app: Guildhall, api: Api, path: str) -> None:
    response = await api.raw.get(path)
    assert response.headers["content-type"] == "application/json"
    assert response.text == to_json(APP.documents[path]()), "They say the same whatever the settings"
