"""Use cases of the room: reward what people do, and tell them where they stand and why."""

from __future__ import annotations

from app.core.clock import Calendar, Clock
from app.economy.earning import store
from app.economy.earning.errors import NoSuchReward, NotAnActivity, UnknownActivity
from app.economy.earning.events import RewardGranted, WalletChanged
from app.economy.earning.model import Activity, Balance, CapCheck, Entry, Explanation, Rewarded, Statement, Window
from app.economy.ledger import store as ledger_store
from app.economy.ledger.accounts import SystemAccount, main_of, system
from app.economy.ledger.model import JsonObject, OpRequest, Wallet
from app.economy.ledger.open_op import OpenOp
from app.economy.ledger.service import Ledger
from app.economy.rules import policy as rules
from app.economy.rules.model import Decision, Earned, Policy, RewardRule
from app.infra.database import Connection
from app.infra.unit_of_work import UnitOfWork

REWARD = "reward"
ALLOWANCE_SOURCE = "allowance"
STATEMENT_MAX = 100


class Economy:
    """Rewards under one policy, on the platform's calendar."""

    def __init__(self, ledger: Ledger, policy: Policy, calendar: Calendar, clock: Clock) -> None:
        self._ledger = ledger
        self._policy = policy
        self._calendar = calendar
        self._clock = clock

    async def reward_activity(self, work: UnitOfWork, activity: Activity) -> Rewarded:
        """Decide what an activity earns and pay it, once for each key; telling it again changes nothing.

        The windows of the caps are those of the moment of payment, not of `occurred_at`: a window that has closed
        never opens again, however late an activity is told. A decision to pay less or nothing is recorded like any
        other. Raises `UnknownActivity` for a kind no rule knows.
        """
        rule = self._policy.rewards.get(activity.kind)
        if rule is None:
            raise UnknownActivity(activity.kind)
        told = activity.to_json()
        del told["occurred_at"]
        op = OpRequest(f"activity.{activity.kind}", activity.key, REWARD, activity.actor, told, self._policy.version)

        async def body(opened: OpenOp) -> JsonObject:
            decision = await self._pay(work, opened, rule, activity)
            return {"activity": activity.kind, **decision.to_json()}

        outcome = await self._ledger.apply(work, op, body)
        if outcome.refusal is not None:
            # The ledger refuses a reward for one reason alone: the wallet holds the most it can.
            return Rewarded(outcome.op_id, rules.withhold(rule, activity.weight, "balance_full"))
        return Rewarded(outcome.op_id, Decision.from_json(outcome.result))

    async def balance_of(self, db: Connection, account_id: int) -> Balance:
        """What a person has now; nothing at all if they never had any."""
        wallet = await self._wallet(db, account_id)
        by_source = await ledger_store.spendable_by_source(db, account_id, self._clock.now_ms())
        return self._balance(wallet, by_source)

    async def statement(self, db: Connection, account_id: int, *, before: int | None, limit: int) -> Statement:
        """A page of at most `limit` (1..100) entries, newest first, from the cursor `before` of an earlier page."""
        wallet = await self._wallet(db, account_id)
        count = min(max(limit, 1), STATEMENT_MAX)
        upto = wallet.version + 1 if before is None else min(before, wallet.version + 1)
        legs = await ledger_store.legs(db, wallet.id, upto, count)
        entries = [
            Entry(
                id=leg.transfer_id,
                op_id=leg.op_id,
                at=leg.created_at,
                kind=leg.op_kind,
                reason=leg.code,
                amount=leg.change,
                balance_after=leg.balance_after,
                source=leg.source,
            )
            for leg in legs
        ]
        return Statement(entries, legs[-1].version if legs and legs[-1].version > 1 else None)

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
        rule = self._policy.rewards.get(activity)
        if rule is None:
            raise NotAnActivity(f"There is no activity {activity!r}")
        wallet = await self._wallet(db, account_id)
        now = self._clock.now_ms()
        earned = await self._earned(db, wallet, activity, self._calendar.day(now))
        decision = rules.decide(self._policy, rule, 1, earned)
        weekly = decision.capped_by == "week"
        resets_at = self._calendar.next_week_ms(now) if weekly else self._calendar.next_day_ms(now)
        return CapCheck(activity, decision, resets_at)

    async def rooms_max(self, db: Connection, account_id: int) -> int | None:
        """How many rooms a person may own by their tier; None for no limit."""
        return (await self.balance_of(db, account_id)).tier.rooms_max

    async def _pay(self, work: UnitOfWork, opened: OpenOp, rule: RewardRule, activity: Activity) -> Decision:
        kind, weight = activity.kind, activity.weight
        if rule.not_own and activity.counterpart == activity.actor:
            return rules.withhold(rule, weight, "own")
        (wallet,) = await opened.lock(activity.actor)
        if rule.once is not None:
            subject = activity.subject or "" if rule.once == "subject" else ""
            if not await store.claim(opened.db, wallet.id, kind, 0, subject, opened.id):
                return rules.withhold(rule, weight, "already_rewarded")
        earned = await self._earned(opened.db, wallet, kind, opened.day)
        decision = rules.decide(self._policy, rule, weight, earned)
        if decision.granted == 0:
            return decision
        if rule.distinct and activity.fingerprint is not None:
            new = await store.claim(opened.db, wallet.id, kind, earned.day, activity.fingerprint, opened.id)
            if not new:
                return rules.withhold(rule, weight, "duplicate")
        await self._grant(opened, wallet, rule, kind, earned, decision.granted)
        self._record(work, opened, activity, wallet.id, decision.granted)
        return decision

    async def _grant(
        self, opened: OpenOp, wallet: Wallet, rule: RewardRule, kind: str, earned: Earned, amount: int
    ) -> None:
        if rule.cap_day is not None:
            await store.count_to_cap(opened.db, wallet.id, kind, earned.day, amount, rule.cap_day)
        opened.sheet.count_earning(
            wallet.id, day=earned.day, day_used=earned.today + amount, week_used=earned.week + amount
        )
        opened.sheet.move(system(SystemAccount.ACTIVITY), main_of(wallet.id), amount, kind, day=earned.day)

    def _record(self, work: UnitOfWork, opened: OpenOp, activity: Activity, wallet_id: int, amount: int) -> None:
        wallet = opened.sheet.wallets[wallet_id]
        by_source = {"main": wallet.main_available}
        for lot in opened.sheet.spendable_lots(wallet_id):
            by_source[lot.source] = by_source.get(lot.source, 0) + lot.available
        balance = self._balance(wallet, by_source)
        work.record(RewardGranted(activity.actor, opened.id, activity.kind, amount, balance.balance, opened.now))
        work.record(WalletChanged(activity.actor, balance))

    async def _wallet(self, db: Connection, account_id: int) -> Wallet:
        found = await ledger_store.wallet(db, account_id)
        return found or Wallet(0, account_id, 0, 0, 0, 1, 0, 0, 0, 0)

    async def _earned(self, db: Connection, wallet: Wallet, activity: str, today: int) -> Earned:
        day = rules.window_day(wallet.earn_day, today)
        same_day = day == wallet.earn_day
        same_week = rules.week_of(day) == rules.week_of(wallet.earn_day)
        return Earned(
            day=day,
            activity_day=await store.cap_used(db, wallet.id, activity, day),
            today=wallet.earn_day_used if same_day else 0,
            week=wallet.earn_week_used if same_week else 0,
        )

    def _balance(self, wallet: Wallet, by_source: dict[str, int]) -> Balance:
        spendable = sum(by_source.values())
        tier, next_tier = rules.tier_at(self._policy, spendable - by_source.get(ALLOWANCE_SOURCE, 0))
        today = self._calendar.day(self._clock.now_ms())
        day = rules.window_day(wallet.earn_day, today)
        same_week = rules.week_of(day) == rules.week_of(wallet.earn_day)
        return Balance(
            account_id=wallet.owner_id,
            balance=spendable,
            held=wallet.held,
            by_source=by_source,
            tier=tier,
            next_tier=next_tier,
            today=Window(wallet.earn_day_used if day == wallet.earn_day else 0, self._policy.day_cap),
            week=Window(wallet.earn_week_used if same_week else 0, self._policy.week_cap),
            token=self._policy.token,
            symbol=self._policy.symbol,
        )
