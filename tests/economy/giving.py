"""Giving, as people do it over HTTP, and what a test needs beside it: money, other days, and the books in order."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from app.core.ids import TimeOrderedIds
from app.core.money import parse_amount
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import LotTerms, OpRequest
from app.economy.oversight.audit import audit
from app.main import Guildhall
from tests.harness.application import PASSWORD, Person
from tests.harness.economy import POLICY, house
from tests.harness.fakes import FrozenClock

PIN = "4071"
WRONG = "4072"


class Purse:
    """The money side of an application under test."""

    def __init__(self, app: Guildhall, clock: FrozenClock) -> None:
        self.app = app
        self._ledger = house(clock, TimeOrderedIds(clock, 1000), app.calendar).ledger
        self._keys = itertools.count()

    async def endow(self, person: Person, amount: str, lot: LotTerms | None = None) -> None:
        """Give somebody tokens out of nothing: main money, or a lot."""
        op = OpRequest("test", f"endow{next(self._keys)}", "test", 1, {})
        outcome = await self.app.transactor.run(
            lambda work: self._ledger.grant(
                work,
                op,
                owner=int(person.id),
                amount=parse_amount(amount),
                code="test",
                faucet=SystemAccount.ADMIN,
                lot=lot,
            )
        )
        outcome.unwrap()

    async def settle(self) -> None:
        """Wait until every errand is done, also those the application took up by itself."""
        async with asyncio.timeout(10):
            while await self._errands():
                await asyncio.sleep(0.005)

    async def balance(self, person: Person) -> str:
        """What somebody has when everything they are due is paid."""
        await self.settle()
        return str((await person.api.get("/api/tokens/balance/me"))["balance"])

    async def state(self) -> list[list[dict[str, Any]]]:
        """All that a gift may change."""
        await self.settle()
        orders = {
            "econ_wallet": "id",
            "econ_transfer": "id",
            "econ_gift": "op_id",
            "econ_tally": "wallet_id, day, code",
        }
        async with self.app.database.reader() as db:
            return [
                [dict(row) for row in await db.all(f"SELECT * FROM {table} ORDER BY {order}")]
                for table, order in orders.items()
            ]

    async def _errands(self) -> bool:
        async with self.app.database.reader() as db:
            return await db.one("SELECT id FROM outbox WHERE done_at IS NULL LIMIT 1") is not None

    async def assert_sound(self) -> None:
        """Every invariant of the ledger holds."""
        await self.settle()
        async with self.app.database.snapshot() as db:
            report = await audit(db, [POLICY])
        assert report.ok, report.to_json()


async def set_pin(person: Person, pin: str = PIN, *, password: str = PASSWORD, expect: int = 200) -> Any:
    return await person.api.call("PUT", "/api/pin", json={"password": password, "pin": pin}, expect=expect)


async def give(
    sender: Person, recipient: Person, amount: Any = "1", *, key: str | None = None, expect: int = 200, **change: Any
) -> Any:
    """Send a gift; `change` replaces parts of a good request."""
    body = {"recipient_id": recipient.id, "amount": amount, "pin": PIN, **change}
    headers = {} if key is None else {"Idempotency-Key": key}
    return await sender.api.post("/api/tokens/gift", json=body, headers=headers, expect=expect)
