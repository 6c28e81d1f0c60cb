"""HTTP operations of this room. People read their own money; administrators read everybody's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import WithJsonSchema

from app.core.actor import Actor
from app.core.errors import Forbidden, NotFound
from app.economy.earning.daily import DailyReward
from app.economy.earning.errors import AlreadyClaimed, NoSuchReward, NotAnActivity, NothingToClaim
from app.economy.earning.schemas import (
    Awarded,
    Awarding,
    Balance,
    CapCheck,
    CheckingCap,
    DailyClaim,
    Explanation,
    Statement,
    StatementQuery,
    Streak,
    TierStanding,
)
from app.economy.earning.service import Economy
from app.economy.earning.standing import Standings
from app.economy.ledger.errors import BalanceTooLarge
from app.economy.rules.service import Rulebook
from app.infra.database import Connection
from app.infra.http import IdempotencyKey, Operation, Refused
from app.infra.unit_of_work import UnitOfWork
from app.infra.wire import Id

WhoseMoney = Annotated[
    Id | Literal["me"],
    WithJsonSchema({"type": "string", "pattern": "^([0-9]{1,19}|me)$", "description": "An id, or me"}),
]


class EconomyEndpoints:
    """Balances, statements, explanations, tiers, the daily reward and awards."""

    def __init__(self, economy: Economy, daily: DailyReward, standings: Standings, rulebook: Rulebook) -> None:
        self._economy = economy
        self._daily = daily
        self._standings = standings
        self._rulebook = rulebook

    def operations(self) -> list[Operation]:
        tag = "tokens"
        claiming = (AlreadyClaimed, NothingToClaim)
        return [
            Operation("GET", "/api/tokens/balance/{account_id}", self.token_balance, errors=(Forbidden,), tag=tag),
            Operation("GET", "/api/tokens/history/{account_id}", self.token_history, errors=(Forbidden,), tag=tag),
            Operation("GET", "/api/tokens/tier/{account_id}", self.token_tier, errors=(Forbidden,), tag=tag),
            Operation("GET", "/api/tokens/streak/{account_id}", self.token_streak, errors=(Forbidden,), tag=tag),
            Operation("GET", "/api/tokens/explain/{op_id}", self.explain_reward, errors=(NoSuchReward,), tag=tag),
            Operation("POST", "/api/tokens/check-cap", self.check_cap, errors=(NotAnActivity,), tag=tag),
            Operation("POST", "/api/tokens/claim-daily", self.claim_daily, errors=claiming, tag=tag),
            Operation("POST", "/api/tokens/award", self.award, errors=(BalanceTooLarge, NotFound), admin=True, tag=tag),
        ]

    async def token_tier(self, db: Connection, actor: Actor, account_id: WhoseMoney) -> TierStanding:
        """The tier a person holds, what it allows, and how far the next one is."""
        owner = readable(actor, account_id)
        standing = await self._standings.standing_of(db, owner)
        return TierStanding.of(owner, standing, self._rulebook.policy().tiers)

    async def token_streak(self, db: Connection, actor: Actor, account_id: WhoseMoney) -> Streak:
        """How long the streak is, when it was claimed, and what it multiplies."""
        return Streak.of(await self._daily.streak(db, readable(actor, account_id)))

    async def claim_daily(self, work: UnitOfWork, actor: Actor, key: IdempotencyKey) -> DailyClaim | Refused:
        """Claim today's reward, and with it what the streak and the month bring. Once a day, on whatever device."""
        outcome, claimed = await self._daily.claim(work, actor.id, key)
        if claimed is None:
            assert outcome.refusal is not None
            return Refused(outcome.refusal)
        return DailyClaim.of(claimed)

    async def award(self, work: UnitOfWork, actor: Actor, body: Awarding, key: IdempotencyKey) -> Awarded | Refused:
        """Give somebody tokens. Administrators only; the reason is kept."""
        outcome = await self._economy.award(
            work, admin_id=actor.id, account_id=body.user_id, amount=body.amount, reason=body.reason, key=key
        )
        if outcome.refusal is not None:
            return Refused(outcome.refusal)
        return Awarded(op_id=outcome.op_id, user_id=body.user_id, amount=body.amount)

    async def token_balance(self, db: Connection, actor: Actor, account_id: WhoseMoney) -> Balance:
        """What a person has, their tier, and how much of the caps is used."""
        return Balance.of(await self._economy.balance_of(db, readable(actor, account_id)))

    async def token_history(
        self, db: Connection, actor: Actor, account_id: WhoseMoney, query: StatementQuery
    ) -> Statement:
        """What came and went, newest first."""
        before = None if query.cursor is None else int(query.cursor)
        owner = readable(actor, account_id)
        return Statement.of(await self._economy.statement(db, owner, before=before, limit=query.limit))

    async def explain_reward(self, db: Connection, actor: Actor, op_id: Id) -> Explanation:
        """Why a reward was what it was: the rule, the caps, and what they left of it."""
        explanation = await self._economy.explain(db, op_id)
        if explanation.account_id != actor.id and not actor.is_admin:
            # Not "forbidden": that somebody was rewarded is theirs to know.
            raise NoSuchReward
        return Explanation.of(explanation)

    async def check_cap(self, db: Connection, actor: Actor, body: CheckingCap) -> CapCheck:
        """What an activity would earn right now."""
        return CapCheck.of(await self._economy.check_cap(db, actor.id, body.activity))


def readable(actor: Actor, account_id: int | Literal["me"]) -> int:
    """Whose money is asked for; raises `Forbidden` when it is not the actor's own, and they do not administer."""
    if account_id in ("me", actor.id):
        return actor.id
    if not actor.is_admin or not isinstance(account_id, int):
        raise Forbidden("You can read your own tokens only")
    return account_id
