"""Refusals of this room."""

from __future__ import annotations

from app.core.errors import Conflict


class NoAllowance(Conflict):
    code = "no_allowance"
    title = "The policy has no daily allowance"
