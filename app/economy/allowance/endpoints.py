"""HTTP operations of this room."""

from __future__ import annotations

import hmac

from starlette.requests import Request

from app.core.actor import Actor
from app.core.errors import Forbidden, Unauthenticated
from app.economy.allowance.errors import NoAllowance
from app.economy.allowance.schemas import Budget, Movements, Reset
from app.economy.allowance.service import Allowances
from app.economy.earning.schemas import StatementQuery
from app.infra.database import Connection, Database
from app.infra.http import Authenticate, Operation, bearer_token
from app.infra.unit_of_work import Transactor, UnitOfWork


class BillingEndpoints:
    """What tools may be paid with. The daily reset is for administrators, and for a job with the cron token."""

    def __init__(
        self,
        allowances: Allowances,
        database: Database,
        transactor: Transactor,
        authenticate: Authenticate,
        cron_token: str,
    ) -> None:
        self._allowances = allowances
        self._database = database
        self._transactor = transactor
        self._authenticate = authenticate
        self._cron_token = cron_token

    def operations(self) -> list[Operation]:
        tag, reset = "billing", "/api/billing/daily-reset"
        doors = (Unauthenticated, Forbidden)
        return [
            Operation("GET", "/api/billing/balance", self.billing_balance, tag=tag),
            Operation("GET", "/api/billing/transactions", self.billing_transactions, tag=tag),
            Operation("GET", reset, self.daily_reset_status, errors=doors, tag=tag),
            Operation("POST", reset, self.daily_reset, errors=(*doors, NoAllowance), tag=tag),
        ]

    async def billing_balance(self, work: UnitOfWork, actor: Actor) -> Budget:
        """What one can spend on tools today. The day's first look grants the day's allowance."""
        return Budget.of(await self._allowances.budget(work, actor.id))

    async def billing_transactions(self, db: Connection, actor: Actor, query: StatementQuery) -> Movements:
        """What the allowance and work on tools moved, newest first."""
        before = None if query.cursor is None else int(query.cursor)
        return Movements.of(await self._allowances.movements(db, actor.id, before=before, limit=query.limit))

    async def daily_reset_status(self, db: Connection, request: Request) -> Reset:
        """How many people today's allowance has not reached yet."""
        await self._let_in(request)
        return Reset.of(await self._allowances.reset_status(db))

    async def daily_reset(self, request: Request) -> Reset:
        """Grant today's allowance to everybody who lacks it. May be repeated; `due` says how many are left."""
        await self._let_in(request)
        return Reset.of(await self._allowances.reset(self._database, self._transactor))

    async def _let_in(self, request: Request) -> None:
        token = bearer_token(request)
        if token and self._cron_token and hmac.compare_digest(token.encode(), self._cron_token.encode()):
            return
        if not (await self._authenticate(request)).is_admin:
            raise Forbidden("Only administrators may do this")
