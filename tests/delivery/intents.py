"""What people meant to say: the ledger that the database is held against afterwards."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """One positive acknowledgement of a send."""

    message_id: str
    seq: int
    duplicate: bool


@dataclass(slots=True)
class Intent:
    """One message that somebody meant to send, however often it takes. Settled by the first answer they heed."""

    client_id: str
    author_id: str
    room_id: str
    body: str
    attempts: int = 0
    answers: list[Answer] = field(default_factory=list)


class Intents:
    """Every intent of a run, in the order of writing."""

    def __init__(self) -> None:
        self.all: dict[str, Intent] = {}

    def write(self, author_id: str, room_id: str, body: str) -> Intent:
        """Note that this person is about to say this. Every intent has a client_id of its own."""
        intent = Intent(f"intent-{len(self.all) + 1}", author_id, room_id, body)
        self.all[intent.client_id] = intent
        return intent

    def answers(self) -> int:
        """How many acknowledgements have been heard so far."""
        return sum(len(intent.answers) for intent in self.all.values())


def canonical(body: str) -> str:
    """The same for texts which the rules of the economy regard as repetitions of each other."""
    return " ".join(unicodedata.normalize("NFKC", body).casefold().split())
