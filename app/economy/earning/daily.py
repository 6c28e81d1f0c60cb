"""The daily reward: claimed once a day, it lengthens the streak, and brings what streaks and active months bring."""

from __future__ import annotations

from app.core.clock import Calendar, Clock
from app.economy.earning import store
from app.economy.earning.errors import AlreadyClaimed, NothingToClaim
from app.economy.earning.events import NewcomerActive
from app.economy.earning.model import Activity, Claimed, Rewarded, Streak
from app.economy.earning.service import Economy
from app.economy.earning.standing import Standings
from app.economy.ledger.model import JsonObject, OpRequest, Outcome
from app.economy.ledger.open_op import OpenOp
from app.economy.ledger.service import Ledger
from app.economy.rules import policy as rules
from app.economy.rules.model import ONE
from app.economy.rules.service import Rulebook
from app.infra.database import Connection
from app.infra.unit_of_work import UnitOfWork

DAILY = "daily_login"
WEEKLY = "weekly_streak"
MONTHLY = "monthly_active"
BROUGHT = (DAILY, WEEKLY, MONTHLY)
"""What a claim may bring, in this order."""

CLAIM = "daily_claim"
STREAK_WEEK = 7
"""A weekly streak is paid every so many days of a streak."""


class DailyReward:
    """Claims, and the calendar of them."""

    def __init__(
        self,
        economy: Economy,
        ledger: Ledger,
        rulebook: Rulebook,
        standings: Standings,
        calendar: Calendar,
        clock: Clock,
    ) -> None:
        self._economy = economy
        self._ledger = ledger
        self._rulebook = rulebook
        self._standings = standings
        self._calendar = calendar
        self._clock = clock

    async def claim(self, work: UnitOfWork, account_id: int, key: str) -> tuple[Outcome, Claimed | None]:
        """Claim today's reward. Refused with `AlreadyClaimed` and `NothingToClaim`, as an outcome.

        A node whose clock is behind refuses what another node has given already: a day never opens again.
        """
        op = OpRequest(f"claim.{account_id}", key, CLAIM, account_id, {}, self._rulebook.policy().version)

        async def body(opened: OpenOp) -> JsonObject:
            if DAILY not in self._rulebook.policy().rewards:
                raise NothingToClaim
            (wallet,) = await opened.lock(account_id)
            if wallet.streak_days > 0 and wallet.streak_day >= opened.day:
                raise AlreadyClaimed("Today's reward is claimed", next_at=self._calendar.next_day_ms(opened.now))
            days = rules.streak_on(opened.day, wallet.streak_day, wallet.streak_days) + 1
            opened.sheet.count_streak(wallet.id, day=opened.day, days=days)
            return {"day": opened.day, "streak_days": days}

        outcome = await self._ledger.apply(work, op, body)
        if outcome.refusal is not None:
            return outcome, None
        day, streak = outcome.result["day"], outcome.result["streak_days"]
        if outcome.replayed:
            rewards = await self._rewarded(work.db, account_id, day)
        else:
            rewards = await self._rewards(work, account_id, day, streak)
        return outcome, Claimed(day, streak, rewards, self._calendar.next_day_ms(self._clock.now_ms()))

    async def streak(self, db: Connection, account_id: int) -> Streak:
        """How the person's streak stands, and the days of this and last month on which they claimed."""
        wallet, now = await self._standings.wallet(db, account_id), self._clock.now_ms()
        today = rules.window_day(wallet.streak_day, self._calendar.day(now))
        days = rules.streak_on(today, wallet.streak_day, wallet.streak_days)
        claimed_today = wallet.streak_days > 0 and wallet.streak_day == today
        steps = self._rulebook.policy().multipliers.streak
        since = rules.first_of_month(rules.first_of_month(today) - 1)
        return Streak(
            days=days,
            best=wallet.streak_best,
            today=today,
            claimable=not claimed_today and DAILY in self._rulebook.policy().rewards,
            next_at=self._calendar.next_day_ms(now),
            claimed=await store.days_done(db, wallet.id, DAILY, since, today),
            factor=max((factor for least, factor in steps if least <= days), default=ONE),
            next_factor=next(((least, factor) for least, factor in steps if least > days), None),
        )

    async def _rewards(self, work: UnitOfWork, account_id: int, day: int, streak: int) -> list[tuple[str, Rewarded]]:
        """The rewards of a claim: each an op of its own, so that each can be explained."""
        now, key = self._clock.now_ms(), _key(account_id, day)
        told = [Activity(DAILY, account_id, now, key)]
        if streak % STREAK_WEEK == 0:
            told.append(Activity(WEEKLY, account_id, now, key, subject=str(rules.week_of(day))))
        rewards: list[tuple[str, Rewarded]] = []
        for activity in told:
            await self._reward(work, activity, rewards)
        wallet = await self._standings.wallet(work.db, account_id)
        month = rules.month_of(day)
        active = len(await store.days_done(work.db, wallet.id, None, rules.first_of_month(day), day))
        await self._reward(work, Activity(MONTHLY, account_id, now, key, subject=str(month), reached=active), rewards)
        if await store.has_done(work.db, wallet.id, "send_message"):
            inviter = await store.settle_referral(work.db, account_id, now)
            if inviter is not None:
                work.record(NewcomerActive(account_id, inviter, now))
        return rewards

    async def _rewarded(self, db: Connection, account_id: int, day: int) -> list[tuple[str, Rewarded]]:
        """The rewards that the claim of a day brought, whatever the policy is by now."""
        found = [(kind, await self._economy.rewarded(db, kind, _key(account_id, day))) for kind in BROUGHT]
        return [(kind, its) for kind, its in found if its is not None and its.decision.withheld is None]

    async def _reward(self, work: UnitOfWork, activity: Activity, into: list[tuple[str, Rewarded]]) -> None:
        rewarded = await self._economy.reward_activity(work, activity)
        if rewarded is not None and rewarded.decision.withheld is None:
            into.append((activity.kind, rewarded))


def _key(account_id: int, day: int) -> str:
    """Under which the rewards of a day's claim are told: a later claim of the same week or month tells them anew."""
    return f"{account_id}:{day}"
