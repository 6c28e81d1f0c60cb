"""The OpenAPI 3.1 document, made from the operations that serve."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.core.errors import AppError, Forbidden, Invalid, KeyReused, TooLarge, TooMany, Unauthenticated, Unavailable
from app.infra.download import Download, RangeNotSatisfiable
from app.infra.http import Attachment, IdempotencyKey, Operation
from app.infra.problems import MEDIA_TYPE, SCHEMA
from app.infra.upload import UploadCut

_REFERENCE = "#/components/schemas/{model}"
_BYTES = {"type": "string", "format": "binary"}
_FORM = {"type": "object", "required": ["file"], "properties": {"file": _BYTES}, "additionalProperties": False}


def openapi(operations: Sequence[Operation], *, title: str, version: str) -> dict[str, Any]:
    """One document for all operations. Every refusal an operation declares stands under its status, by code."""
    used = {pair for operation in operations for pair in _models(operation)}
    references, definitions = models_json_schema(
        sorted(used, key=lambda pair: (pair[0].__name__, pair[1])), ref_template=_REFERENCE
    )
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": "Refusals are RFC 9457 problem+json."},
        "paths": paths,
        "components": {
            "schemas": {"Problem": SCHEMA, **definitions.get("$defs", {})},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "guildhall_session"},
            },
        },
    }


def _models(operation: Operation) -> list[tuple[type[BaseModel], JsonSchemaMode]]:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    if "body" in operation.parameters:
        models.append((operation.parameters["body"], "validation"))
    if operation.answer is not None and issubclass(operation.answer, BaseModel):
        models.append((operation.answer, "serialization"))
    return models


def _describe(operation: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    summary, _, rest = operation.documentation.partition("\n")
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": summary,
        "parameters": _parameters(operation),
        "responses": _responses(operation, references),
    }
    if rest.strip():
        described["description"] = rest.strip()
    if operation.needs_actor:
        described["security"] = [{"bearer": []}, {"session": []}]
    if "body" in operation.parameters:
        schema = references[(operation.parameters["body"], "validation")]
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if "upload" in operation.parameters:
        described["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": TypeAdapter(kind).json_schema()}
        for name, kind in operation.path_parameters().items()
    ]
    if "query" in operation.parameters:
        schema = operation.parameters["query"].model_json_schema()
        required = schema.get("required", [])
        parameters += [
            {"name": name, "in": "query", "required": name in required, "schema": part}
            for name, part in schema["properties"].items()
        ]
    if "key" in operation.parameters:
        schema = TypeAdapter(IdempotencyKey).json_schema()
        parameters.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema})
    return parameters


def _responses(operation: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done"}
    if operation.answer is Attachment:
        success["content"] = {"text/csv": {"schema": {"type": "string"}}}
    elif operation.answer is Download:
        success["content"] = {"*/*": {"schema": _BYTES}}
    elif operation.answer is not None:
        schema = references[(operation.answer, "serialization")]
        success["content"] = {"application/json": {"schema": schema}}
    responses = {str(operation.status): success}
    if operation.answer is Download:
        responses |= {"206": {**success, "description": "A part"}, "304": {"description": "As the client has it"}}
    by_status: dict[int, list[type[AppError]]] = {}
    for error in refusals(operation):
        by_status.setdefault(error.status, []).append(error)
    for status, errors in sorted(by_status.items()):
        codes = ", ".join(sorted({error.code for error in errors}))
        responses[str(status)] = {
            "description": f"Refused: {codes}",
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}},
        }
    return responses


def refusals(operation: Operation) -> list[type[AppError]]:
    """What an operation may answer instead: its own refusals, and those its shape implies."""
    implied: list[type[AppError]] = [Unavailable, TooMany]
    if operation.needs_actor:
        implied.append(Unauthenticated)
    if operation.admin or operation.method != "GET":
        implied.append(Forbidden)
    if {"body", "query", "key"} & operation.parameters.keys() or re.search(r"\{", operation.path):
        implied.append(Invalid)
    if "upload" in operation.parameters:
        implied += [Invalid, UploadCut]
    if operation.answer is Download:
        implied.append(RangeNotSatisfiable)
    if "key" in operation.parameters:
        implied.append(KeyReused)
    if "body" in operation.parameters:
        implied.append(TooLarge)
    return [*operation.errors, *implied]
