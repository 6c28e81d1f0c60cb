"""The rulebook: which policy and which events are in force at a moment.

Decisions read it from memory. Every node looks for changes every few seconds, and whatever is published comes into
force no sooner than `NOTICE_MS` later, so that all nodes decide alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.core.clock import Clock
from app.core.ids import Ids
from app.economy.rules import store
from app.economy.rules.errors import NoSuchEvent, PolicyRefused, PublishedMeanwhile, TooSoon
from app.economy.rules.model import EventKind, Policy, Published, PublishedText, SeasonalEvent
from app.economy.rules.policy_file import PolicyError, parse_policy
from app.infra.database import Connection
from app.infra.unit_of_work import UnitOfWork

NOTICE_MS = 60_000
"""The least time between publishing and coming into force."""

REFRESH_SECONDS = 10.0
"""How often a node looks for what others have published; well below the notice."""

DAY_MS = 24 * 3600 * 1000
NOTICE_MS_MAX = 366 * DAY_MS
"""The longest time ahead: versions come into force in order, so one of a far year would shut out all others."""

EVENT_MS_MAX = 92 * DAY_MS


class Rulebook:
    """Published policies and scheduled events."""

    def __init__(self, clock: Clock, ids: Ids, versions: Sequence[Published] = ()) -> None:
        """`versions` are known already; without them, `refresh` comes before anything is decided."""
        self._clock = clock
        self._ids = ids
        self._versions = tuple(versions)
        self._events: tuple[SeasonalEvent, ...] = ()

    def policy(self, at_ms: int | None = None) -> Policy:
        """The policy in force then, or now: of those that had come into force, the one with the highest version."""
        moment = self._clock.now_ms() if at_ms is None else at_ms
        in_force = [its for its in self._versions if its.text.effective_from <= moment]
        return (in_force or self._versions[:1])[-1].policy

    def events(self, at_ms: int | None = None) -> list[SeasonalEvent]:
        """The events that run then, or now."""
        moment = self._clock.now_ms() if at_ms is None else at_ms
        return [event for event in self._events if event.runs_at(moment)]

    @property
    def versions(self) -> Sequence[Published]:
        """Every version, the oldest first, the coming ones too."""
        return self._versions

    @property
    def scheduled(self) -> Sequence[SeasonalEvent]:
        """Events that run or will."""
        now = self._clock.now_ms()
        return [event for event in self._events if event.ends_at > now]

    async def begin(self, work: UnitOfWork, source: str) -> None:
        """Make this the first version, in force from ever on, if there is none yet."""
        now = self._clock.now_ms()
        policy = _parse(source)
        await store.add_policy(work.db, PublishedText(1, policy.name, source, 0, None, "The first policy", now))

    async def refresh(self, db: Connection) -> None:
        """Learn what has been published and scheduled."""
        known = {its.text.version: its for its in self._versions}
        texts = await store.policies(db)
        self._versions = tuple(known.get(text.version) or _published(text) for text in texts)
        self._events = tuple(await store.events(db, self._clock.now_ms()))

    async def publish(
        self, work: UnitOfWork, author_id: int, source: str, *, effective_from: int | None, note: str
    ) -> Published:
        """Add a version. It comes into force at `effective_from`, by default as soon as every node can know it.

        Raises `PolicyRefused` with every fault or for more than a year ahead, `TooSoon`, and `PublishedMeanwhile`.
        """
        now = self._clock.now_ms()
        policy = self.check(source)
        begins = now + NOTICE_MS if effective_from is None else effective_from
        last = (await store.policies(work.db))[-1]
        if begins < max(now + NOTICE_MS, last.effective_from):
            raise TooSoon("A policy comes into force a minute from now at the soonest, and after the one before")
        if begins > now + NOTICE_MS_MAX:
            raise PolicyRefused("A policy comes into force within a year")
        text = PublishedText(last.version + 1, policy.name, source, begins, author_id, note, now)
        if not await store.add_policy(work.db, text):
            raise PublishedMeanwhile
        return _published(text)

    def check(self, source: str) -> Policy:
        """The policy of a text. Raises `PolicyRefused`, naming every fault."""
        try:
            return _parse(source)
        except PolicyError as error:
            raise PolicyRefused(str(error)) from None

    async def schedule(
        self, work: UnitOfWork, author_id: int, *, kind: EventKind, name: str, starts_at: int, ends_at: int
    ) -> SeasonalEvent:
        """Announce an event. Raises `TooSoon`, or `PolicyRefused` if it is too far ahead, too long, or ends first."""
        now = self._clock.now_ms()
        if starts_at < now + NOTICE_MS:
            raise TooSoon("An event begins a minute from now at the soonest")
        if starts_at > now + NOTICE_MS_MAX:
            raise PolicyRefused("An event begins within a year")
        if not 0 < ends_at - starts_at <= EVENT_MS_MAX:
            raise PolicyRefused("An event ends after it starts, and within 92 days")
        event = SeasonalEvent(self._ids.new(), kind, name, starts_at, ends_at, author_id, now)
        await store.add_event(work.db, event)
        return event

    async def cancel(self, work: UnitOfWork, event_id: int) -> None:
        """End an event early, or call it off. Nodes notice within seconds. Raises `NoSuchEvent`."""
        if not await store.cancel_event(work.db, event_id, self._clock.now_ms()):
            raise NoSuchEvent


async def published_policies(db: Connection) -> list[Policy]:
    """Every policy that was ever published, the oldest first."""
    return [_published(text).policy for text in await store.policies(db)]


def _parse(source: str) -> Policy:
    return parse_policy(source, "policy")


def _published(text: PublishedText) -> Published:
    return Published(text, replace(_parse(text.source), version=text.version))
