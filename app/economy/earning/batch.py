"""A batch of activities being rewarded: all that has to be known is read at once, then each is decided in its turn.

The wallets are locked, so what was read stays true, and what the batch itself has brought stands on its sheet: each
decision is the one it would be if every activity had a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from app.core.errors import AppError
from app.economy.earning import store
from app.economy.earning.events import RewardGranted
from app.economy.earning.model import Activity
from app.economy.earning.standing import Standings
from app.economy.earning.store import Claim
from app.economy.ledger.accounts import SystemAccount, main_of, system
from app.economy.ledger.errors import BalanceTooLarge
from app.economy.ledger.model import JsonObject, OpRequest, Tally, Wallet
from app.economy.ledger.open_op import OpenOp
from app.economy.rules import policy as rules
from app.economy.rules.model import Decision, Earned, EventKind, Factor, Policy, RewardRule
from app.infra.database import Connection
from app.infra.unit_of_work import UnitOfWork


class Told(NamedTuple):
    """An activity that is new, its rule, and the op that records what comes of it."""

    op_id: int
    activity: Activity
    rule: RewardRule
    wallet_id: int
    day: int

    @property
    def base(self) -> int:
        """What it is worth before factors and caps."""
        return self.rule.base(self.activity.weight, self.activity.amount)

    @property
    def own(self) -> bool:
        """Whether it is withheld because a person did it to what is their own."""
        return self.rule.not_own and self.activity.counterpart == self.activity.actor

    @property
    def once(self) -> Claim | None:
        """What a rule that rewards once for each subject claims."""
        if self.rule.once is None:
            return None
        subject = "" if self.rule.once == "ever" else self.activity.subject or ""
        return self.wallet_id, self.activity.kind, self.day if self.rule.once == "day" else 0, subject

    @property
    def content(self) -> Claim | None:
        """What a rule that rewards equal content once a day claims."""
        if not self.rule.distinct or self.activity.fingerprint is None:
            return None
        return self.wallet_id, self.activity.kind, self.day, self.activity.fingerprint


class Batch:
    """What the decisions of one batch rest on, and what they have claimed so far."""

    def __init__(
        self,
        work: UnitOfWork,
        standings: Standings,
        policy: Policy,
        events: Sequence[EventKind],
        activities: Mapping[tuple[str, str], tuple[Activity, RewardRule]],
    ) -> None:
        """`activities` are those told of with their rules, by the name of the op that records each."""
        self._work = work
        self._standings = standings
        self._policy = policy
        self._events = events
        self._activities = activities
        self._factors: dict[tuple[int, str], tuple[Factor, ...]] = {}
        self._came: Mapping[tuple[int, str], int] = {}
        self._this_year: dict[tuple[int, str], int] = {}
        self._earned: Mapping[int, int] = {}
        self._claimed: set[Claim] = set()
        self._new_claims: dict[Claim, int] = {}
        self._opened: OpenOp
        self.decisions: dict[int, Decision] = {}
        """What was decided, by the op that records it."""

    async def decide(self, opened: OpenOp, fresh: Sequence[tuple[int, OpRequest]]) -> list[JsonObject | AppError]:
        """Decide each activity that is new and post what it earns: the body of `Ledger.apply_all`."""
        self._opened = opened
        wallet_of = {wallet.owner_id: wallet for wallet in opened.sheet.wallets.values()}
        news = []
        for op_id, op in fresh:
            wallet = wallet_of[op.actor]
            day = rules.window_day(wallet.earn_day, opened.day)
            news.append(Told(op_id, *self._activities[op.name], wallet.id, day))
        await self._load(news)
        results: list[JsonObject | AppError] = []
        for told in news:
            opened.sheet.op_id = told.op_id
            try:
                decision = self._pay(told)
            except BalanceTooLarge as refusal:
                results.append(refusal)
            else:
                self.decisions[told.op_id] = decision
                results.append({"activity": told.activity.kind, **decision.to_json()})
        return results

    async def write_claims(self) -> None:
        """Store what was claimed, once the ops that claimed it are stored."""
        if self._new_claims:
            await store.add_claims(self._work.db, self._new_claims)

    async def _load(self, news: Sequence[Told]) -> None:
        """Read what was earned and claimed before."""
        db, paying = self._work.db, [told for told in news if not told.own]
        if not paying:
            return
        days = {told.wallet_id: told.day for told in paying}
        self._earned = await self._standings.earned(db, self._policy, list(days))
        self._came = await store.came_on(db, list(days.items()))
        for told in paying:
            key = told.wallet_id, told.activity.kind
            if key not in self._this_year:
                self._this_year[key] = await came_this_year(db, told.rule, *key, told.day)
        if claims := [claim for told in paying for claim in (told.once, told.content) if claim]:
            self._claimed = await store.claimed(db, claims)

    def _pay(self, told: Told) -> Decision:
        """Decide what an activity earns and post it. Raises `BalanceTooLarge`, and has then changed nothing."""
        if told.own:
            return rules.withhold(told.base, "own")
        once, content = told.once, told.content
        if once in self._claimed:
            return rules.withhold(told.base, "already_rewarded")
        if content in self._claimed:
            self._claim(told, once)
            return rules.withhold(told.base, "duplicate")
        decision = self._earn(told)
        self._claim(told, once, content)
        return decision

    def _earn(self, told: Told) -> Decision:
        sheet, kind, day = self._opened.sheet, told.activity.kind, told.day
        wallet = sheet.wallets[told.wallet_id]

        def came(code: str) -> int:
            return self._came.get((wallet.id, code), 0) + sheet.came(wallet.id, day, code)

        this_year = self._this_year[wallet.id, kind] + sheet.came(wallet.id, day, kind)
        earned = earned_by(self._policy, told.rule, wallet, kind, day, came, this_year)
        decision = rules.decide(self._policy, told.rule, told.base, earned, self._factors_of(wallet, day))
        cap = None
        if decision.granted > 0:
            cap = told.rule.cap_day
            sheet.move(system(SystemAccount.ACTIVITY), main_of(wallet.id), decision.granted, kind, day=day)
            used, week = earned.today + decision.granted, earned.week + decision.granted
            sheet.count_earning(wallet.id, day=day, day_used=used, week_used=week)
            self._tell(told, sheet.wallets[wallet.id], decision.granted)
        # A rule that was made stricter today holds for what comes from now on, not for what has come.
        sheet.note(Tally(wallet.id, day, kind, done=1, came_max=cap))
        return decision

    def _factors_of(self, wallet: Wallet, day: int) -> tuple[Factor, ...]:
        streak = rules.streak_on(day, wallet.streak_day, wallet.streak_days)
        known = self._factors.get((streak, wallet.tier))
        if known is None:
            known = rules.factors_of(self._policy, streak=streak, tier=wallet.tier, events=self._events)
            self._factors[streak, wallet.tier] = known
        return known

    def _tell(self, told: Told, wallet: Wallet, granted: int) -> None:
        """Tell of a reward, and of the tier it brought: the next one is multiplied by it."""
        fact = RewardGranted(
            wallet.owner_id, told.op_id, told.activity.kind, granted, wallet.available, self._opened.now
        )
        self._work.record(fact)
        self._standings.place(self._work, self._opened, self._policy, wallet.id, self._earned)

    def _claim(self, told: Told, *claims: Claim | None) -> None:
        for claim in claims:
            if claim is not None:
                self._claimed.add(claim)
                self._new_claims[claim] = told.op_id


def earned_by(
    policy: Policy,
    rule: RewardRule,
    wallet: Wallet,
    kind: str,
    day: int,
    came: Callable[[str], int],
    this_year: int,
) -> Earned:
    """What fills the caps of a reward: `came` tells what a code brought on `day`, `this_year` what this kind did."""
    same_day = day == wallet.earn_day
    same_week = rules.week_of(day) == rules.week_of(wallet.earn_day)
    return Earned(
        day=day,
        activity_day=came(kind),
        shared_day=sum(came(other) for other in rules.sharers(policy, rule, kind)),
        activity_year=this_year,
        today=wallet.earn_day_used if same_day else 0,
        week=wallet.earn_week_used if same_week else 0,
    )


async def came_this_year(db: Connection, rule: RewardRule, wallet_id: int, kind: str, day: int) -> int:
    """What this kind brought in the year of `day`, if its rule asks for it."""
    if rule.cap_year is None:
        return 0
    return await store.came_since(db, wallet_id, kind, rules.first_of_year(day))
