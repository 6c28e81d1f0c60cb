"""Amounts: integers of micro-tokens inside, decimal strings on the wire. Floats never touch money.

A whole reward times three two-decimal multipliers has at most six decimals, so micro-tokens hold every product
exactly: nothing is rounded and nothing is carried.
"""

from __future__ import annotations

import re

from app.core.errors import Invalid

TOKEN = 1_000_000
"""Micro-tokens in one token."""

AMOUNT_MAX = 10**15
"""The most one balance or one transfer may hold (10^9 tokens); below 2^53, and the database checks it too."""

_DECIMAL = re.compile(r"(\d{1,10})(?:\.(\d{1,6}))?", re.ASCII)


def parse_amount(text: str) -> int:
    """Read a positive decimal string such as `"12.375"` into micro-tokens.

    Raises `Invalid` for anything else: signs, exponents, more than six decimals, zero, or above `AMOUNT_MAX`.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise Invalid("An amount is a plain decimal number with at most six decimals")
    whole, fraction = match.groups()
    amount = int(whole) * TOKEN + int((fraction or "").ljust(6, "0"))
    if not 0 < amount <= AMOUNT_MAX:
        raise Invalid(f"An amount is above 0 and at most {format_amount(AMOUNT_MAX)}")
    return amount


def format_amount(micros: int) -> str:
    """Write micro-tokens as the shortest exact decimal string: `12375000` becomes `"12.375"`."""
    sign = "-" if micros < 0 else ""
    whole, fraction = divmod(abs(micros), TOKEN)
    if fraction == 0:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:06d}".rstrip("0")
