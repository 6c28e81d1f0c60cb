"""Logs: one JSON object a line, ours and the libraries', with the correlation id; and no chatter of libraries."""

from __future__ import annotations

import io
import json
import logging
import sys
from typing import Any

import pytest
import structlog

from app.infra.telemetry import configure_logging, correlated, correlation_id


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_facts_and_library_complaints_are_json_with_their_correlation(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", pretty=False)
    with correlated("abcdefgh"):
        structlog.get_logger("app").info("room_made", room=7)
        try:
            raise ValueError("inside")
        except ValueError:
            logging.getLogger("uvicorn.error").exception("broken %s", "pipe")
    fact, complaint = lines(capsys)
    assert (fact["event"], fact["room"], fact["correlation_id"]) == ("room_made", 7, "abcdefgh")
    assert (complaint["event"], complaint["logger"]) == ("broken pipe", "uvicorn.error")
    assert complaint["correlation_id"] == "abcdefgh"
    assert "ValueError: inside" in complaint["exception"]


def test_what_libraries_say_below_a_warning_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", pretty=False)
    logging.getLogger("aiosqlite").info("INSERT INTO message ... 'something private'")
    logging.getLogger("engineio").debug("received packet")
    assert lines(capsys) == []


def test_a_line_that_cannot_be_written_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class BrokenPipe(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", BrokenPipe())
    configure_logging("info", pretty=False)
    structlog.get_logger("app").warning("nobody_reads_this")


@pytest.mark.parametrize("offered", [None, "", "short", "x" * 65, "line\nbreak", 'quote"quote', "สวัสดีครับ"])
def test_an_offered_correlation_id_is_taken_only_when_harmless(offered: str | None) -> None:
    assert correlation_id("Harmless-1.2_3") == "Harmless-1.2_3"
    assert correlation_id(offered) not in (offered, "")
