"""What counts as something said, and what counts as said before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.chat.policy import check_body, check_name, fingerprint
from app.chat.schemas import Body, ClientId, NewRoom
from app.core.errors import Invalid

BODY = TypeAdapter(Body)
CLIENT_ID = TypeAdapter(ClientId)


@pytest.mark.parametrize(
    "body",
    [
        "hi",
        "สวัสดีครับ",
        "שלום עולם",
        "مرحبا",
        "👩‍👩‍👧",
        "a\n\nb\tc",
        "\u202eabc\u202c",
        "x" * 8000,
        "😀" * 8000,
        "0",
        "e\u0301",
    ],
)
def test_text_of_any_language_is_kept_as_it_is(body: str) -> None:
    assert check_body(BODY.validate_python(body)) == body


@pytest.mark.parametrize("body", ["x" * 8001, "a\x00b", "a\x1bb", "\ud800", "a\udfffb", 7, None, b"bytes", ["a"]])
def test_what_cannot_be_a_body(body: object) -> None:
    with pytest.raises(ValidationError):
        BODY.validate_python(body, strict=True)


@pytest.mark.parametrize(
    "body", [" ", "\n\t ", "\u200b", "\u200d\ufeff", "\u2060 \u00ad", "\u3164", "\u2800", "\u00a0"]
)
def test_nothing_to_be_seen_is_nothing_said(body: str) -> None:
    with pytest.raises(Invalid, match="needs some text"):
        check_body(body)
    with pytest.raises(Invalid, match="needs a name"):
        check_name(body)


def test_line_ends_are_one_and_trailing_space_goes() -> None:
    assert check_body("  a\r\nb\rc\n \n") == "  a\nb\nc"
    assert check_name("  the\n big\t room ") == "the big room"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50))
def test_a_checked_body_is_checked_already(text: str) -> None:
    try:
        body = check_body(text)
    except Invalid:
        return
    assert check_body(body) == body
    assert len(body) <= len(text)


@pytest.mark.parametrize("other", ["HELLO you", "hello  you", " hello\nyou ", "\uff48ello you"])
def test_equal_text_of_any_spelling_has_one_fingerprint(other: str) -> None:
    assert fingerprint(other) == fingerprint("hello you")
    assert fingerprint("hello you!") != fingerprint("hello you")


@pytest.mark.parametrize("client_id", ["a", "A-z_0.9:" * 8])
def test_good_client_ids(client_id: str) -> None:
    assert CLIENT_ID.validate_python(client_id) == client_id


@pytest.mark.parametrize("client_id", ["", "x" * 65, "a b", "a\n", "é", "a/b", 7, None])
def test_bad_client_ids(client_id: object) -> None:
    with pytest.raises(ValidationError):
        CLIENT_ID.validate_python(client_id)


@pytest.mark.parametrize(
    "body", [{"name": "x" * 81}, {"name": ""}, {"name": "a", "topic": "x" * 301}, {"name": "a\x00"}]
)
def test_rooms_have_bounded_names_and_topics(body: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        NewRoom.model_validate(body)
