"""A batch of activities being rewarded: all that has to be known is read at once, then each is decided in its turn.

The wallets are locked, so what was read stays true, and what the batch itself has brought stands on its sheet: each
decision is the one it would be if every activity had a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.economy.earning import store
from app.economy.earning.model import Activity
from app.economy.earning.store import Claim
from app.economy.ledger.accounts import SystemAccount, main_of, system
from app.economy.ledger.model import Tally, Wallet
from app.economy.ledger.open_op import OpenOp
from app.economy.rules import policy as rules
from app.economy.rules.model import Decision, Earned, Factor, Policy, RewardRule
from app.infra.database import Connection


@dataclass(frozen=True, slots=True)
class Told:
    """An activity that is new, its rule, and the op that records what comes of it."""

    op_id: int
    activity: Activity
    rule: RewardRule

    @property
    def base(self) -> int:
        """What it is worth before factors and caps."""
        return self.rule.base(self.activity.weight, self.activity.amount)

    @property
    def own(self) -> bool:
        """Whether it is withheld because a person did it to what is their own."""
        return self.rule.not_own and self.activity.counterpart == self.activity.actor


class Batch:
    """What the decisions of one batch rest on, and what they have claimed so far."""

    def __init__(self, opened: OpenOp, policy: Policy, factors_of: Callable[[Wallet, int], tuple[Factor, ...]]) -> None:
        """`factors_of` gives the multipliers of a wallet on a day."""
        self._opened = opened
        self._policy = policy
        self._factors_of = factors_of
        self._wallet_of: dict[int, int] = {}
        self._came: Mapping[tuple[int, str], int] = {}
        self._this_year: dict[tuple[int, str], int] = {}
        self._claimed: set[Claim] = set()
        self._new_claims: dict[Claim, int] = {}

    async def load(self, batch: Sequence[Told]) -> None:
        """Lock the wallets and read what was earned and claimed before."""
        db, paying = self._opened.db, [told for told in batch if not told.own]
        owners = sorted({told.activity.actor for told in paying})
        self._wallet_of = {wallet.owner_id: wallet.id for wallet in await self._opened.lock(*owners)}
        if not owners:
            return
        self._came = await store.came_on(db, [(wallet, self._day(wallet)) for wallet in self._wallet_of.values()])
        for told in paying:
            wallet_id, kind = self._wallet_of[told.activity.actor], told.activity.kind
            if (wallet_id, kind) not in self._this_year:
                self._this_year[wallet_id, kind] = await came_this_year(
                    db, told.rule, wallet_id, kind, self._day(wallet_id)
                )
        if claims := [claim for told in paying for claim in (self._once(told), self._content(told)) if claim]:
            self._claimed = await store.claimed(db, claims)

    def pay(self, told: Told) -> Decision:
        """Decide what an activity earns and post it. Raises `BalanceTooLarge`, and has then changed nothing."""
        if told.own:
            return rules.withhold(told.base, "own")
        once, content = self._once(told), self._content(told)
        if once in self._claimed:
            return rules.withhold(told.base, "already_rewarded")
        if content in self._claimed:
            self._claim(told, once)
            return rules.withhold(told.base, "duplicate")
        decision = self._decide(told)
        self._claim(told, once, content)
        return decision

    async def write_claims(self) -> None:
        """Store what was claimed."""
        if self._new_claims:
            await store.add_claims(self._opened.db, self._new_claims)

    def wallet(self, told: Told) -> Wallet:
        """The wallet of who did it, as it stands on the sheet."""
        return self._opened.sheet.wallets[self._wallet_of[told.activity.actor]]

    def _decide(self, told: Told) -> Decision:
        wallet, kind, sheet = self.wallet(told), told.activity.kind, self._opened.sheet
        day = self._day(wallet.id)

        def came(code: str) -> int:
            return self._came.get((wallet.id, code), 0) + sheet.came(wallet.id, day, code)

        this_year = self._this_year[wallet.id, kind] + sheet.came(wallet.id, day, kind)
        earned = earned_by(self._policy, told.rule, wallet, kind, day, came, this_year)
        decision = rules.decide(self._policy, told.rule, told.base, earned, self._factors_of(wallet, day))
        if decision.granted > 0:
            sheet.move(system(SystemAccount.ACTIVITY), main_of(wallet.id), decision.granted, kind, day=day)
            used, week = earned.today + decision.granted, earned.week + decision.granted
            sheet.count_earning(wallet.id, day=day, day_used=used, week_used=week)
        sheet.note(Tally(wallet.id, day, kind, done=1, came_max=told.rule.cap_day))
        return decision

    def _claim(self, told: Told, *claims: Claim | None) -> None:
        for claim in claims:
            if claim is not None:
                self._claimed.add(claim)
                self._new_claims[claim] = told.op_id

    def _once(self, told: Told) -> Claim | None:
        """What a rule that rewards once for each subject claims."""
        rule, activity = told.rule, told.activity
        if rule.once is None:
            return None
        wallet_id = self._wallet_of[activity.actor]
        subject = "" if rule.once == "ever" else activity.subject or ""
        return wallet_id, activity.kind, self._day(wallet_id) if rule.once == "day" else 0, subject

    def _content(self, told: Told) -> Claim | None:
        """What a rule that rewards equal content once a day claims."""
        activity = told.activity
        if not told.rule.distinct or activity.fingerprint is None:
            return None
        wallet_id = self._wallet_of[activity.actor]
        return wallet_id, activity.kind, self._day(wallet_id), activity.fingerprint

    def _day(self, wallet_id: int) -> int:
        return rules.window_day(self._opened.sheet.wallets[wallet_id].earn_day, self._opened.day)


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
