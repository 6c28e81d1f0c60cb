"""What is measured: how many rooms, of how many members, and who sits where in which turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

IN_FLIGHT = 50
"""Messages that are always under way: a new one is sent when one is acknowledged and has reached every receiver."""


@dataclass(frozen=True, slots=True)
class Shape:
    """So many rooms with so many members each; every member has one connection and one room."""

    rooms: int
    members: int

    @property
    def name(self) -> str:
        return f"{self.rooms}x{self.members}"

    @property
    def people(self) -> int:
        return self.rooms * self.members


SHAPES = (Shape(1, 200), Shape(20, 50), Shape(200, 5))
SHAPES_FULL = (*SHAPES, Shape(1, 1000))


@dataclass(frozen=True, slots=True)
class Seat:
    """A person in a room. `position` counts the members of the room from 0."""

    person: int
    room: int
    position: int
    members: int

    @property
    def token(self) -> str:
        """What this person connects with; the seeded session is stored by its hash."""
        return f"bench-{self.person}-{self.room}"


def seating(shapes: Sequence[Shape], rounds: int) -> dict[tuple[int, Shape], list[Seat]]:
    """The seats of each (round, shape). No two turns share a person or a room, so no daily cap fills up on the way."""
    seats: dict[tuple[int, Shape], list[Seat]] = {}
    person = room = 1
    for turn in range(rounds):
        for shape in shapes:
            seats[turn, shape] = [
                Seat(person + number * shape.members + position, room + number, position, shape.members)
                for position in range(shape.members)
                for number in range(shape.rooms)
            ]
            person += shape.people
            room += shape.rooms
    return seats
