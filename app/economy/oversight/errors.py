"""Refusals of the oversight."""

from __future__ import annotations

from app.core.errors import Conflict


class AuditRunning(Conflict):
    code = "audit_running"
    title = "An audit is running already"
    retry = True
