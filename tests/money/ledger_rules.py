"""The rules of a random program that concern the ledger alone."""

from __future__ import annotations

from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import rule

from app.economy.ledger import store
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import Purpose
from app.economy.ledger.rollup import Rollup
from app.infra.unit_of_work import UnitOfWork
from tests.harness.databases import DatabaseSource
from tests.harness.economy import House
from tests.money.machine import Answer, answer
from tests.money.program import DAY, HOUR, Program, beside, crashes, others, owners, small

purposes = st.sampled_from(list(Purpose))


class LedgerRules(Program):
    """Every rule gives the same command to the engines and to the reference."""

    def __init__(self, *sources: DatabaseSource) -> None:
        super().__init__(*sources)
        self.rollup = Rollup(self.clock, self.machine.calendar)

    @rule(owner=owners, amount=small, purpose=purposes, crash=crashes)
    def spend(self, owner: int, amount: int, purpose: Purpose, crash: int | None) -> None:
        self.give_op(
            "spend",
            lambda rooms, work, op: rooms.ledger.spend(
                work, op, owner=owner, amount=amount, code="test", sink=SystemAccount.SHOP, purpose=purpose
            ),
            lambda op: self.reference.spend(op, owner, amount, purpose),
            crash,
        )

    @rule(sender=owners, other=others, amount=small, crash=crashes)
    def transfer(self, sender: int, other: int, amount: int, crash: int | None) -> None:
        recipient = beside(sender, other)
        self.give_op(
            "transfer",
            lambda rooms, work, op: rooms.ledger.transfer(
                work, op, sender=sender, recipient=recipient, amount=amount, code="test"
            ),
            lambda op: self.reference.transfer(op, sender, recipient, amount),
            crash,
        )

    @rule(
        owner=owners,
        amount=small,
        purpose=purposes,
        other=st.one_of(st.none(), others),
        lasts=st.sampled_from([1000, HOUR, 3 * DAY]),
        crash=crashes,
    )
    def hold(self, owner: int, amount: int, purpose: Purpose, other: int | None, lasts: int, crash: int | None) -> None:
        to = SystemAccount.BURN if other is None else beside(owner, other)
        expires_at = self.now + lasts
        self.give_op(
            "hold",
            lambda rooms, work, op: rooms.ledger.hold(
                work, op, owner=owner, amount=amount, code="test", to=to, expires_at=expires_at, purpose=purpose
            ),
            lambda op: self.reference.hold(op, owner, amount, purpose, int(to), expires_at),
            crash,
        )

    @rule(choice=st.integers(0, 9), amount=st.one_of(st.none(), small), crash=crashes)
    def capture(self, choice: int, amount: int | None, crash: int | None) -> None:
        hold_id = self.a_hold(choice)
        self.give_op(
            "capture",
            lambda rooms, work, op: rooms.ledger.capture(work, op, hold_id=hold_id, amount=amount),
            lambda op: self.reference.capture(op, hold_id, amount),
            crash,
        )

    @rule(choice=st.integers(0, 9), crash=crashes)
    def void(self, choice: int, crash: int | None) -> None:
        hold_id = self.a_hold(choice)
        self.give_op(
            "void",
            lambda rooms, work, op: rooms.ledger.void(work, op, hold_id=hold_id),
            lambda _op: self.reference.release(hold_id),
            crash,
        )

    @rule(choice=st.integers(0, 30), amount=st.one_of(st.none(), small), crash=crashes)
    def reverse(self, choice: int, amount: int | None, crash: int | None) -> None:
        moved = list(self.reference.moves)
        original = moved[-1 - choice % len(moved)]
        self.give_op(
            "reverse",
            lambda rooms, work, op: rooms.ledger.reverse(work, op, original_op=original, amount=amount),
            lambda _op: self.reference.reverse(original, amount),
            crash,
        )

    @rule(crash=crashes)
    def keep_house(self, crash: int | None) -> None:
        self.machine.tell_time()
        waiting = {op: hold for op, hold in self.reference.holds.items() if not hold.resolved}
        overdue = sorted(op for op, hold in waiting.items() if hold.expires_at <= self.now)
        for engine in self.machine.engines:
            assert engine.read(partial(store.overdue_holds, since=0, now=self.now, limit=100)) == overdue
        for hold_id in overdue:
            self.machine.run(partial(_expire, hold_id=hold_id))
            assert self.reference.attempt(partial(self.reference.release, hold_id, ran_out=True)) is None

        async def close_days(_: House, work: UnitOfWork) -> None:
            for day in await self.rollup.open_days(work.db):
                await self.rollup.close_day(work, day)

        self.machine.give(close_days, lambda _: None, crash)

    def a_hold(self, choice: int) -> int:
        """Mostly one that waits to be resolved, made for it if need be; now and then any, or one that never was."""
        if choice > 6:
            holds = [*self.reference.holds, 1]
            return holds[choice % len(holds)]
        waiting = [op for op, hold in self.reference.holds.items() if not hold.resolved]
        if not waiting:
            self.hold(owner=101 + choice % 3, amount=9, purpose=Purpose.TOOLS, other=None, lasts=HOUR, crash=None)
            told: Answer = self.machine.done[-1][1]
            return told.op_id
        return waiting[choice % len(waiting)]


async def _expire(rooms: House, work: UnitOfWork, hold_id: int) -> Answer:
    return answer(await rooms.ledger.expire_hold(work, hold_id))
