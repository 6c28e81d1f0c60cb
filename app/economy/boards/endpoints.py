"""HTTP operations of this room."""

from __future__ import annotations

from app.core.actor import Actor
from app.economy.boards.schemas import Board, BoardQuery, Showing
from app.economy.boards.service import Boards
from app.infra.database import Connection
from app.infra.http import Operation
from app.infra.unit_of_work import UnitOfWork


class BoardEndpoints:
    """The leaderboards."""

    def __init__(self, boards: Boards) -> None:
        self._boards = boards

    def operations(self) -> list[Operation]:
        tag = "leaderboard"
        return [
            Operation("GET", "/api/leaderboard/tokens", self.leaderboard, tag=tag),
            Operation("PUT", "/api/leaderboard/me", self.show_me_on_boards, tag=tag),
        ]

    async def leaderboard(self, db: Connection, actor: Actor, query: BoardQuery) -> Board:
        """Who earned, has or gave most; and where one stands oneself."""
        board = await self._boards.board(db, actor.id, query.by, query.window, query.limit)
        return Board.of(board, actor.id)

    async def show_me_on_boards(self, work: UnitOfWork, actor: Actor, body: Showing) -> Showing:
        """Choose whether others see one on the leaderboards."""
        await self._boards.choose(work, actor.id, shown=body.shown)
        return body
