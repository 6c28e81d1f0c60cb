"""How ids, times and amounts look on the wire, and what every wire shape has in common."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

from app.core.clock import iso
from app.core.errors import Invalid
from app.core.money import format_amount, parse_amount

_ID_MAX = 2**63 - 1


def _read_id(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _ID_MAX:
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        number = int(value)
        if 0 < number <= _ID_MAX:
            return number
    raise ValueError("an id is a decimal string")


def _read_amount(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError('an amount is a decimal string, such as "12.5"')
    try:
        return parse_amount(value)
    except Invalid as error:
        raise ValueError(error.detail) from None


Id = Annotated[
    int,
    BeforeValidator(_read_id),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,19}$", "description": "An opaque id"}),
]
"""A 63-bit id; a decimal string on the wire, because JavaScript numbers hold only 53 bits."""

Moment = Annotated[
    int,
    PlainSerializer(iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "ISO 8601, UTC, milliseconds"}),
]
"""Milliseconds since the Unix epoch; an ISO 8601 string on the wire."""

Amount = Annotated[
    int,
    PlainSerializer(format_amount, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,6})?$", "description": "Tokens, exact"}),
]
"""Micro-tokens; an exact decimal string of tokens on the wire."""

PositiveAmount = Annotated[
    int,
    BeforeValidator(_read_amount),
    PlainSerializer(format_amount, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,6})?$", "description": "Tokens, above 0"}),
]
"""Micro-tokens that a client asks for: only a plain decimal string above 0, never a JSON number."""


_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def check_text(text: str) -> str:
    """Text that both engines can store: no NUL, no lone surrogates, no control characters but tab and line ends."""
    if _UNSTORABLE.search(text):
        raise ValueError("the text holds characters that cannot be stored")
    return text


class Schema(BaseModel):
    """A shape on the wire. What is not declared is refused, never dropped silently."""

    model_config = ConfigDict(extra="forbid", frozen=True)
