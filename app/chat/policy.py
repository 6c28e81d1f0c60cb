"""Bounds, and what counts as something said."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping

from app.core.errors import Invalid
from app.core.money import parse_amount

BODY_MAX = 8000
NAME_MAX = 80
TOPIC_MAX = 300
PAGE_MAX = 200
SYNC_MAX = 500
MEMBERSHIPS_MAX = 500
DISCOVER_MAX = 100
REACTIONS_MAX = 20
"""Different emoji on one message."""
CARD_NOTE_MAX = 500
CARD_FIELDS = {"gift": {"kind", "recipient_id", "amount", "symbol", "note"}}
"""What each kind of card consists of; every value is a string."""

# Characters that take no space of their own; a message of nothing else says nothing.
_INVISIBLE = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def check_body(body: str, *, needed: bool = True) -> str:
    """The text of a message as it will be stored, or `Invalid`. Line ends become `\\n`; trailing space goes.

    Text that shows nothing is empty, where none is `needed`.
    """
    body = body.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    if _says_something(body):
        return body
    if needed:
        raise Invalid("A message needs some text")
    return ""


def check_name(name: str) -> str:
    """The name of a room on one line, or `Invalid`."""
    name = " ".join(name.split())
    if not _says_something(name):
        raise Invalid("A room needs a name")
    return name


def check_card(card: Mapping[str, str]) -> None:
    """Raise `Invalid` unless it is a card of a kind there is, with exactly the fields of that kind."""
    kind = card.get("kind", "")
    if kind not in CARD_FIELDS or set(card) != CARD_FIELDS[kind]:
        raise Invalid("There is no such kind of card")
    parse_amount(card["amount"])
    if not card["recipient_id"].isdecimal() or not card["symbol"] or len(card["note"]) > CARD_NOTE_MAX:
        raise Invalid("The card is malformed")


def fingerprint(body: str) -> str:
    """The same for texts that differ only in case, width or white space."""
    folded = " ".join(unicodedata.normalize("NFKC", body).casefold().split())
    return hashlib.sha256(folded.encode()).hexdigest()[:32]


def _says_something(text: str) -> bool:
    return any(
        char not in _INVISIBLE and unicodedata.category(char) not in ("Cf", "Cc", "Zs", "Zl", "Zp") for char in text
    )
