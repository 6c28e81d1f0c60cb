"""HTTP operations of this room. People read their own money; administrators read everybody's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import WithJsonSchema

from app.core.actor import Actor
from app.core.errors import Forbidden
from app.economy.earning.errors import NoSuchReward, NotAnActivity
from app.economy.earning.schemas import Balance, CapCheck, CheckingCap, Explanation, Statement, StatementQuery
from app.economy.earning.service import Economy
from app.infra.database import Connection
from app.infra.http import Operation
from app.infra.wire import Id

WhoseMoney = Annotated[
    Id | Literal["me"],
    WithJsonSchema({"type": "string", "pattern": "^([0-9]{1,19}|me)$", "description": "An id, or me"}),
]


class EconomyEndpoints:
    """Balances, statements and explanations."""

    def __init__(self, economy: Economy) -> None:
        self._economy = economy

    def operations(self) -> list[Operation]:
        tag = "tokens"
        return [
            Operation("GET", "/api/tokens/balance/{account_id}", self.token_balance, errors=(Forbidden,), tag=tag),
            Operation("GET", "/api/tokens/history/{account_id}", self.token_history, errors=(Forbidden,), tag=tag),
            Operation("GET", "/api/tokens/explain/{op_id}", self.explain_reward, errors=(NoSuchReward,), tag=tag),
            Operation("POST", "/api/tokens/check-cap", self.check_cap, errors=(NotAnActivity,), tag=tag),
        ]

    async def token_balance(self, db: Connection, actor: Actor, account_id: WhoseMoney) -> Balance:
        """What a person has, their tier, and how much of the caps is used."""
        return Balance.of(await self._economy.balance_of(db, _readable(actor, account_id)))

    async def token_history(
        self, db: Connection, actor: Actor, account_id: WhoseMoney, query: StatementQuery
    ) -> Statement:
        """What came and went, newest first."""
        before = None if query.cursor is None else int(query.cursor)
        owner = _readable(actor, account_id)
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


def _readable(actor: Actor, account_id: int | Literal["me"]) -> int:
    if account_id in ("me", actor.id):
        return actor.id
    if not actor.is_admin or not isinstance(account_id, int):
        raise Forbidden("You can read your own tokens only")
    return account_id
