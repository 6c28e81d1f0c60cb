"""Wire shapes of this room."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.economy.goals import model
from app.economy.rules.model import GoalWindow
from app.economy.rules.schemas import GoalRule
from app.infra.wire import Amount, Id, Moment, Schema


class GoalList(Schema):
    """Everything there is to reach: achievements once ever, quests once a day or an ISO week."""

    goals: list[GoalRule]


class Progress(Schema):
    """How far somebody is. `would_grant` is what the caps leave of the reward if it were claimed now."""

    id: str
    window: GoalWindow
    titles: dict[str, str]
    count: int
    progress: int
    reward: Amount
    reached: bool
    claimable: bool
    claimed_at: Moment | None
    would_grant: Amount

    @classmethod
    def of(cls, progress: model.Progress) -> Progress:
        goal = progress.goal
        return cls(
            id=goal.id,
            window=goal.window,
            titles=dict(goal.titles),
            count=goal.count,
            progress=min(progress.progress, goal.count),
            reward=goal.reward,
            reached=progress.reached,
            claimable=progress.claimable,
            claimed_at=progress.claimed_at,
            would_grant=progress.would_grant,
        )


class ProgressList(Schema):
    """A person's progress with every goal."""

    user_id: Id
    goals: list[Progress]


class ClaimingGoal(Schema):
    """Which goal to claim."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]


class GoalClaimed(Schema):
    """A bonus that was paid."""

    id: str
    op_id: Id
    granted: Amount
    balance: Amount
