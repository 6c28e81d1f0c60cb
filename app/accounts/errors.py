"""Refusals of this room."""

from __future__ import annotations

from app.core.errors import Conflict, Forbidden, Gone, Invalid, Unauthenticated


class BadCredentials(Unauthenticated):
    """Deliberately the same for an unknown name and for a wrong password."""

    code = "bad_credentials"
    title = "The username or the password is wrong"


class UsernameTaken(Conflict):
    code = "username_taken"
    title = "This name, or one that looks like it, is taken"


class UsernameNotAllowed(Invalid):
    code = "username_not_allowed"
    title = "This name cannot be used"


class PasswordNotAllowed(Invalid):
    code = "password_not_allowed"
    title = "This password cannot be used"


class RegistrationClosed(Forbidden):
    code = "registration_closed"
    title = "Registration is closed here"


class InviteRequired(Forbidden):
    code = "invite_required"
    title = "Registration needs an invitation"


class InviteInvalid(Forbidden):
    code = "invite_invalid"
    title = "This invitation is unknown, used up or expired"


class SetupLinkUsed(Gone):
    code = "setup_link_used"
    title = "This link is no longer valid"
