"""Refusals: each with its own code, and numbers a program can use."""

from __future__ import annotations

import pytest

from app.core.errors import AppError, TooMany


def refusals(root: type[AppError]) -> list[type[AppError]]:
    return [root] + [deeper for child in root.__subclasses__() for deeper in refusals(child)]


def test_codes_of_the_core_are_unique() -> None:
    codes = [kind.code for kind in refusals(AppError) if kind.__module__ == "app.core.errors"]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(("wait", "told"), [(0.0, 1), (0.2, 1), (1.0, 1), (1.001, 2), (59.5, 60)])
def test_the_wait_is_told_in_whole_seconds_and_never_too_short(wait: float, told: int) -> None:
    assert TooMany(wait).retry_after == told
    assert TooMany(wait).data == {"retry_after": told}


def test_a_refusal_without_detail_says_its_title() -> None:
    assert str(AppError()) == AppError.title
    assert AppError("Not that", limit=3).data == {"limit": 3}
