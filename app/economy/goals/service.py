"""Use cases of the room: show how far somebody is, and pay what they have reached."""

from __future__ import annotations

from app.core.clock import Calendar, Clock
from app.core.money import AMOUNT_MAX
from app.economy.earning.model import Activity
from app.economy.earning.service import Economy
from app.economy.earning.standing import Standings
from app.economy.goals import policy as goals
from app.economy.goals import store
from app.economy.goals.errors import GoalClaimedAlready, NoSuchGoal, NotReached
from app.economy.goals.model import Counted, GoalClaimed, Progress
from app.economy.ledger.errors import BalanceTooLarge
from app.economy.ledger.model import JsonObject, OpRequest, Outcome, Wallet
from app.economy.ledger.open_op import OpenOp
from app.economy.ledger.service import Ledger
from app.economy.rules import policy as rules
from app.economy.rules.model import Goal
from app.economy.rules.service import Rulebook
from app.infra.database import Connection
from app.infra.unit_of_work import UnitOfWork

CLAIM = "goal_claim"


class Goals:
    """Achievements (once ever) and quests (once a day or an ISO week), as the policy lists them."""

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

    def all(self) -> tuple[Goal, ...]:
        """Every goal of the policy in force."""
        return self._rulebook.policy().goals

    async def progress(self, db: Connection, account_id: int) -> list[Progress]:
        """How far a person is with each goal, in the windows that run now."""
        wallet = await self._standings.wallet(db, account_id)
        day = rules.window_day(wallet.earn_day, self._calendar.day(self._clock.now_ms()))
        claimed = await store.claims(db, wallet.id)
        would_grant = await self._would_grant(db, account_id)
        counts: dict[int, Counted] = {}
        shown = []
        for goal in self.all():
            first = goals.first_day(goal, day)
            if first not in counts:
                counts[first] = await store.counted(db, wallet.id, first)
            reached = goals.progress(goal, counts[first], wallet.streak_best)
            at = claimed.get(goals.subject_of(goal, day))
            shown.append(Progress(goal, reached, at, would_grant[goal.id]))
        return shown

    async def claim(
        self, work: UnitOfWork, account_id: int, goal_id: str, key: str
    ) -> tuple[Outcome, GoalClaimed | None]:
        """Pay what a goal promises, cut to what the caps leave, once in its window.

        Refused, as an outcome, with `NoSuchGoal`, `NotReached` and `GoalClaimedAlready`. Raises `BalanceTooLarge`,
        and nothing is stored: it can be claimed when there is room again.
        """
        op = OpRequest(f"goal.{account_id}", key, CLAIM, account_id, {"goal": goal_id}, self._rulebook.policy().version)

        async def body(opened: OpenOp) -> JsonObject:
            goal = next((goal for goal in self.all() if goal.id == goal_id), None)
            if goal is None:
                raise NoSuchGoal(f"There is no achievement {goal_id!r}")
            (wallet,) = await opened.lock(account_id)
            subject = await self._check(opened, wallet, goal)
            return {"activity": goals.activity_of(goal), "subject": subject, "reward": goal.reward}

        outcome = await self._ledger.apply(work, op, body)
        if outcome.refusal is not None:
            return outcome, None
        kind, subject = outcome.result["activity"], outcome.result["subject"]
        activity = Activity(
            kind,
            account_id,
            self._clock.now_ms(),
            key=f"{account_id}:{subject}",
            subject=subject,
            amount=outcome.result["reward"],
        )
        if not outcome.replayed:
            await self._economy.reward_activity(work, activity)
        rewarded = await self._economy.rewarded(work.db, kind, activity.key)
        assert rewarded is not None, "a policy with goals rewards them"
        if rewarded.decision.withheld == "balance_full":
            raise BalanceTooLarge(limit=AMOUNT_MAX)
        return outcome, GoalClaimed(goal_id, rewarded.op_id, rewarded.decision.granted)

    async def _check(self, opened: OpenOp, wallet: Wallet, goal: Goal) -> str:
        """What is claimed. Under the lock of the wallet, so that of two devices one is second."""
        day = rules.window_day(wallet.earn_day, opened.day)
        subject = goals.subject_of(goal, day)
        if subject in await store.claims(opened.db, wallet.id):
            raise GoalClaimedAlready(f"{goal.titles['en']}: claimed already")
        counted = await store.counted(opened.db, wallet.id, goals.first_day(goal, day))
        reached = goals.progress(goal, counted, wallet.streak_best)
        if reached < goal.count:
            raise NotReached(f"{goal.titles['en']}: {reached} of {goal.count}", progress=reached, count=goal.count)
        return subject

    async def _would_grant(self, db: Connection, account_id: int) -> dict[str, int]:
        """What the caps leave of each goal's reward right now, by the goal's id."""
        left: dict[str, int] = {}
        for kind in {goals.activity_of(goal) for goal in self.all()}:
            its = [goal for goal in self.all() if goals.activity_of(goal) == kind]
            decisions = await self._economy.preview(db, account_id, kind, [goal.reward for goal in its])
            left |= {goal.id: decision.granted for goal, decision in zip(its, decisions, strict=True)}
        return left
