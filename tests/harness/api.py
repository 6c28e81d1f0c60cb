"""An HTTP client that holds every answer against the server's own OpenAPI document."""

from __future__ import annotations

from functools import cache
from types import TracebackType
from typing import Any, Self

import httpx2

from app.main import Guildhall, create_app
from app.settings import Settings
from tests.harness.contract import ContractBroken, HttpContract


class Api:
    """A person's HTTP client: keeps cookies, sends a token when given one, and checks what comes back."""

    def __init__(self, base_url: str, *, token: str | None = None, transport: httpx2.AsyncBaseTransport | None = None):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.raw = httpx2.AsyncClient(base_url=base_url, headers=headers, transport=transport, timeout=20)
        """The client beneath, for requests that no contract covers."""
        self._contract: HttpContract | None = None

    @classmethod
    def in_process(cls, app: Any, *, token: str | None = None) -> Self:
        """A client of an ASGI application whose lifespan the test runs itself."""
        transport = httpx2.ASGITransport(app=app)
        api = cls("http://testserver", token=token, transport=transport)
        if isinstance(app, Guildhall):
            api._contract = http_promises()
        return api

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.raw.aclose()

    async def get(self, path: str, *, expect: int = 200, **options: Any) -> Any:
        return await self.call("GET", path, expect=expect, **options)

    async def post(self, path: str, *, expect: int = 200, **options: Any) -> Any:
        return await self.call("POST", path, expect=expect, **options)

    async def put(self, path: str, *, expect: int = 200, **options: Any) -> Any:
        return await self.call("PUT", path, expect=expect, **options)

    async def delete(self, path: str, *, expect: int = 204, **options: Any) -> Any:
        return await self.call("DELETE", path, expect=expect, **options)

    async def call(self, method: str, path: str, *, expect: int, **options: Any) -> Any:
        """Send a request; return the decoded body, or None when there is none.

        Raises `ContractBroken` when the response is not documented, and `AssertionError` when its status is not the
        one expected.
        """
        response = await self.checked(method, path, **options)
        body = _decoded(response)
        assert response.status_code == expect, f"{method} {path} -> {response.status_code}, not {expect}: {body}"
        return body

    async def checked(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send a request; return whatever documented response came. Raises `ContractBroken` for any other."""
        response = await self.raw.request(method, path, **options)
        (await self._promises()).check(
            method,
            response.request.url.path,
            response.status_code,
            response.headers.get("content-type", ""),
            _decoded(response),
        )
        return response

    async def _promises(self) -> HttpContract:
        if self._contract is None:
            self._contract = HttpContract((await self.raw.get("/openapi.json")).raise_for_status().json())
        return self._contract


@cache
def http_promises() -> HttpContract:
    """The application's own, made once: it is the same under any settings."""
    return HttpContract(create_app(Settings(_env_file=None)).documents["/openapi.json"]())


def _decoded(response: httpx2.Response) -> Any:
    if not response.content:
        return None
    if "json" not in response.headers.get("content-type", ""):
        return response.text
    try:
        return response.json()
    except ValueError as error:
        raise ContractBroken(f"{response.request.url.path} says JSON and is not: {response.text[:200]}") from error
