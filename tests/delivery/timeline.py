"""The rule by which a client applies events of a room, free of input and output."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class Timeline:
    """One room as one client sees it: up to `last` everything has been applied, each event once and in order."""

    def __init__(self) -> None:
        self.last = 0
        self.messages: dict[int, Json] = {}
        """Messages by number, in the order they were applied in."""
        self._head = 0
        self._held: dict[int, Json] = {}

    @property
    def behind(self) -> bool:
        """Whether there is something this client knows of and has not got."""
        return bool(self._held) or self._head > self.last

    def head_is(self, seq: int) -> None:
        """The room has come this far."""
        self._head = max(self._head, seq)

    def hear(self, event: Json) -> None:
        """An event arrived: known ones are ignored, the next one is applied, one beyond a gap is held."""
        if event["seq"] > self.last:
            self._held[event["seq"]] = event
        while (following := self._held.pop(self.last + 1, None)) is not None:
            self.last += 1
            if following["kind"] == "message.posted":
                self.messages[self.last] = following["message"]

    def begin_anew(self, messages: list[Json], upto: int) -> None:
        """Drop what was cached for this state, which is that of event number `upto`."""
        self.messages = {message["seq"]: message for message in messages}
        self.last = upto
        self._head = max(self._head, upto)
        self._held = {seq: event for seq, event in self._held.items() if seq > upto}

    def forget(self) -> None:
        """The history is another one: nothing that was known holds any more."""
        self.last = self._head = 0
        self.messages = {}
        self._held = {}
