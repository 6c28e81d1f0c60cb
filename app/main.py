"""Puts the application together. The only file that knows every room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from app import __version__
from app.accounts.endpoints import COOKIE, AccountEndpoints, Authenticator
from app.accounts.passwords import Argon2idHasher, PasswordHasher
from app.accounts.service import Accounts
from app.chat.endpoints import ChatEndpoints
from app.chat.files.endpoints import FileEndpoints
from app.chat.files.policy import OPAQUE
from app.chat.files.receiving import Receiving
from app.chat.reactions import Reactions
from app.chat.roles import Roles
from app.chat.service import Chat
from app.core.clock import Calendar, Clock, SystemClock
from app.core.errors import AppError
from app.core.ids import Ids, TimeOrderedIds
from app.economy.allowance.endpoints import BillingEndpoints
from app.economy.assembly import Bank
from app.economy.gifts.endpoints import GiftEndpoints
from app.economy.gifts.pins import Pins
from app.economy.gifts.service import Gifts
from app.economy.oversight.endpoints import OversightEndpoints
from app.economy.oversight.service import StandingAudit
from app.economy.rules.policy_file import PRESETS
from app.economy.rules.service import REFRESH_SECONDS, published_policies
from app.endpoints import Document, ServerEndpoints
from app.infra.database import database_from_url
from app.infra.database.migrations import migrate
from app.infra.epoch import Epoch
from app.infra.http import Operation, Operations
from app.infra.middleware import SameOrigin, SecurityHeaders, Telemetry
from app.infra.object_storage import ObjectStorage
from app.infra.openapi import openapi
from app.infra.outbox import Outbox, Relay
from app.infra.problems import on_bug, on_refusal
from app.infra.rate_limit import RateLimit
from app.infra.secret_file import SecretFile
from app.infra.tasks import Tasks, every
from app.infra.telemetry import Metrics
from app.infra.unit_of_work import Transactor
from app.infra.web import Assets, Page
from app.realtime.asyncapi import asyncapi
from app.realtime.beacon import Beacon
from app.realtime.chat import ChatCommands
from app.realtime.connections import Connections
from app.realtime.dispatch import Dispatcher
from app.realtime.doorkeeper import Doorkeeper
from app.realtime.presence import Presence
from app.realtime.pushes import Pushes
from app.realtime.server import RealtimeServer
from app.settings import Settings
from app.wiring import Nerves, handlers

TITLE = "Guildhall"
ROOT = Path(__file__).resolve().parent.parent
MIGRATIONS = ROOT / "migrations"
DIST = ROOT / "static" / "dist"
PAGES = (
    *("/", "/login", "/register", "/setup", "/r/{room}", "/discover", "/settings", "/docs"),
    *("/wallet", "/achievements", "/leaderboard", "/rules"),
)

HOUSEKEEPING_SECONDS = 60.0
AUDIT_LOOK_SECONDS = 60.0
"""How often it is looked whether an audit is due: another node may have run it, and a restart must not put it off."""

log = structlog.get_logger(__name__)


class Guildhall:
    """The application: an ASGI callable that can be drained before it is stopped."""

    def __init__(self, settings: Settings, clock: Clock, ids: Ids, hasher: PasswordHasher) -> None:
        self.database = database_from_url(settings.effective_database_url, pool_max=settings.database_pool_max)
        self.metrics = Metrics()
        self.epoch = Epoch()
        self.calendar = Calendar(settings.timezone)
        self._settings = settings
        self._clock = clock
        self.tasks = Tasks()
        self._limits = {name: RateLimit(rate, clock) for name, rate in settings.rates().items()}

        self.bank = Bank(clock, ids, self.calendar)
        self.accounts = Accounts(clock, ids, settings.registration)
        self.chat = Chat(clock, ids, self.bank.standings)
        self.reactions, self.roles = Reactions(clock), Roles(clock)
        self._pepper = SecretFile(settings.data_dir / "pin-pepper")
        self._storage = ObjectStorage(settings.files_url, settings.data_dir / "files")

        self.realtime = RealtimeServer(self._limits["connect"], self.metrics, cookie=COOKIE)
        connections, presence = Connections(), Presence()
        pushes = Pushes(self.realtime, connections, presence, self.epoch)
        outbox = Outbox(clock, ids)
        wake = asyncio.Event()
        self.transactor = Transactor(self.database, Nerves(outbox, pushes, wake))
        self.relay = Relay(
            self.database,
            self.transactor,
            handlers(self.bank.economy, self.chat),
            clock=clock,
            metrics=self.metrics,
            wake=wake,
        )
        self._receiving = self._receives_files(ids)
        self._housekeeping = self.bank.housekeeping(self.database, self.transactor)
        self._audit = StandingAudit(
            self.database,
            self.transactor,
            published_policies,
            clock=clock,
            ids=ids,
            metrics=self.metrics,
            interval_s=settings.audit_interval_s,
        )
        authenticator = Authenticator(self.accounts, self.database, self.transactor, clock)

        self._dispatcher = self._commands(presence)
        self._beacon = Beacon(
            self.chat,
            self.accounts,
            self.database,
            self.realtime,
            connections,
            clock=clock,
            epoch=self.epoch,
            interval_s=settings.heads_interval_s,
        )
        self.realtime.serve(
            Doorkeeper(
                authenticator.by_token,
                self._dispatcher,
                self.realtime,
                connections,
                presence,
                self._beacon,
                self.tasks,
            )
        )
        self.operations = self._operations(hasher, ids, authenticator)
        self.documents = _documents(self.operations)
        self._asgi = self.realtime.asgi(self._http(authenticator, outbox))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._asgi(scope, receive, send)

    async def start(self) -> None:
        """Open and migrate the database, and begin the work in the background."""
        await self.database.open()
        await asyncio.to_thread(self._pepper.load)
        await asyncio.to_thread(self._storage.open)
        applied = await migrate(self.database, MIGRATIONS, self._clock)
        if applied:
            log.info("migrated", migrations=applied)
        await self.epoch.load(self.database)
        preset = (PRESETS / f"{self._settings.economy_policy}.toml").read_text(encoding="utf-8")
        await self.bank.open(self.database, self.transactor, preset)
        self.tasks.spawn(self.relay.run(), name="relay")
        self.tasks.spawn(self._beacon.run(), name="beacon")
        self.tasks.spawn(every(REFRESH_SECONDS, partial(self.bank.refresh, self.database)), name="rules")
        self.tasks.spawn(every(1.0, self.realtime.cut_slow_consumers), name="slow-consumers")
        self.tasks.spawn(every(5.0, self.realtime.hang_up_on_strangers), name="strangers")
        self.tasks.spawn(every(HOUSEKEEPING_SECONDS, self._housekeeping.run_once), name="housekeeping")
        self.tasks.spawn(every(HOUSEKEEPING_SECONDS, self._receiving.collect), name="files")
        self.tasks.spawn(every(AUDIT_LOOK_SECONDS, self._audit.run_if_due), name="audit")

    async def stop(self) -> None:
        """Finish what runs and close the database."""
        await self.drain()
        await self.tasks.cancel_all()
        await self.database.close()

    async def drain(self) -> None:
        """Take up no more commands and answer those taken up. Called before connections are closed."""
        await self._dispatcher.drain()
        await self.realtime.flush()

    async def setup_token(self) -> str | None:
        """A fresh one-time token for the first administrator, or None when there is one."""
        return await self.transactor.run(self.accounts.new_setup_token)

    def _commands(self, presence: Presence) -> Dispatcher:
        dispatcher = Dispatcher(self._limits["command"], self.metrics)
        commands = ChatCommands(
            self.chat,
            self.reactions,
            self.realtime,
            presence,
            self.database,
            self.transactor,
            epoch=self.epoch,
            messages=self._limits["message"],
        )
        commands.register(dispatcher)
        return dispatcher

    def _operations(self, hasher: PasswordHasher, ids: Ids, authenticator: Authenticator) -> list[Operation]:
        accounts = AccountEndpoints(
            self.accounts,
            hasher,
            self.transactor,
            self.database,
            registrations=self._limits["register"],
            logins=self._limits["login"],
            failed_logins=self._limits["failed_login"],
        )
        chat = ChatEndpoints(self.chat, self.roles, ids, self.epoch, self._limits["room_change"])
        files = FileEndpoints(
            self.chat.files,
            self._receiving,
            self._storage,
            uploads=self._limits["upload"],
            openings=self._limits["opening"],
        )
        cron = self._settings.cron_token
        billing = BillingEndpoints(
            self.bank.allowances,
            self.database,
            self.transactor,
            authenticator,
            cron.get_secret_value() if cron else "",
        )
        gifts = GiftEndpoints(self._gifts(), self._pins(hasher), self.transactor)
        rooms = (accounts, chat, files, self.bank, gifts, billing, OversightEndpoints(self._audit))
        return [operation for room in rooms for operation in room.operations()]

    def _receives_files(self, ids: Ids) -> Receiving:
        entitlements = self.bank.standings
        return Receiving(self._storage, self.database, self.transactor, entitlements, clock=self._clock, ids=ids)

    def _gifts(self) -> Gifts:
        bank = self.bank
        return Gifts(bank.ledger, bank.rulebook, bank.standings, self.chat, self.calendar, self._clock)

    def _pins(self, hasher: PasswordHasher) -> Pins:
        return Pins(
            self.transactor,
            self.database,
            hasher,
            self._pepper,
            self._clock,
            by_address=self._limits["pin_address"],
            wrong_in_all=self._limits["pin"],
            wrong_passwords=self._limits["pin_password"],
        )

    def _http(self, authenticator: Authenticator, outbox: Outbox) -> Starlette:
        server = ServerEndpoints(
            self.database,
            MIGRATIONS,
            outbox,
            self._audit,
            self.metrics,
            metrics_token=self._settings.metrics_token,
            dispatcher=self._dispatcher,
            clock=self._clock,
        )
        page = Page(DIST)
        routes: list[BaseRoute] = [
            *Operations(self.database, self.transactor, authenticator).routes(self.operations),
            *server.routes(self.documents),
            *(Route(path, page.show) for path in PAGES),
            Mount("/static", Assets(directory=DIST, check_dir=False)),
        ]
        return Starlette(
            routes=routes,
            middleware=[
                Middleware(Telemetry, metrics=self.metrics),
                Middleware(SecurityHeaders),
                Middleware(SameOrigin),
                # Files go out as they are: their tags and ranges count the bytes that are stored.
                Middleware(
                    GZipMiddleware,
                    minimum_size=2048,
                    exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, OPAQUE),
                ),
            ],
            exception_handlers={AppError: on_refusal, HTTPException: page.or_problem, Exception: on_bug},
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self.start()
        try:
            yield
        finally:
            await self.stop()


def _documents(operations: list[Operation]) -> dict[str, Document]:
    """The generated documents, by the paths they are served at; each is made when it is first asked for."""
    return {
        "/openapi.json": cache(partial(openapi, operations, title=TITLE, version=__version__)),
        "/asyncapi.json": cache(partial(asyncapi, title=TITLE, version=__version__)),
    }


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ids: Ids | None = None,
    hasher: PasswordHasher | None = None,
) -> Guildhall:
    """The application for these settings. What is not handed in is the real thing."""
    clock = clock or SystemClock()
    ids = ids or TimeOrderedIds(clock, settings.node)
    return Guildhall(settings, clock, ids, hasher or Argon2idHasher())
