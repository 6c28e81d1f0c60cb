"""The built web client: hashed assets that browsers keep for good, compressed beforehand, and its one page."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from typing_extensions import override

from app.core.errors import Unavailable
from app.infra.problems import on_http_exception, problem

_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
SERVICE_WORKER = "sw.js"
"""Lies among the assets, and yet may look after every page."""

_FOREVER = "public, max-age=31536000, immutable"
_ALWAYS_ASK = "no-cache"


class Assets(StaticFiles):
    """Static files that are served in the smallest encoding which lies beside them and the browser takes."""

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        encoded = self._encoded(path, Headers(scope=scope).get("accept-encoding", ""))
        if encoded is None:
            response = await super().get_response(path, scope)
        else:
            response = await super().get_response(encoded[1], scope)
            response.headers["Content-Encoding"] = encoded[0]
            response.headers["Content-Type"] = mimetypes.guess_type(path)[0] or "application/octet-stream"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = _FOREVER if path.startswith("assets/") else _ALWAYS_ASK
        if path == SERVICE_WORKER:
            response.headers["Service-Worker-Allowed"] = "/"
        return response

    def _encoded(self, path: str, accepted: str) -> tuple[str, str] | None:
        offered = {part.partition(";")[0].strip() for part in accepted.split(",")}
        for encoding, ending in _ENCODINGS:
            if encoding in offered and self.lookup_path(path + ending)[1] is not None:
                return encoding, path + ending
        return None


class Page:
    """The client's one page, whatever address within it was asked for."""

    def __init__(self, dist: Path) -> None:
        self._index = dist / "index.html"

    async def show(self, request: Request) -> Response:
        """The page, at one of the client's own addresses."""
        return self._respond(200)

    async def or_problem(self, request: Request, error: Exception) -> Response:
        """Exception handler: a browser that asked for a page which is not there gets the client to say so."""
        missing = isinstance(error, HTTPException) and error.status_code == 404
        if missing and request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return self._respond(404)
        return await on_http_exception(request, error)

    def _respond(self, status: int) -> Response:
        if not self._index.exists():
            return problem(Unavailable("The web client is not built; `make setup` builds it"))
        return FileResponse(self._index, status, headers={"Cache-Control": _ALWAYS_ASK})
