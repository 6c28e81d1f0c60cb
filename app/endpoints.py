"""Operations on the server itself: is it well, what does it measure, how is it spoken to."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.core.clock import Clock
from app.core.errors import AppError, Forbidden
from app.economy.oversight.service import StandingAudit
from app.infra.database import Database
from app.infra.database.migrations import pending_migrations
from app.infra.http import bearer_token, to_json
from app.infra.outbox import Outbox
from app.infra.telemetry import Metrics
from app.realtime.dispatch import Dispatcher

Document = Callable[[], dict[str, Any]]
"""Makes a generated document: JSON objects all the way down."""

_LOOPBACK = frozenset({"127.0.0.1", "::1"})

log = structlog.get_logger(__name__)


class ServerEndpoints:
    """Health, metrics and the generated documents."""

    def __init__(
        self,
        database: Database,
        migrations: Path,
        outbox: Outbox,
        audit: StandingAudit,
        metrics: Metrics,
        *,
        metrics_token: SecretStr | None,
        dispatcher: Dispatcher,
        clock: Clock,
    ) -> None:
        self._database = database
        self._migrations = migrations
        self._outbox = outbox
        self._audit = audit
        self._metrics = metrics
        self._metrics_token = metrics_token.get_secret_value() if metrics_token else None
        self._dispatcher = dispatcher
        self._clock = clock

    def routes(self, documents: Mapping[str, Document]) -> list[Route]:
        """These operations, and one for each document by its path."""
        return [
            Route("/healthz", self.healthz),
            Route("/readyz", self.readyz),
            Route("/metrics", self.metrics),
            *(Route(path, _served(document)) for path, document in documents.items()),
        ]

    async def healthz(self, request: Request) -> Response:
        """The process is alive."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, request: Request) -> Response:
        """The process can serve: its database answers and has the newest schema."""
        checks = {"database": await self._database_check(), "draining": "yes" if self._dispatcher.draining else "no"}
        ready = checks == {"database": "ok", "draining": "no"}
        return JSONResponse({"status": "ok" if ready else "unready", "checks": checks}, 200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        """Prometheus metrics, for the bearer of the token; without a token, for this machine alone."""
        self._check_reader(request)
        async with self._database.reader() as db:
            oldest = await self._outbox.oldest_waiting_ms(db)
            await self._audit.measure(db)
        self._metrics.outbox_lag_seconds.set(0 if oldest is None else max(0, self._clock.now_ms() - oldest) / 1000)
        return Response(self._metrics.render(), media_type="text/plain; version=0.0.4")

    async def _database_check(self) -> str:
        try:
            async with self._database.reader() as db:
                pending = await pending_migrations(db, self._migrations, self._database.dialect)
        except AppError as error:
            return error.code
        except Exception:
            log.exception("readiness_check_failed")
            return "failed"
        return f"{len(pending)} migrations pending" if pending else "ok"

    def _check_reader(self, request: Request) -> None:
        if self._metrics_token is None:
            if request.client is None or request.client.host not in _LOOPBACK:
                raise Forbidden("Metrics are for this machine; set a token to read them from elsewhere")
        elif not hmac.compare_digest(bearer_token(request) or "", self._metrics_token):
            raise Forbidden("Metrics need their token")


def _served(document: Document) -> Callable[[Request], Awaitable[Response]]:
    text = cache(lambda: to_json(document()))

    async def endpoint(request: Request) -> Response:
        # Making it takes long enough for others to notice.
        content = await asyncio.to_thread(text)
        return Response(content, media_type="application/json", headers={"Cache-Control": "no-cache"})

    return endpoint
