"""Random programs of the economy, against the reference, with crashes, replays and a moving clock; audited each step.

Some tests hold SQLite against the reference in many programs. The others give the very same commands, crashes and
moments to SQLite and PostgreSQL side by side: every answer, every fact told and, at the end, every row is equal.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from app.core.errors import KeyReused
from app.economy.earning.model import Activity
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import LotTerms
from app.infra.unit_of_work import UnitOfWork
from tests.harness.databases import DatabaseSource, PostgreSQLSource, SQLiteSource
from tests.harness.economy import House
from tests.money.gift_rules import PINS, GiftRules
from tests.money.ledger_rules import LedgerRules
from tests.money.machine import Answer, answer
from tests.money.narrow import FIRST, SECOND
from tests.money.program import DAY, HOUR, Program, beside, crashes, lot_terms, others, owners, small
from tests.money.rewarding import Running

kinds = st.sampled_from([*FIRST.rewards, "send_message", "send_message", "popular_message", "helpful_content"])


class EconomyMachine(LedgerRules, GiftRules):
    """One program: every rule gives the same command to the engines and to the reference."""

    @initialize(terms=lot_terms, begins=st.sampled_from([2 * 60_000, HOUR, 20 * HOUR]), lasts=st.integers(1, 30))
    def begin_with_money_and_events(self, terms: LotTerms, begins: int, lasts: int) -> None:
        """Most programs are dull for people who have nothing."""
        for owner in (101, 102):
            self.grant(owner=owner, amount=20, crash=None)
            self.grant_lot(owner=owner, amount=20, terms=terms, crash=None)
            self.set_pin(owner=owner, pin=PINS[0], knows_password=True, crash=None)
        self._schedule("weekend", self.now + begins, lasts * 8 * HOUR)
        self._schedule("special", self.now + begins + 5 * HOUR, 3 * HOUR)

    def _schedule(self, kind: Any, starts_at: int, lasts: int) -> None:
        self.machine.run(
            lambda rooms, work: rooms.rulebook.schedule(
                work, 1, kind=kind, name="x", starts_at=starts_at, ends_at=starts_at + lasts
            )
        )
        self.reference.events.append(Running(kind, starts_at, starts_at + lasts))
        for engine in self.machine.engines:
            engine.refresh()

    # -- earning -------------------------------------------------------------------------------------------------

    @rule(
        owner=owners,
        kind=kinds,
        subject=st.integers(1, 5),
        other=others,
        weight=st.sampled_from([1, 1, 1, 4]),
        reached=st.integers(1, 3),
        crash=crashes,
    )
    def earn(
        self, owner: int, kind: str, subject: int, other: int, weight: int, reached: int, crash: int | None
    ) -> None:
        self.count += 1
        about = f"{subject}"
        told = Activity(
            kind, owner, self.now, f"a{self.count}", beside(owner, other), about, about, weight, 11, reached
        )

        async def tell(rooms: House, work: UnitOfWork) -> tuple[int, int, str | None] | None:
            rewarded = await rooms.economy.reward_activity(work, told)
            if rewarded is None:
                return None
            return rewarded.op_id, rewarded.decision.granted, rewarded.decision.withheld

        def expect(rewarded: tuple[int, int, str | None] | None) -> None:
            expected = self.reference.reward(rewarded[0] if rewarded else 0, told)
            assert (rewarded and rewarded[1:]) == expected

        rewarded = self.machine.give(tell, expect, crash)
        assert self.machine.run(tell) == rewarded
        if kind not in SECOND.rewards:
            # Once that is in force, telling of it again is answered with nothing.
            self.machine.done.pop()

    @rule(owner=owners, missed=st.sampled_from([0, 0, 2]), days=st.sampled_from([0, 0, 1, 2, 7]), crash=crashes)
    def claim(self, owner: int, missed: int, days: int, crash: int | None) -> None:
        """Claim the daily reward, today or some days later, and on so many days after."""
        self.clock.advance(days=missed)
        self._claim_today(owner, crash)
        for _ in range(days):
            self.clock.advance(days=1)
            self._claim_today(owner, None)

    def _claim_today(self, owner: int, crash: int | None) -> None:
        self.count += 1
        key = f"c{self.count}"

        async def claim(rooms: House, work: UnitOfWork) -> tuple[Answer, list[tuple[str, int, int]]]:
            outcome, claimed = await rooms.daily.claim(work, owner, key)
            rewards = claimed.rewards if claimed else []
            return answer(outcome), [(kind, its.op_id, its.decision.granted) for kind, its in rewards]

        def expect(told: tuple[Answer, list[tuple[str, int, int]]]) -> None:
            expected = self.reference.claim_daily(owner, {kind: op for kind, op, _ in told[1]})
            assert (told[0].refusal, [(kind, granted) for kind, _, granted in told[1]]) == expected

        self.machine.give(claim, expect, crash)

    @rule(owner=owners, goal=st.sampled_from([goal.id for goal in FIRST.goals]), crash=crashes)
    def claim_goal(self, owner: int, goal: str, crash: int | None) -> None:
        self.count += 1
        key = f"g{self.count}"

        async def claim(rooms: House, work: UnitOfWork) -> tuple[Answer, int, int]:
            outcome, claimed = await rooms.goals.claim(work, owner, goal, key)
            return answer(outcome), claimed.op_id if claimed else 0, claimed.granted if claimed else 0

        def expect(told: tuple[Answer, int, int]) -> None:
            assert (told[0].refusal, told[2]) == self.reference.claim_goal(owner, goal, told[1])

        self.machine.give(claim, expect, crash)

    # -- the allowance -------------------------------------------------------------------------------------------

    @rule(owner=owners, crash=crashes)
    def look_at_allowance(self, owner: int, crash: int | None) -> None:
        async def look(rooms: House, work: UnitOfWork) -> int:
            return (await rooms.allowances.budget(work, owner)).total

        def expect(total: int) -> None:
            self.reference.allow(owner)
            spendable = self.reference.spendable(owner)
            lots = {place[2]: terms for place, terms in self.reference.lots.items() if place[1] == owner}
            assert total == sum(
                amount for key, amount in spendable.items() if not key or lots[key].reserved_for in ("", "tools")
            )

        self.machine.give(look, expect, crash)
        # Tomorrow's look is another one.
        self.machine.done.pop()

    @rule(owner=owners, amount=small, work_ms=st.sampled_from([HOUR, DAY, 9 * DAY]), crash=crashes)
    def hold_for_work(self, owner: int, amount: int, work_ms: int, crash: int | None) -> None:
        self.count += 1
        key, expires_at = f"w{self.count}", self.now + min(work_ms, DAY)

        async def hold(rooms: House, work: UnitOfWork) -> Answer:
            outcome = await rooms.allowances.hold(work, owner, key=key, amount=amount, code="site", work_ms=work_ms)
            return answer(outcome)

        def expect(told: Answer) -> None:
            assert told.refusal == self.reference.hold_for_work(told.op_id, owner, amount, expires_at)

        self.machine.give(hold, expect, crash)
        # Asked again on another day it would grant that day's allowance.
        self.machine.done.pop()

    @rule(choice=st.integers(0, 9), succeeds=st.booleans(), crash=crashes)
    def end_work(self, choice: int, succeeds: bool, crash: int | None) -> None:
        hold_id = self.a_hold(choice)

        async def end(rooms: House, work: UnitOfWork) -> Answer:
            ended = rooms.allowances.succeed if succeeds else rooms.allowances.fail
            return answer(await ended(work, hold_id))

        def expect(told: Answer) -> None:
            done = partial(self.reference.work_done, told.op_id) if succeeds else self.reference.work_failed
            assert told.refusal == done(hold_id)

        self.machine.give(end, expect, crash)

    # -- time, and asking again ----------------------------------------------------------------------------------

    @rule(choice=st.integers(0, 30))
    def replay(self, choice: int) -> None:
        if self.machine.done:
            command, told = self.machine.done[choice % len(self.machine.done)]
            assert self.machine.run(command) == told

    @rule(choice=st.integers(0, 30))
    def reuse_key(self, choice: int) -> None:
        op = replace(self.ops[choice % len(self.ops)], request={"other": True})

        async def grant(rooms: House, work: UnitOfWork) -> None:
            try:
                await rooms.ledger.grant(work, op, owner=101, amount=1, code="test", faucet=SystemAccount.ADMIN)
            except KeyReused:
                return
            raise AssertionError("a key was accepted for another request")

        self.machine.run(grant)


class GiftMachine(GiftRules):
    """One program of gifts alone, which gets further with them: to the ends of limits and locks."""

    @initialize(terms=lot_terms)
    def begin_with_money_and_pins(self, terms: LotTerms) -> None:
        for owner in (101, 102):
            self.grant(owner=owner, amount=30, crash=None)
            self.grant_lot(owner=owner, amount=30, terms=terms, crash=None)
            self.set_pin(owner=owner, pin=PINS[0], knows_password=True, crash=None)


def run_programs(machine: type[Program], count: int, *sources: DatabaseSource) -> None:
    """Run so many programs; the same ones each time."""
    run_state_machine_as_test(
        cast("type[RuleBasedStateMachine]", lambda: machine(*sources)),
        settings=settings(
            max_examples=count,
            stateful_step_count=35,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_random_programs_agree_with_the_reference(sqlite_source: SQLiteSource) -> None:
    run_programs(EconomyMachine, 32, sqlite_source)


def test_both_engines_come_to_the_same(sqlite_source: SQLiteSource, postgresql_source: PostgreSQLSource) -> None:
    run_programs(EconomyMachine, 10, sqlite_source, postgresql_source)


def test_random_gifts_agree_with_the_reference(sqlite_source: SQLiteSource) -> None:
    run_programs(GiftMachine, 32, sqlite_source)


def test_both_engines_give_the_same(sqlite_source: SQLiteSource, postgresql_source: PostgreSQLSource) -> None:
    run_programs(GiftMachine, 10, sqlite_source, postgresql_source)
