"""Amounts: exact both ways, bounded, and never anything but plain decimals."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.core.money import AMOUNT_MAX, TOKEN, format_amount, parse_amount

amounts = st.integers(min_value=1, max_value=AMOUNT_MAX)


@given(amounts)
def test_every_amount_survives_the_wire(micros: int) -> None:
    assert parse_amount(format_amount(micros)) == micros


@given(st.integers(min_value=-AMOUNT_MAX, max_value=AMOUNT_MAX))
def test_the_text_is_the_exact_value(micros: int) -> None:
    text = format_amount(micros)
    assert Decimal(text) == Decimal(micros) / TOKEN
    assert "." not in text or text[-1] != "0"


@given(st.text())
def test_whatever_is_read_is_within_bounds(text: str) -> None:
    with suppress(Invalid):
        assert 0 < parse_amount(text) <= AMOUNT_MAX


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (1, "0.000001"),
        (12_375_000, "12.375"),
        (-500_000, "-0.5"),
        (10 * TOKEN, "10"),
        (0, "0"),
        (AMOUNT_MAX, "1000000000"),
    ],
)
def test_known_texts(micros: int, text: str) -> None:
    assert format_amount(micros) == text


@pytest.mark.parametrize(
    "text",
    ["", "0", "0.000000", "-1", "+1", "1e3", "1.", ".5", "1.0000001", " 1", "1\n", "1,5", "0x1", "NaN", "١", "1_0"],
)
def test_refused_texts(text: str) -> None:
    with pytest.raises(Invalid):
        parse_amount(text)


@pytest.mark.parametrize("text", ["1000000000.000001", "1000000001", "99999999999"])
def test_more_than_the_most_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_amount(text)
