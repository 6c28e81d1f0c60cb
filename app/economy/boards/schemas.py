"""Wire shapes of this room."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from app.accounts.schemas import Author
from app.economy.boards import model
from app.economy.boards.model import Measure, Span
from app.economy.boards.service import PLACES_MAX
from app.infra.wire import Amount, Schema


class BoardQuery(Schema):
    """Which board: what is measured, and since when. What people have is measured now, whatever the window."""

    by: Measure = "earned"
    window: Span = "week"
    limit: Annotated[int, Field(ge=1, le=PLACES_MAX)] = 20


class Place(Schema):
    """Somebody's place. Equal amounts share a rank."""

    rank: int
    user: Author
    tier: str
    amount: Amount
    me: bool


class Own(Schema):
    """One's own place, whether others see it or not."""

    rank: int | None
    amount: Amount
    shown: bool


class Board(Schema):
    """The top of a board and one's own place. `since` is null for all time and for balances."""

    by: Measure
    window: Span
    since: date | None
    entries: list[Place]
    me: Own

    @classmethod
    def of(cls, board: model.Board, account_id: int) -> Board:
        return cls(
            by=board.measure,
            window=board.span,
            since=None if board.first_day is None else date.fromordinal(board.first_day),
            entries=[
                Place(
                    rank=place.rank,
                    user=Author(id=place.account_id, username=place.username),
                    tier=place.tier,
                    amount=place.amount,
                    me=place.account_id == account_id,
                )
                for place in board.places
            ],
            me=Own(rank=board.own.rank, amount=board.own.amount, shown=board.own.shown),
        )


class Showing(Schema):
    """Whether one is shown on the boards."""

    shown: bool
