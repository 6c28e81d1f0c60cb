"""The AsyncAPI 3.0 document, made from the contract."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.realtime.contract import COMMANDS, PUSHES, Command, Push, Refused

_REFERENCE = "#/components/schemas/{model}"


def asyncapi(*, title: str, version: str) -> dict[str, Any]:
    """One document for all commands and pushes. Message and schema share a name."""
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Refused, "serialization")]
    modes += [(command, "validation") for command in COMMANDS]
    modes += [(command.reply, "serialization") for command in COMMANDS]
    modes += [(push, "serialization") for push in PUSHES]
    _, definitions = models_json_schema(list(dict.fromkeys(modes)), ref_template=_REFERENCE)
    messages = {model.__name__: _message(model) for model, _ in modes}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{title} events",
            "version": version,
            "description": "Socket.IO 5 at /socket.io. Connect with `auth: {token}` or with the session cookie. "
            "Every command is acknowledged: its reply, or Refused.",
        },
        "channels": {
            "socket": {
                "address": "/socket.io",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            **{command.name: _command(command) for command in COMMANDS},
            **{push.name: _push(push) for push in PUSHES},
        },
        "components": {"messages": messages, "schemas": definitions["$defs"]},
    }


def _message(model: type[BaseModel]) -> dict[str, Any]:
    name = model.name if issubclass(model, Command | Push) else model.__name__
    summary = model.summary if issubclass(model, Command | Push) else (model.__doc__ or "").partition("\n")[0]
    return {"name": name, "summary": summary, "payload": {"$ref": _REFERENCE.format(model=model.__name__)}}


def _command(command: type[Command]) -> dict[str, Any]:
    replies = (command.reply, Refused)
    return {
        "action": "receive",
        "summary": command.summary,
        "channel": {"$ref": "#/channels/socket"},
        "messages": [{"$ref": f"#/channels/socket/messages/{command.__name__}"}],
        "reply": {"messages": [{"$ref": f"#/channels/socket/messages/{reply.__name__}"} for reply in replies]},
    }


def _push(push: type[Push]) -> dict[str, Any]:
    return {
        "action": "send",
        "summary": push.summary,
        "channel": {"$ref": "#/channels/socket"},
        "messages": [{"$ref": f"#/channels/socket/messages/{push.__name__}"}],
    }
