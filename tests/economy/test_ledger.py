"""The ledger by example: burn order, holds, reversals, expiry, keys and refusals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Literal

import pytest

from app.core.errors import Invalid, KeyReused, Unavailable
from app.core.money import AMOUNT_MAX
from app.economy.ledger import wallet_store
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.errors import BalanceTooLarge, HoldExpired, InsufficientTokens
from app.economy.ledger.model import JsonObject, LotTerms, OpRequest, Outcome, Purpose, Wallet
from app.economy.ledger.open_op import OpenOp
from app.economy.ledger.service import Ledger
from app.infra.database import Connection, Database
from app.infra.unit_of_work import Transactor, UnitOfWork
from tests.harness.fakes import FrozenClock

ANA, BEN = 1, 2
HOUR = 3_600_000


class Bank:
    """Gives commands to the ledger, each in its transaction and under a key of its own."""

    def __init__(self, ledger: Ledger, transactor: Transactor, database: Database, clock: FrozenClock) -> None:
        self.ledger = ledger
        self._transactor = transactor
        self._database = database
        self._clock = clock
        self._count = 0

    def op(self, key: str | None = None, **request: object) -> OpRequest:
        self._count += 1
        return OpRequest("test", key or f"k{self._count}", "test", ANA, request)

    async def run(self, command: Callable[[UnitOfWork], Awaitable[Outcome]]) -> Outcome:
        return await self._transactor.run(command)

    async def grant(self, amount: int, lot: LotTerms | None = None, *, owner: int = ANA) -> Outcome:
        faucet, op = SystemAccount.ADMIN, self.op()
        return await self.run(
            lambda work: self.ledger.grant(work, op, owner=owner, amount=amount, code="test", faucet=faucet, lot=lot)
        )

    async def spend(self, amount: int, purpose: Purpose = Purpose.SHOP, op: OpRequest | None = None) -> Outcome:
        sink, asked = SystemAccount.SHOP, op or self.op()
        return await self.run(
            lambda work: self.ledger.spend(
                work, asked, owner=ANA, amount=amount, code="test", sink=sink, purpose=purpose
            )
        )

    async def gift(self, amount: int) -> Outcome:
        op = self.op()
        return await self.run(
            lambda work: self.ledger.transfer(work, op, sender=ANA, recipient=BEN, amount=amount, code="gift")
        )

    async def hold(self, amount: int, *, lasts: int = HOUR, to: int = SystemAccount.BURN) -> int:
        op, expires_at = self.op(), self._clock.now_ms() + lasts
        outcome = await self.run(
            lambda work: self.ledger.hold(
                work, op, owner=ANA, amount=amount, code="job", to=to, expires_at=expires_at, purpose=Purpose.TOOLS
            )
        )
        outcome.unwrap()
        return outcome.op_id

    async def capture(self, hold_id: int, amount: int | None = None) -> Outcome:
        op = self.op()
        return await self.run(lambda work: self.ledger.capture(work, op, hold_id=hold_id, amount=amount))

    async def void(self, hold_id: int) -> Outcome:
        op = self.op()
        return await self.run(lambda work: self.ledger.void(work, op, hold_id=hold_id))

    async def reverse(self, op_id: int, amount: int | None = None) -> Outcome:
        op = self.op()
        return await self.run(lambda work: self.ledger.reverse(work, op, original_op=op_id, amount=amount))

    async def has(self, owner: int = ANA) -> dict[str, int]:
        """What a person can spend, by source, and what is held; zeros left out."""
        async with self._database.reader() as db:
            sources = await wallet_store.spendable_by_source(db, owner, self._clock.now_ms())
            wallet = await wallet_store.wallet(db, owner)
        found = {**sources, "held": wallet.held if wallet else 0}
        return {source: amount for source, amount in found.items() if amount}


@pytest.fixture
def bank(ledger: Ledger, transactor: Transactor, database: Database, clock: FrozenClock) -> Bank:
    return Bank(ledger, transactor, database, clock)


@pytest.fixture
async def mixed(bank: Bank, clock: FrozenClock) -> Bank:
    """A person with an allowance of 5 until soon, 10 of main money and a deposit of 20."""
    soon = clock.now_ms() + 2 * HOUR
    await bank.grant(20, LotTerms("dep", "deposit", 60))
    await bank.grant(10)
    await bank.grant(5, LotTerms("day", "allowance", 10, expires_at=soon, reserved_for=Purpose.TOOLS))
    return bank


async def test_money_burns_by_priority(mixed: Bank) -> None:
    await mixed.spend(8, Purpose.TOOLS)
    assert await mixed.has() == {"main": 7, "deposit": 20}
    await mixed.spend(9, Purpose.TOOLS)
    assert await mixed.has() == {"deposit": 18}


async def test_among_equals_what_expires_first_burns_first(bank: Bank, clock: FrozenClock) -> None:
    now = clock.now_ms()
    await bank.grant(5, LotTerms("late", "late", 20, expires_at=now + 2 * HOUR))
    await bank.grant(5, LotTerms("early", "early", 20, expires_at=now + HOUR))
    await bank.spend(6)
    assert await bank.has() == {"late": 4}


async def test_restricted_money_serves_its_purpose_only(mixed: Bank) -> None:
    refused = await mixed.spend(31, Purpose.SHOP)
    assert isinstance(refused.refusal, InsufficientTokens)
    assert refused.refusal.data == {"available": "0.00003", "required": "0.000031"}
    assert (await mixed.spend(30, Purpose.SHOP)).refusal is None
    assert await mixed.has() == {"allowance": 5}


async def test_only_what_may_be_given_away_is(mixed: Bank) -> None:
    assert isinstance((await mixed.gift(11)).refusal, InsufficientTokens)
    await mixed.gift(10)
    assert await mixed.has() == {"allowance": 5, "deposit": 20}
    assert await mixed.has(BEN) == {"main": 10}


async def test_a_void_gives_back_to_the_lots_that_were_held(mixed: Bank) -> None:
    before = await mixed.has()
    hold = await mixed.hold(18)
    assert await mixed.has() == {"deposit": 17, "held": 18}
    await mixed.void(hold)
    assert await mixed.has() == before


async def test_the_rest_of_a_capture_goes_back_to_its_lots(mixed: Bank) -> None:
    hold = await mixed.hold(18)
    outcome = await mixed.capture(hold, 7)
    assert outcome.result == {"amount": 7, "returned": 11}
    assert await mixed.has() == {"main": 8, "deposit": 20}


async def test_a_hold_may_be_for_another_person(mixed: Bank) -> None:
    hold = await mixed.hold(12, to=BEN)
    assert await mixed.has(BEN) == {}
    await mixed.capture(hold)
    assert await mixed.has(BEN) == {"main": 12}


async def test_an_expired_hold_is_not_captured(mixed: Bank, clock: FrozenClock) -> None:
    hold = await mixed.hold(5, lasts=1000)
    clock.advance(ms=1000)
    assert isinstance((await mixed.capture(hold)).refusal, HoldExpired)
    await mixed.run(lambda work: mixed.ledger.expire_hold(work, hold))
    assert await mixed.has() == {"allowance": 5, "main": 10, "deposit": 20}


async def test_what_is_voided_into_an_expired_lot_is_gone(mixed: Bank, clock: FrozenClock) -> None:
    hold = await mixed.hold(5, lasts=9 * HOUR)
    clock.advance(ms=3 * HOUR)
    await mixed.void(hold)
    assert await mixed.has() == {"main": 10, "deposit": 20}
    assert isinstance((await mixed.spend(31, Purpose.TOOLS)).refusal, InsufficientTokens)


async def test_expired_money_cannot_be_spent_though_nobody_swept_it(mixed: Bank, clock: FrozenClock) -> None:
    clock.advance(ms=2 * HOUR)
    assert await mixed.has() == {"main": 10, "deposit": 20}
    assert isinstance((await mixed.spend(35, Purpose.TOOLS)).refusal, InsufficientTokens)


async def test_a_refund_reaches_the_lots_that_paid_the_last_first(mixed: Bank) -> None:
    spent = await mixed.spend(18, Purpose.TOOLS)
    await mixed.reverse(spent.op_id, 4)
    assert await mixed.has() == {"main": 1, "deposit": 20}
    await mixed.reverse(spent.op_id)
    assert await mixed.has() == {"allowance": 5, "main": 10, "deposit": 20}
    again = await mixed.reverse(spent.op_id)
    assert again.refusal is not None
    assert again.refusal.code == "reversal_exceeded"


async def test_a_grant_that_was_spent_cannot_be_reversed(bank: Bank) -> None:
    granted = await bank.grant(10)
    await bank.spend(1)
    assert isinstance((await bank.reverse(granted.op_id)).refusal, InsufficientTokens)
    assert (await bank.reverse(granted.op_id, 9)).refusal is None
    assert await bank.has() == {}


async def test_a_refusal_is_kept_even_when_it_could_be_granted_later(bank: Bank) -> None:
    op = bank.op("mine")
    refused = await bank.spend(5, op=op)
    await bank.grant(100)
    again = await bank.spend(5, op=op)
    assert again.replayed
    assert again.op_id == refused.op_id
    assert isinstance(again.refusal, InsufficientTokens)
    assert again.refusal.data == {"available": "0", "required": "0.000005"}
    with pytest.raises(InsufficientTokens):
        again.unwrap()
    assert await bank.has() == {"main": 100}


async def test_a_key_serves_one_request(bank: Bank) -> None:
    await bank.grant(100)
    await bank.spend(5, op=bank.op("mine", item="hat"))
    with pytest.raises(KeyReused):
        await bank.spend(5, op=bank.op("mine", item="coat"))
    assert await bank.has() == {"main": 95}


@pytest.mark.parametrize("amount", [0, -1, AMOUNT_MAX + 1])
async def test_an_amount_is_above_zero_and_within_bounds(bank: Bank, database: Database, amount: int) -> None:
    commands = (bank.grant, bank.spend, bank.gift, bank.hold, lambda value: bank.capture(1, value))
    for command in commands:
        with pytest.raises(Invalid):
            await command(amount)
    with pytest.raises(Invalid):
        await bank.reverse(1, amount)
    async with database.reader() as db:
        assert await db.all("SELECT id FROM econ_op") == []


async def test_a_full_recipient_costs_the_sender_nothing(bank: Bank) -> None:
    await bank.grant(AMOUNT_MAX, owner=BEN)
    await bank.grant(10)
    assert isinstance((await bank.gift(10)).refusal, BalanceTooLarge)
    assert await bank.has() == {"main": 10}


async def test_what_may_succeed_later_is_not_kept_as_a_refusal(bank: Bank, database: Database) -> None:
    async def body(_: OpenOp) -> JsonObject:
        raise Unavailable

    with pytest.raises(Unavailable):
        await bank.run(lambda work: bank.ledger.apply(work, bank.op(), body))
    async with database.reader() as db:
        assert await db.all("SELECT id FROM econ_op") == []


async def test_a_lot_keeps_the_terms_it_was_opened_with(bank: Bank) -> None:
    await bank.grant(5, LotTerms("dep", "deposit", 60))
    await bank.grant(5, LotTerms("dep", "deposit", 60))
    assert await bank.has() == {"deposit": 10}
    with pytest.raises(ValueError, match="other terms"):
        await bank.grant(5, LotTerms("dep", "deposit", 60, expires_at=1))


async def test_wallets_are_locked_in_ascending_id_whoever_gives(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    # The person with the higher id gets the lower wallet.
    await bank.grant(100, owner=BEN)
    await bank.grant(100, owner=ANA)
    locked: list[int] = []
    lock = wallet_store.lock_wallets

    async def noted(db: Connection, by: Literal["id", "owner_id"], those: Iterable[int]) -> list[Wallet]:
        # The rows come as they were locked.
        rows = await lock(db, by, those)
        locked.extend(wallet.id for wallet in rows)
        return rows

    monkeypatch.setattr(wallet_store, "lock_wallets", noted)
    gift = await bank.gift(5)
    await bank.reverse(gift.op_id)
    await bank.capture(await bank.hold(5, to=BEN))
    pairs = list(zip(locked[::2], locked[1::2], strict=True))
    assert len(pairs) == 4
    assert all(first < second for first, second in pairs)
