"""What a refusal of the ledger says when it is read again, however long ago it was stored."""

from __future__ import annotations

from typing import Any

import pytest

from app.economy.ledger.errors import InsufficientTokens, revive, stored_form


@pytest.mark.parametrize(
    "amounts", [{"available": 30, "required": 31_500_000}, {"available": "0.00003", "required": "31.5"}]
)
def test_amounts_of_a_stored_refusal_are_told_in_tokens_whatever_form_they_have(amounts: dict[str, Any]) -> None:
    revived = revive({"code": "insufficient_tokens", "detail": "Not enough tokens", "data": amounts})
    assert isinstance(revived, InsufficientTokens)
    assert revived.data == {"available": "0.00003", "required": "31.5"}
    assert revive(stored_form(revived)).data == revived.data


def test_other_numbers_of_a_stored_refusal_stay_numbers() -> None:
    revived = revive({"code": "gift_count", "detail": "No more", "data": {"limit": 10}})
    assert revived.data == {"limit": 10}
