"""Logs and metrics. One correlation id follows a command from its edge to the reward it causes.

Logged are facts about the work: names, ids, durations, refusal codes. Never message text, tokens, PINs or passwords.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_CORRELATION_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


def configure_logging(level: str, *, pretty: bool) -> None:
    """JSON lines to standard error, or coloured lines for a person at a terminal.

    Libraries speak through the same lines, from warnings up: below that some of them would log what people say.
    A line that cannot be written is dropped by the standard library's handler: it never fails the work it tells of.
    """
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    )
    described: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*described, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *described],
        )
    )
    logging.basicConfig(handlers=[lines], level=logging.WARNING, force=True)
    logging.getLogger("app").setLevel(level.upper())


def correlation_id(offered: str | None = None) -> str:
    """The id a client offered, when it is harmless, or a new one."""
    if offered is not None and _CORRELATION_ID.fullmatch(offered):
        return offered
    return secrets.token_hex(8)


@contextmanager
def correlated(identifier: str) -> Iterator[None]:
    """Bind a correlation id to everything logged, and every fact kept, within."""
    with structlog.contextvars.bound_contextvars(correlation_id=identifier):
        yield


def current_correlation_id() -> str:
    """The correlation id in force, or an empty string."""
    return str(structlog.contextvars.get_contextvars().get("correlation_id", ""))


class Metrics:
    """The counters of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.http_seconds = Histogram(
            "guildhall_http_request_seconds",
            "Time to answer an HTTP request",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.command_seconds = Histogram(
            "guildhall_command_seconds",
            "Time from a socket command to its acknowledgement",
            ("command", "outcome"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.connections = Gauge("guildhall_connections", "Authenticated sockets that are open", registry=self.registry)
        self.pushes = Counter(
            "guildhall_pushes_total", "Pushes sent, each to a room or a person", ("push",), registry=self.registry
        )
        self.outbox_lag_seconds = Gauge(
            "guildhall_outbox_lag_seconds", "Age of the oldest fact not yet applied", registry=self.registry
        )
        self.outbox_applied = Counter(
            "guildhall_outbox_applied_total", "Facts applied", ("topic",), registry=self.registry
        )
        self.outbox_failed = Counter(
            "guildhall_outbox_failed_total", "Attempts to apply a fact that failed", ("topic",), registry=self.registry
        )

        self.audit_ok = Gauge(
            "guildhall_audit_ok",
            "1 when every invariant held in the latest audit, 0 when one did not, NaN before the first",
            registry=self.registry,
        )
        self.audit_ok.set(float("nan"))
        self.audit_last_run_seconds = Gauge(
            "guildhall_audit_last_run_timestamp_seconds",
            "When the latest audit began, since the Unix epoch; 0 before the first",
            registry=self.registry,
        )
        self.audit_took_seconds = Gauge(
            "guildhall_audit_duration_seconds", "How long the latest audit took", registry=self.registry
        )
        self.audit_breaches = Gauge(
            "guildhall_audit_breaches",
            "Rows that broke an invariant in the latest audit, counted up to 20",
            ("check",),
            registry=self.registry,
        )

    def render(self) -> bytes:
        """All metrics in the Prometheus text format."""
        return generate_latest(self.registry)
