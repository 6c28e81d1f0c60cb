"""Puts the application together. The only file that knows every room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from app import __version__
from app.accounts.endpoints import COOKIE, AccountEndpoints, Authenticator
from app.accounts.passwords import Argon2idHasher, PasswordHasher
from app.accounts.service import Accounts
from app.chat.endpoints import ChatEndpoints
from app.chat.service import Chat
from app.core.clock import Calendar, Clock, SystemClock
from app.core.errors import AppError
from app.core.ids import Ids, TimeOrderedIds
from app.economy.earning.daily import DailyReward
from app.economy.earning.endpoints import EconomyEndpoints
from app.economy.earning.service import Economy
from app.economy.earning.standing import Standings
from app.economy.ledger.service import Ledger
from app.economy.oversight.housekeeping import Housekeeping
from app.economy.rules.endpoints import RulesEndpoints
from app.economy.rules.policy_file import PRESETS
from app.economy.rules.service import REFRESH_SECONDS, Rulebook
from app.economy.simulation.endpoints import SimulationEndpoints
from app.endpoints import ServerEndpoints
from app.infra.database import database_from_url
from app.infra.database.migrations import migrate
from app.infra.epoch import Epoch
from app.infra.http import Operation, Operations
from app.infra.middleware import SameOrigin, SecurityHeaders, Telemetry
from app.infra.openapi import openapi
from app.infra.outbox import Outbox, Relay
from app.infra.problems import on_bug, on_refusal
from app.infra.rate_limit import RateLimit
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
PAGES = ("/", "/login", "/register", "/setup", "/r/{room}", "/discover", "/wallet", "/settings", "/docs")

HOUSEKEEPING_SECONDS = 60.0

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

        self.rulebook = Rulebook(clock, ids)
        self._standings = Standings(self.rulebook, self.calendar, clock)
        ledger = Ledger(clock, ids, self.calendar, self._standings.settle)
        self.economy = Economy(ledger, self.rulebook, self._standings, self.calendar, clock)
        self._daily = DailyReward(self.economy, ledger, self.rulebook, self._standings, self.calendar, clock)
        self.accounts = Accounts(clock, ids, settings.registration)
        self.chat = Chat(clock, ids, self._standings)

        self.realtime = RealtimeServer(self._limits["connect"], self.metrics, cookie=COOKIE)
        connections, presence = Connections(), Presence()
        pushes = Pushes(self.realtime, connections, presence, self.epoch)
        outbox = Outbox(clock, ids)
        wake = asyncio.Event()
        self.transactor = Transactor(self.database, Nerves(outbox, pushes, wake))
        self.relay = Relay(
            self.database, self.transactor, handlers(self.economy), clock=clock, metrics=self.metrics, wake=wake
        )
        self._housekeeping = Housekeeping(self.database, self.transactor, ledger, clock, self.calendar)
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
        self.operations = self._operations(hasher, ids)
        self.documents = {
            "/openapi.json": openapi(self.operations, title=TITLE, version=__version__),
            "/asyncapi.json": asyncapi(title=TITLE, version=__version__),
        }
        self._asgi = self.realtime.asgi(self._http(authenticator, outbox))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._asgi(scope, receive, send)

    async def start(self) -> None:
        """Open and migrate the database, and begin the work in the background."""
        await self.database.open()
        applied = await migrate(self.database, MIGRATIONS, self._clock)
        if applied:
            log.info("migrated", migrations=applied)
        await self.epoch.load(self.database)
        await self._learn_the_rules()
        self.tasks.spawn(self.relay.run(), name="relay")
        self.tasks.spawn(self._beacon.run(), name="beacon")
        self.tasks.spawn(every(REFRESH_SECONDS, self._refresh_rules), name="rules")
        self.tasks.spawn(every(1.0, self.realtime.cut_slow_consumers), name="slow-consumers")
        self.tasks.spawn(every(5.0, self.realtime.hang_up_on_strangers), name="strangers")
        self.tasks.spawn(every(HOUSEKEEPING_SECONDS, self._housekeeping.run_once), name="housekeeping")

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

    async def _learn_the_rules(self) -> None:
        preset = (PRESETS / f"{self._settings.economy_policy}.toml").read_text(encoding="utf-8")
        await self.transactor.run(lambda work: self.rulebook.begin(work, preset))
        await self._refresh_rules()

    async def _refresh_rules(self) -> None:
        async with self.database.reader() as db:
            await self.rulebook.refresh(db)

    def _commands(self, presence: Presence) -> Dispatcher:
        dispatcher = Dispatcher(self._limits["command"], self.metrics)
        commands = ChatCommands(
            self.chat,
            self.realtime,
            presence,
            self.database,
            self.transactor,
            epoch=self.epoch,
            messages=self._limits["message"],
        )
        commands.register(dispatcher)
        return dispatcher

    def _operations(self, hasher: PasswordHasher, ids: Ids) -> list[Operation]:
        accounts = AccountEndpoints(
            self.accounts,
            hasher,
            self.transactor,
            self.database,
            registrations=self._limits["register"],
            logins=self._limits["login"],
            failed_logins=self._limits["failed_login"],
        )
        chat = ChatEndpoints(self.chat, ids, self.epoch, self._limits["room_change"])
        economy = EconomyEndpoints(self.economy, self._daily, self._standings, self.rulebook)
        rules = RulesEndpoints(self.rulebook)
        simulation = SimulationEndpoints(self.rulebook)
        rooms = (accounts, chat, economy, rules, simulation)
        return [operation for room in rooms for operation in room.operations()]

    def _http(self, authenticator: Authenticator, outbox: Outbox) -> Starlette:
        server = ServerEndpoints(
            self.database,
            MIGRATIONS,
            outbox,
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
                Middleware(GZipMiddleware, minimum_size=2048),
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
