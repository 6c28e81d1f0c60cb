"""Refusals of this room."""

from __future__ import annotations

from app.core.errors import Conflict, Forbidden


class NotAMember(Forbidden):
    code = "not_a_member"
    title = "Join the room first"


class ClientIdReused(Conflict):
    code = "client_id_reused"
    title = "This client_id was used for something else"


class RoomLimitReached(Conflict):
    code = "room_limit_reached"
    title = "No more rooms of one's own"


class MembershipLimitReached(Conflict):
    code = "membership_limit_reached"
    title = "In as many rooms as one can be"
