"""HTTP operations of this room: anybody reads the rules in force, administrators publish them."""

from __future__ import annotations

from app.core.actor import Actor
from app.economy.rules import store
from app.economy.rules.errors import NoSuchEvent, PolicyRefused, PublishedMeanwhile, TooSoon
from app.economy.rules.schemas import (
    CheckingPolicy,
    Event,
    Events,
    Policy,
    PolicyVersion,
    PolicyVersions,
    PublishingPolicy,
    SchedulingEvent,
    millis,
)
from app.economy.rules.service import Rulebook
from app.infra.database import Connection
from app.infra.http import Operation
from app.infra.unit_of_work import UnitOfWork
from app.infra.wire import Id


class RulesEndpoints:
    """The published rules, and the events that multiply rewards."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook

    def operations(self) -> list[Operation]:
        rules, admin = "economy", "admin"
        publishing = (PolicyRefused, TooSoon, PublishedMeanwhile)
        scheduling = (TooSoon, PolicyRefused)
        text, event = "/api/admin/policies", "/api/admin/events"
        return [
            Operation("GET", "/api/economy/policy", self.current_policy, tag=rules),
            Operation("GET", "/api/economy/events", self.economy_events, tag=rules),
            Operation("GET", text, self.list_policies, admin=True, tag=admin),
            Operation("POST", text, self.publish_policy, 201, publishing, admin=True, tag=admin),
            Operation("POST", f"{text}/check", self.check_policy, errors=(PolicyRefused,), admin=True, tag=admin),
            Operation("POST", event, self.schedule_event, 201, scheduling, admin=True, tag=admin),
            Operation("DELETE", f"{event}/{{event_id}}", self.cancel_event, 204, (NoSuchEvent,), admin=True, tag=admin),
        ]

    async def current_policy(self, actor: Actor) -> Policy:
        """The rules in force: what is earned by what, the caps, tiers, multipliers and goals."""
        return Policy.of(self._rulebook.policy())

    async def economy_events(self, actor: Actor) -> Events:
        """Events that run or are announced."""
        policy = self._rulebook.policy()
        return Events(events=[Event.of(event, policy) for event in self._rulebook.scheduled])

    async def list_policies(self, db: Connection) -> PolicyVersions:
        """Every version of the policy that was ever published."""
        texts = await store.policies(db)
        versions = [PolicyVersion.of(text) for text in reversed(texts)]
        return PolicyVersions(current=self._rulebook.policy().version, versions=versions)

    async def publish_policy(self, work: UnitOfWork, actor: Actor, body: PublishingPolicy) -> PolicyVersion:
        """Publish a new version of the policy. Versions are only added, never changed."""
        begins = None if body.effective_from is None else millis(body.effective_from)
        published = await self._rulebook.publish(work, actor.id, body.source, effective_from=begins, note=body.note)
        return PolicyVersion.of(published.text)

    async def check_policy(self, actor: Actor, body: CheckingPolicy) -> Policy:
        """Read a policy without publishing it: the rules it makes, or every fault in it."""
        return Policy.of(self._rulebook.check(body.source))

    async def schedule_event(self, work: UnitOfWork, actor: Actor, body: SchedulingEvent) -> Event:
        """Announce an event that multiplies rewards."""
        event = await self._rulebook.schedule(
            work,
            actor.id,
            kind=body.kind,
            name=body.name,
            starts_at=millis(body.starts_at),
            ends_at=millis(body.ends_at),
        )
        return Event.of(event, self._rulebook.policy())

    async def cancel_event(self, work: UnitOfWork, actor: Actor, event_id: Id) -> None:
        """Call an event off, or end it now."""
        await self._rulebook.cancel(work, event_id)
