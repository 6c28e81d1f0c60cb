"""Facts of this room."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.events import Fact


@dataclass(frozen=True, slots=True)
class GiftSent(Fact):
    """Somebody gave `amount` to somebody else, in the room `room_id` if there is one."""

    op_id: int
    sender: int
    sender_name: str
    recipient: int
    recipient_name: str
    amount: int
    symbol: str
    note: str | None
    room_id: int | None
    at: int
