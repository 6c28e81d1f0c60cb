"""Documented HTTP operations: one value gives the route, the validation and the OpenAPI text.

A handler says what it needs by its keyword parameters, and gets it:

    work: UnitOfWork     a transaction, opened here and committed when the handler returns; retried on contention
    db: Connection       a connection for reading
    actor: Actor         who is signed in; without it the operation is open to anybody
    body, query          a `Schema`, validated
    upload: Upload       a file that comes as a form, read by the handler while it comes
    request: Request     the bare request, for cookies and addresses
    key: IdempotencyKey  the header Idempotency-Key, or a fresh one when the client sent none
    anything else        a path parameter of that name
"""

from __future__ import annotations

import inspect
import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, get_type_hints

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.core.actor import Actor
from app.core.errors import AppError, Forbidden, Invalid, TooLarge, Unauthenticated
from app.infra.database import Connection, Database
from app.infra.download import Download, send_download
from app.infra.problems import invalid_input, on_bug
from app.infra.unit_of_work import Transactor, UnitOfWork
from app.infra.upload import Upload

BODY_BYTES_MAX = 64 * 1024

M = TypeVar("M", bound=BaseModel | None)
Handler = Callable[..., Awaitable[Any]]
Authenticate = Callable[[Request], Awaitable[Actor]]


IdempotencyKey = Annotated[
    str,
    Field(pattern=r"^[!-~]{1,64}$", description="Made once for each intent: asked again, the answer is the same"),
]
"""The name of one intent, as a client sends it in the header Idempotency-Key."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal that is stored: the transaction commits first, and then the client is told."""

    error: AppError


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to keep, as an answer. `filename` is plain ASCII."""

    content: str
    media_type: str
    filename: str


@dataclass(frozen=True, slots=True)
class Reply(Generic[M]):
    """An answer with something beside its body, such as a cookie."""

    body: M
    decorate: Callable[[Response], None]


@dataclass(frozen=True, slots=True)
class Operation:
    """One documented use of the HTTP interface."""

    method: str
    path: str
    handler: Handler
    status: int = 200
    errors: tuple[type[AppError], ...] = ()
    admin: bool = False
    tag: str = ""
    parameters: dict[str, Any] = field(init=False)
    answer: type[BaseModel] | type[Attachment] | type[Download] | None = field(init=False)

    def __post_init__(self) -> None:
        hints = get_type_hints(self.handler, include_extras=True)
        answer = hints.pop("return")
        if isinstance(answer, UnionType):
            (answer,) = (kind for kind in answer.__args__ if kind is not Refused)
        if getattr(answer, "__origin__", None) is Reply:
            (answer,) = answer.__args__
        names = inspect.signature(self.handler).parameters
        object.__setattr__(self, "answer", None if answer in (None, type(None)) else answer)
        object.__setattr__(self, "parameters", {name: hints[name] for name in names})

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def documentation(self) -> str:
        return inspect.getdoc(self.handler) or ""

    @property
    def needs_actor(self) -> bool:
        return self.admin or "actor" in self.parameters

    def path_parameters(self) -> dict[str, Any]:
        """The parameters that stand in the path, with their types."""
        return {name: kind for name, kind in self.parameters.items() if f"{{{name}}}" in self.path}


class Operations:
    """Turns operations into routes that share one way to authenticate and one way to the database."""

    def __init__(self, database: Database, transactor: Transactor, authenticate: Authenticate) -> None:
        self._database = database
        self._transactor = transactor
        self._authenticate = authenticate

    def routes(self, operations: Sequence[Operation]) -> list[Route]:
        """One Starlette route for each operation."""
        return [self._route(operation) for operation in operations]

    def _route(self, operation: Operation) -> Route:
        adapters = {name: TypeAdapter(kind) for name, kind in operation.path_parameters().items()}

        async def endpoint(request: Request) -> Response:
            try:
                values = await self._values(operation, adapters, request)
                result = await self._call(operation, values)
                if isinstance(result, Refused):
                    raise result.error
                if isinstance(result, Download):
                    return await send_download(request, result)
                return _respond(operation, result)
            except AppError:
                raise
            except Exception as error:
                # Here, where the middleware still adds its headers and the log its correlation id.
                return await on_bug(request, error)

        return Route(operation.path, endpoint, methods=[operation.method], name=operation.name)

    async def _values(
        self, operation: Operation, adapters: dict[str, TypeAdapter[Any]], request: Request
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        needed = operation.parameters
        if operation.needs_actor:
            actor = await self._authenticate(request)
            if operation.admin and not actor.is_admin:
                raise Forbidden("Only administrators may do this")
            if "actor" in needed:
                values["actor"] = actor
        if "request" in needed:
            values["request"] = request
        try:
            if "key" in needed:
                sent = request.headers.get("idempotency-key")
                values["key"] = secrets.token_hex(16) if sent is None else _KEY.validate_python(sent)
            for name, adapter in adapters.items():
                values[name] = adapter.validate_python(request.path_params[name])
            if "query" in needed:
                values["query"] = needed["query"].model_validate(dict(request.query_params))
            if "body" in needed:
                values["body"] = needed["body"].model_validate_json(await _read_body(request))
        except ValidationError as error:
            raise invalid_input(error) from None
        if "upload" in needed:
            values["upload"] = await Upload.begin(request)
        return values

    async def _call(self, operation: Operation, values: dict[str, Any]) -> Any:
        if operation.parameters.get("work") is UnitOfWork:
            return await self._transactor.run(lambda work: operation.handler(work=work, **values))
        if operation.parameters.get("db") is Connection:
            async with self._database.reader() as db:
                return await operation.handler(db=db, **values)
        return await operation.handler(**values)


_KEY: TypeAdapter[str] = TypeAdapter(IdempotencyKey)


def bearer_token(request: Request) -> str | None:
    """The token of an `Authorization: Bearer` header, if there is one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Authorization is of the form: Bearer <token>")
    return token.strip()


async def _read_body(request: Request) -> bytes:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Invalid("The body is JSON, sent as application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise TooLarge(f"A body holds at most {BODY_BYTES_MAX} bytes", limit=BODY_BYTES_MAX)
    return bytes(body)


def _respond(operation: Operation, result: Any) -> Response:
    if isinstance(result, Attachment):
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{result.filename}"'}
        return Response(result.content, operation.status, headers, media_type=result.media_type)
    if isinstance(result, Reply):
        response = _encode(operation, result.body)
        result.decorate(response)
        return response
    return _encode(operation, result)


def _encode(operation: Operation, body: BaseModel | None) -> Response:
    headers = {"Cache-Control": "no-store"}
    if body is None:
        return Response(status_code=operation.status, headers=headers)
    return Response(body.model_dump_json(), operation.status, headers, media_type="application/json")


def to_json(document: object) -> str:
    """A generated document in one stable spelling, so that staleness is a byte comparison."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
