"""Who has which room open on this server. Worthless a second later, so kept in memory alone."""

from __future__ import annotations

from collections import Counter, defaultdict


class Presence:
    """Counts, for each room, the sockets of each person."""

    def __init__(self) -> None:
        self._rooms: defaultdict[int, Counter[int]] = defaultdict(Counter)
        self._opened: defaultdict[str, set[int]] = defaultdict(set)

    def open(self, sid: str, account_id: int, room_id: int) -> None:
        """Note that a socket opened a room; opening it again changes nothing."""
        if room_id not in self._opened[sid]:
            self._opened[sid].add(room_id)
            self._rooms[room_id][account_id] += 1

    def close(self, sid: str, account_id: int, room_id: int) -> None:
        """Note that a socket closed a room."""
        if room_id not in self._opened.get(sid, ()):
            return
        self._opened[sid].discard(room_id)
        people = self._rooms[room_id]
        people[account_id] -= 1
        if people[account_id] <= 0:
            del people[account_id]
        if not people:
            del self._rooms[room_id]

    def forget(self, sid: str, account_id: int) -> None:
        """Close everything a socket had open."""
        for room_id in list(self._opened.get(sid, ())):
            self.close(sid, account_id, room_id)
        self._opened.pop(sid, None)

    def has_open(self, sid: str, room_id: int) -> bool:
        return room_id in self._opened.get(sid, ())

    def online(self, room_id: int) -> list[int]:
        """The people who have a room open, in a stable order."""
        return sorted(self._rooms.get(room_id, ()))
