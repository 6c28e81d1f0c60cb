"""Use cases of the room: reward what people do, and tell them where they stand and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.accounts import store as accounts
from app.core.clock import Calendar, Clock
from app.core.errors import NotFound
from app.economy.earning import store
from app.economy.earning.batch import Batch, came_this_year, earned_by
from app.economy.earning.errors import NoSuchReward, NotAnActivity, UnknownActivity
from app.economy.earning.model import (
    Activity,
    Balance,
    CapCheck,
    Entry,
    Explanation,
    Rewarded,
    Statement,
)
from app.economy.earning.standing import Standings
from app.economy.ledger import store as ledger_store
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import JsonObject, OpRequest, Outcome, Wallet
from app.economy.ledger.service import Ledger
from app.economy.rules import policy as rules
from app.economy.rules.model import ACTIVITIES, Decision, Factor, Policy, RewardRule
from app.economy.rules.service import Rulebook
from app.infra.database import Connection
from app.infra.unit_of_work import UnitOfWork

REWARD = "reward"
AWARD = "award"
STATEMENT_MAX = 100


class Economy:
    """Rewards under the policy in force, on the platform's calendar."""

    def __init__(
        self, ledger: Ledger, rulebook: Rulebook, standings: Standings, calendar: Calendar, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._rulebook = rulebook
        self._standings = standings
        self._calendar = calendar
        self._clock = clock

    async def reward_activity(self, work: UnitOfWork, activity: Activity) -> Rewarded | None:
        """Decide what an activity earns and pay it, as `reward_many` does."""
        return (await self.reward_many(work, [activity]))[0]

    async def reward_many(self, work: UnitOfWork, activities: Sequence[Activity]) -> list[Rewarded | None]:
        """Decide what activities earn, one after another, and pay it, once for each key: told again, nothing changes.

        The windows of the caps are those of the moment of payment, not of `occurred_at`: a window that has closed
        never opens again, however late an activity is told. A decision to pay less or nothing is recorded like any
        other. None, and nothing recorded, when the policy has no reward for it or it has not come far enough.
        Raises `UnknownActivity` for a kind the platform does not have.
        """
        policy = self._rulebook.policy()
        ruled = [(activity, _rule(policy, activity)) for activity in activities]
        told = [(_request(activity, policy), activity, rule) for activity, rule in ruled if rule is not None]
        if not told:
            return [None] * len(activities)
        events = [event.kind for event in self._rulebook.events()]
        by_name = {op.name: (activity, rule) for op, activity, rule in told}
        batch = Batch(work, self._standings, policy, events, by_name)
        outcomes = await self._ledger.apply_all(work, [op for op, _, _ in told], batch.decide)
        await batch.write_claims()
        came = iter(outcomes)
        return [
            None
            if rule is None
            else _rewarded(next(came), rule.base(activity.weight, activity.amount), batch.decisions)
            for activity, rule in ruled
        ]

    async def rewarded(self, db: Connection, kind: str, key: str) -> Rewarded | None:
        """What came of an activity when it was told under this key, whatever the policy is now; None if it was not."""
        outcome = await self._ledger.outcome_of(db, f"activity.{kind}", key)
        return None if outcome is None else _rewarded(outcome, 0, {})

    async def award(
        self, work: UnitOfWork, *, admin_id: int, account_id: int, amount: int, reason: str, key: str
    ) -> Outcome:
        """Give somebody tokens by an administrator's decision; `reason` is kept with it. Refused at a full wallet.

        Raises `NotFound` when there is no such person.
        """
        if await accounts.person(work.db, account_id) is None:
            raise NotFound("There is no such person")
        request: JsonObject = {"account": str(account_id), "amount": amount, "reason": reason}
        op = OpRequest(f"award.{admin_id}", key, AWARD, admin_id, request, self._rulebook.policy().version)
        return await self._ledger.grant(
            work, op, owner=account_id, amount=amount, code=AWARD, faucet=SystemAccount.ADMIN, kept=request
        )

    async def balance_of(self, db: Connection, account_id: int) -> Balance:
        """What a person has now; nothing at all if they never had any."""
        return await self._standings.balance_of(db, account_id)

    async def statement(self, db: Connection, account_id: int, *, before: int | None, limit: int) -> Statement:
        """A page of at most `limit` (1..100) entries, newest first, from the cursor `before` of an earlier page."""
        wallet = await self._standings.wallet(db, account_id)
        count = min(max(limit, 1), STATEMENT_MAX)
        upto = wallet.version + 1 if before is None else min(before, wallet.version + 1)
        legs = await ledger_store.legs(db, wallet.id, upto, count)
        return Statement([Entry.of(leg) for leg in legs], legs[-1].version if legs and legs[-1].version > 1 else None)

    async def explain(self, db: Connection, op_id: int) -> Explanation:
        """Why a reward was what it was. Raises `NoSuchReward`."""
        op = await ledger_store.op(db, op_id)
        if op is None or op.kind != REWARD or not op.applied:
            raise NoSuchReward
        return Explanation(
            op_id=op.id,
            account_id=op.actor_id,
            at=op.created_at,
            activity=op.result["activity"],
            policy_version=op.policy_version,
            decision=Decision.from_json(op.result),
        )

    async def check_cap(self, db: Connection, account_id: int, activity: str) -> CapCheck:
        """What an activity would earn now if nothing withheld it. Raises `NotAnActivity`."""
        (decision,) = await self.preview(db, account_id, activity, [0])
        now = self._clock.now_ms()
        resets = {"week": self._calendar.next_week_ms, "activity_year": self._calendar.next_year_ms}
        resets_at = resets.get(decision.capped_by or "", self._calendar.next_day_ms)(now)
        return CapCheck(activity, decision, resets_at)

    async def preview(self, db: Connection, account_id: int, activity: str, amounts: Sequence[int]) -> list[Decision]:
        """What an activity would earn now, told with each of `amounts`, if nothing withheld it.

        Raises `NotAnActivity`.
        """
        policy = self._rulebook.policy()
        rule = policy.rewards.get(activity)
        if rule is None:
            raise NotAnActivity(f"There is no reward for an activity {activity!r}")
        wallet = await self._standings.wallet(db, account_id)
        day = rules.window_day(wallet.earn_day, self._calendar.day(self._clock.now_ms()))
        came = await store.came_on(db, [(wallet.id, day)])
        this_year = await came_this_year(db, rule, wallet.id, activity, day)
        earned = earned_by(policy, rule, wallet, activity, day, lambda code: came.get((wallet.id, code), 0), this_year)
        factors = self._factors(policy, wallet, earned.day)
        return [rules.decide(policy, rule, rule.base(1, amount), earned, factors) for amount in amounts]

    def _factors(self, policy: Policy, wallet: Wallet, day: int) -> tuple[Factor, ...]:
        streak = rules.streak_on(day, wallet.streak_day, wallet.streak_days)
        return rules.factors_of(
            policy, streak=streak, tier=wallet.tier, events=[event.kind for event in self._rulebook.events()]
        )


def _rule(policy: Policy, activity: Activity) -> RewardRule | None:
    """The rule that rewards an activity, if one does."""
    if activity.kind not in ACTIVITIES:
        raise UnknownActivity(activity.kind)
    rule = policy.rewards.get(activity.kind)
    return None if rule is None or activity.reached < rule.least else rule


def _request(activity: Activity, policy: Policy) -> OpRequest:
    told = activity.to_json()
    # How far it has come by now is no part of what is asked: the next one who takes part asks for the same.
    del told["occurred_at"], told["reached"]
    return OpRequest(f"activity.{activity.kind}", activity.key, REWARD, activity.actor, told, policy.version)


def _rewarded(outcome: Outcome, base: int, decisions: Mapping[int, Decision]) -> Rewarded:
    if outcome.refusal is not None:
        # The ledger refuses a reward for one reason alone: the wallet holds the most it can.
        return Rewarded(outcome.op_id, rules.withhold(base, "balance_full"))
    return Rewarded(outcome.op_id, decisions.get(outcome.op_id) or Decision.from_json(outcome.result))
