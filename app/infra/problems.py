"""Refusals as RFC 9457 problem+json, and every other failure as `internal` without its inside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import AppError, Invalid

MEDIA_TYPE = "application/problem+json"
ERRORS_SHOWN = 20

log = structlog.get_logger(__name__)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "description": "A relative reference that names the kind of problem"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "For people"},
        "code": {"type": "string", "description": "For programs"},
        "retry_after": {"type": "integer", "description": "Seconds until the same request may succeed"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "message"],
                "properties": {"pointer": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def invalid_input(error: ValidationError) -> Invalid:
    """What was wrong with the input, by place. The input itself is never repeated: it may hold a password."""
    errors = [
        {"pointer": "/" + "/".join(str(part) for part in item["loc"]), "message": item["msg"]}
        for item in error.errors(include_url=False, include_input=False, include_context=False)[:ERRORS_SHOWN]
    ]
    first = errors[0]
    place = first["pointer"].strip("/")
    return Invalid(f"{place}: {first['message']}" if place else first["message"], errors=errors)


def problem(error: AppError) -> Response:
    """A refusal as a response, with the numbers behind it."""
    headers = {"Retry-After": str(error.data["retry_after"])} if "retry_after" in error.data else None
    return _response(error.status, error.code, error.title, error.detail, error.data, headers)


async def on_refusal(_: Request, error: Exception) -> Response:
    """Exception handler for `AppError`."""
    assert isinstance(error, AppError)
    return problem(error)


async def on_http_exception(_: Request, error: Exception) -> Response:
    """Exception handler for what Starlette itself refuses: no route, wrong method, too large a body."""
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    code = codes.get(error.status_code, "refused")
    return _response(error.status_code, code, error.detail, error.detail, {}, error.headers)


async def on_bug(request: Request, error: Exception) -> Response:
    """Exception handler for everything else: a bug, told to the log and not to the person."""
    log.error("bug", method=request.method, path=request.url.path, exc_info=error)
    return _response(500, "internal", "Something went wrong here", "It was logged and is not your fault", {})


def _response(
    status: int,
    code: str,
    title: str,
    detail: str,
    data: Mapping[str, object] | Sequence[tuple[str, object]],
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = {"type": f"/problems/{code}", "title": title, "status": status, "detail": detail, "code": code, **dict(data)}
    return Response(json.dumps(body), status, headers, media_type=MEDIA_TYPE)
