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

DAILY, WEEKLY, MONTHLY = "daily_login", "weekly_streak", "monthly_active"
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
                raise AlreadyClaimed("Today's reward is claimed", next_at=self._next_at(wallet.streak_day, opened.now))
            days = rules.streak_on(opened.day, wallet.streak_day, wallet.streak_days) + 1
            opened.sheet.count_streak(wallet.id, day=opened.day, days=days)
            return {"day": opened.day, "streak_days": days, "next_at": self._next_at(opened.day, opened.now)}

        outcome = await self._ledger.apply(work, op, body)
        if outcome.refusal is not None:
            return outcome, None
        day, streak = outcome.result["day"], outcome.result["streak_days"]
        if not outcome.replayed:
            await self._reward(work, account_id, day, streak)
            await self._settle_referral(work, account_id)
        return outcome, Claimed(day, streak, await self._brought(work.db, account_id, day), outcome.result["next_at"])

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
            next_at=self._next_at(today, now),
            claimed=await store.days_done(db, wallet.id, DAILY, since, today),
            factor=max((factor for least, factor in steps if least <= days), default=ONE),
            next_factor=next(((least, factor) for least, factor in steps if least > days), None),
        )

    async def _reward(self, work: UnitOfWork, account_id: int, day: int, streak: int) -> None:
        """Tell of what a claim may bring: each an op of its own, so that each can be explained."""
        now, key = self._clock.now_ms(), _key(account_id, day)
        await self._economy.reward_activity(work, Activity(DAILY, account_id, now, key, subject=str(day)))
        if streak % STREAK_WEEK == 0:
            week = str(rules.week_of(day))
            await self._economy.reward_activity(work, Activity(WEEKLY, account_id, now, key, subject=week))
        wallet = await self._standings.wallet(work.db, account_id)
        active = len(await store.days_done(work.db, wallet.id, None, rules.first_of_month(day), day))
        month = str(rules.month_of(day))
        await self._economy.reward_activity(
            work, Activity(MONTHLY, account_id, now, key, subject=month, reached=active)
        )

    async def _brought(self, db: Connection, account_id: int, day: int) -> list[tuple[str, Rewarded]]:
        """The rewards of a day's claim, as they were recorded: the same whenever it is asked again."""
        key = _key(account_id, day)
        told = [(kind, await self._economy.rewarded(db, kind, key)) for kind in (DAILY, WEEKLY, MONTHLY)]
        return [(kind, its) for kind, its in told if its is not None and its.decision.withheld is None]

    async def _settle_referral(self, work: UnitOfWork, account_id: int) -> None:
        """Tell that somebody who was invited has become active: they have written, and come back for their reward."""
        wallet = await self._standings.wallet(work.db, account_id)
        if not await store.has_done(work.db, wallet.id, "send_message"):
            return
        now = self._clock.now_ms()
        inviter = await store.settle_referral(work.db, account_id, now)
        if inviter is not None:
            work.record(NewcomerActive(account_id, inviter, now))

    def _next_at(self, day: int, now: int) -> int:
        """When the day after `day` begins; `day` is today, or tomorrow to a clock that is behind."""
        tomorrow = self._calendar.next_day_ms(now)
        return tomorrow if day <= self._calendar.day(now) else self._calendar.next_day_ms(tomorrow)


def _key(account_id: int, day: int) -> str:
    """Under which the rewards of a claim are told."""
    return f"{account_id}:{day}"
