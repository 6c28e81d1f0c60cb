"""HTTP operations of this room."""

from __future__ import annotations

from app.core.actor import Actor
from app.core.errors import Forbidden
from app.economy.earning.endpoints import WhoseMoney, readable
from app.economy.earning.service import Economy
from app.economy.goals.errors import GoalClaimedAlready, NoSuchGoal, NotReached
from app.economy.goals.schemas import ClaimingGoal, GoalClaimed, GoalList, Progress, ProgressList
from app.economy.goals.service import Goals
from app.economy.ledger.errors import BalanceTooLarge
from app.economy.rules.schemas import GoalRule
from app.infra.database import Connection
from app.infra.http import IdempotencyKey, Operation, Refused
from app.infra.unit_of_work import UnitOfWork


class GoalEndpoints:
    """Achievements and quests."""

    def __init__(self, goals: Goals, economy: Economy) -> None:
        self._goals = goals
        self._economy = economy

    def operations(self) -> list[Operation]:
        tag, claiming = "achievements", (NoSuchGoal, NotReached, GoalClaimedAlready, BalanceTooLarge)
        return [
            Operation("GET", "/api/achievements/list", self.list_goals, tag=tag),
            Operation("GET", "/api/achievements/user/{account_id}", self.goal_progress, errors=(Forbidden,), tag=tag),
            Operation("POST", "/api/achievements/claim", self.claim_goal, errors=claiming, tag=tag),
        ]

    async def list_goals(self, actor: Actor) -> GoalList:
        """Everything there is to reach, and what it pays."""
        return GoalList(goals=[GoalRule.of(goal) for goal in self._goals.all()])

    async def goal_progress(self, db: Connection, actor: Actor, account_id: WhoseMoney) -> ProgressList:
        """How far a person is with every goal, and what can be claimed."""
        owner = readable(actor, account_id)
        shown = await self._goals.progress(db, owner)
        return ProgressList(user_id=owner, goals=[Progress.of(progress) for progress in shown])

    async def claim_goal(
        self, work: UnitOfWork, actor: Actor, body: ClaimingGoal, key: IdempotencyKey
    ) -> GoalClaimed | Refused:
        """Claim what a goal that was reached pays. Once, on whatever device."""
        outcome, claimed = await self._goals.claim(work, actor.id, body.id, key)
        if claimed is None:
            assert outcome.refusal is not None
            return Refused(outcome.refusal)
        balance = (await self._economy.balance_of(work.db, actor.id)).balance
        return GoalClaimed(id=claimed.goal_id, op_id=claimed.op_id, granted=claimed.granted, balance=balance)
