"""Refusals of this room."""

from __future__ import annotations

from app.core.errors import Conflict, Forbidden, NotFound


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


class ReactionLimitReached(Conflict):
    code = "reaction_limit_reached"
    title = "As many different reactions as a message can have"


class OwnMessage(Forbidden):
    code = "own_message"
    title = "One does not vote for one's own message"


class NotTheOwner(Forbidden):
    code = "not_the_owner"
    title = "Only the owner of the room may do this"


class MemberNotFound(NotFound):
    code = "member_not_found"
    title = "This person is not in the room"


class OwnerKeepsRole(Conflict):
    code = "owner_keeps_role"
    title = "The owner of a room stays its owner"
