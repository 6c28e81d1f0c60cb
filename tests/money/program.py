"""What every random program rests on: money, a clock that moves, and agreement after every command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app.core.money import AMOUNT_MAX
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import LotTerms, OpRequest, Outcome, Purpose
from app.infra.unit_of_work import UnitOfWork
from tests.harness.databases import DatabaseSource
from tests.harness.economy import House
from tests.money.machine import OWNERS, Answer, Machine, answer
from tests.money.reference import Terms

HOUR, DAY = 3_600_000, 86_400_000

owners = st.sampled_from(OWNERS)
amounts = st.one_of(st.integers(1, 30), st.integers(1, 30), st.sampled_from([AMOUNT_MAX, AMOUNT_MAX - 5]))
small = st.integers(1, 12)
others = st.sampled_from([1, 2, 1, 2, 1, 2, 0])
"""How far round the circle of three the other person stands; 0 is oneself, which is refused."""
crashes = st.one_of(st.none(), st.integers(1, 14), st.integers(1, 60))
lot_terms = st.builds(
    LotTerms,
    key=st.sampled_from(["a", "b", "c"]),
    source=st.just("event"),
    priority=st.sampled_from([10, 20, 60]),
    expires_at=st.sampled_from([HOUR, DAY, 2 * DAY, 400 * DAY]),
    giftable=st.booleans(),
    reserved_for=st.sampled_from([None, Purpose.TOOLS]),
)


class Program(RuleBasedStateMachine):
    """Every rule gives the same command to the engines and to the reference."""

    def __init__(self, *sources: DatabaseSource) -> None:
        super().__init__()
        self.machine = Machine(list(sources))
        self.clock, self.reference = self.machine.clock, self.machine.reference
        self.ops: list[OpRequest] = []
        self.terms: dict[tuple[int, str], LotTerms] = {}
        self.count = 0

    def teardown(self) -> None:
        self.machine.close()

    @rule(owner=owners, amount=amounts, crash=crashes)
    def grant(self, owner: int, amount: int, crash: int | None) -> None:
        self.give_op(
            "grant",
            lambda rooms, work, op: rooms.ledger.grant(
                work, op, owner=owner, amount=amount, code="test", faucet=SystemAccount.ADMIN
            ),
            lambda op: self.reference.grant(op, owner, amount),
            crash,
        )

    @rule(owner=owners, amount=small, terms=lot_terms, crash=crashes)
    def grant_lot(self, owner: int, amount: int, terms: LotTerms, crash: int | None) -> None:
        # A lot keeps the terms it was opened with; the next program of a key uses those.
        fresh = replace(terms, expires_at=self.now + terms.expires_at)
        lot = self.terms.setdefault((owner, terms.key), fresh)
        reference = Terms(lot.priority, lot.expires_at, lot.giftable, lot.reserved_for or "", len(self.reference.lots))
        self.give_op(
            "grant_lot",
            lambda rooms, work, op: rooms.ledger.grant(
                work, op, owner=owner, amount=amount, code="test", faucet=SystemAccount.ADMIN, lot=lot
            ),
            lambda op: self.reference.grant(op, owner, amount, "test", lot.key, reference),
            crash,
        )

    @rule(ms=st.sampled_from([1, 999, -5000, HOUR, DAY, DAY, 7 * DAY, 30 * DAY]))
    def move_clock(self, ms: int) -> None:
        self.clock.advance(ms=ms)

    # -- what must hold after every command ----------------------------------------------------------------------

    @invariant()
    def the_product_agrees_with_the_reference(self) -> None:
        self.machine.compare()
        assert self.reference.total() == 0

    @invariant()
    def the_audit_finds_nothing(self) -> None:
        self.machine.engines[0].audit()

    @property
    def now(self) -> int:
        return self.clock.now_ms()

    def give_op(
        self,
        kind: str,
        command: Callable[[House, UnitOfWork, OpRequest], Awaitable[Outcome]],
        expected: Callable[[int], None],
        crash: int | None,
    ) -> Answer:
        """Give one op of the ledger under a new key."""
        self.count += 1
        op = OpRequest("test", f"k{self.count}", kind, 1, {"count": self.count})
        self.ops.append(op)

        async def give(rooms: House, work: UnitOfWork) -> Answer:
            return answer(await command(rooms, work, op))

        def expect(told: Answer) -> None:
            refusal = self.reference.attempt(lambda: expected(told.op_id))
            assert told.refusal == refusal, f"{kind}: {told.refusal}, not {refusal}"

        return self.machine.give(give, expect, crash)


def beside(owner: int, steps: int) -> int:
    """Who stands so many steps round the circle of three."""
    return 101 + (owner - 101 + steps) % 3
