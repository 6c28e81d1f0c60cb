"""The sockets that are connected here, and whose they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from app.core.actor import Actor


@dataclass(slots=True)
class Connected:
    """An authenticated socket, the room heads it was last sent, and when the beacon visits it next."""

    sid: str
    actor: Actor
    beacon_at_ms: int
    heads_told: dict[int, int] = field(default_factory=dict)


class Connections:
    """Finds connected sockets by id, person and session."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Connected] = {}
        self._by_account: defaultdict[int, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._by_sid)

    def add(self, connected: Connected) -> None:
        self._by_sid[connected.sid] = connected
        self._by_account[connected.actor.id].add(connected.sid)

    def remove(self, sid: str) -> Connected | None:
        """Forget a socket; return it, or None when it was not known."""
        connected = self._by_sid.pop(sid, None)
        if connected is not None:
            sids = self._by_account[connected.actor.id]
            sids.discard(sid)
            if not sids:
                del self._by_account[connected.actor.id]
        return connected

    def get(self, sid: str) -> Connected | None:
        return self._by_sid.get(sid)

    def all(self) -> list[Connected]:
        return list(self._by_sid.values())

    def of_account(self, account_id: int) -> list[Connected]:
        return [self._by_sid[sid] for sid in self._by_account.get(account_id, ())]
