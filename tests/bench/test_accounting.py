"""The benchmark counts what happened, and refuses to count what did not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bench import frames, machine, report, results
from bench.results import Results
from bench.shapes import Shape, seating
from bench.subjects import SUBJECTS, Books, Stage
from bench.turns import BenchError, Plan, Turn, check, percentile, take_turn

SHAPE = Shape(1, 3)
PLAN = Plan(warm_s=0.1, measured_s=0.5, rounds=1)


@pytest.fixture(scope="module")
def turn_and_books(tmp_path_factory: pytest.TempPathFactory) -> tuple[Turn, Books]:
    """A tiny turn of the real server on SQLite, and what its database holds afterwards beside the seeded history."""
    (subject,) = (subject for subject in SUBJECTS if subject.name == "guildhall-sqlite")
    stage = Stage(subject, tmp_path_factory.mktemp("bench") / "stage")
    seats = seating([SHAPE], 1)[0, SHAPE]
    try:
        stage.prepare(seats)
        seeded = stage.books()
        turn = take_turn(stage, SHAPE, seats, PLAN, machine.share_cores(), None)
        return turn, stage.books().since(seeded)
    finally:
        stage.close()


def test_every_message_is_delivered_stored_and_rewarded(turn_and_books: tuple[Turn, Books]) -> None:
    turn, books = turn_and_books
    assert turn.messages > 0
    assert turn.deliveries == turn.messages * SHAPE.members
    # The warm-up's messages are stored too, and not counted.
    assert books.messages == books.decided > turn.messages
    assert 0 < turn.granted <= turn.messages


def test_rates_and_times_fit_together(turn_and_books: tuple[Turn, Books]) -> None:
    turn, _ = turn_and_books
    assert 0 < turn.settled_per_s <= turn.messages / PLAN.measured_s
    assert 0 < turn.acked_per_s <= turn.messages / PLAN.measured_s
    assert 0 < turn.ack_p50_ms <= turn.ack_p99_ms
    assert 0 < turn.last_p50_ms <= turn.last_p99_ms
    assert turn.server_cpu_us_per_message == pytest.approx(turn.server_cpu_us_per_delivery * SHAPE.members)
    assert turn.postgresql_cpu_us_per_message == 0
    assert turn.cold_start_s > 0


@pytest.mark.parametrize(
    ("deliveries", "stored"),
    [
        (29, Books(10, 10, 10)),
        (30, Books(9, 10, 9)),
        (30, Books(10, 9, 9)),
        (30, Books(10, 10, 0)),
        (30, Books(10, 10, 11)),
    ],
)
def test_a_figure_that_is_not_true_is_refused(deliveries: int, stored: Books) -> None:
    with pytest.raises(BenchError):
        check("subject", SHAPE, {"sent": 10, "deliveries": deliveries}, stored)


def test_no_two_turns_share_a_person_or_a_room() -> None:
    shapes = (SHAPE, Shape(2, 2))
    turns = seating(shapes, 2)
    people = [seat.person for seats in turns.values() for seat in seats]
    rooms = [{seat.room for seat in seats} for seats in turns.values()]
    assert sorted(people) == list(range(1, 2 * (3 + 4) + 1))
    assert sum(map(len, rooms)) == len(set.union(*rooms)) == 2 * (1 + 2)


def test_frames_are_cut_where_they_end() -> None:
    small, large, huge = b"x", b"y" * 500, b"z" * 70_000
    stream = (
        b"\x81\x01"
        + small
        + b"\x89\x02hi"
        + b"\x81\x7e\x01\xf4"
        + large
        + b"\x81\x7f"
        + bytes(5)
        + b"\x01\x11\x70"
        + huge
    )
    for cut in (0, 1, 2, 3, 5, 6, 8, 10, 11, 400, 512, 516, 520, len(stream)):
        head, head_pings, rest = frames.split(stream[:cut])
        tail, tail_pings, left = frames.split(rest + stream[cut:])
        assert [*head, *tail] == [small, large, huge]
        assert [*head_pings, *tail_pings] == [b"hi"]
        assert left == b""


def test_percentiles() -> None:
    assert [percentile(range(1, 101), share) for share in (0.5, 0.99, 1)] == [50, 99, 100]
    assert percentile([7.0], 0.99) == 7


def test_a_report_says_who_is_slower_and_that_a_run_was_disturbed(
    turn_and_books: tuple[Turn, Books], tmp_path: Path
) -> None:
    turn, _ = turn_and_books
    ours = dataclasses.replace(turn, settled_per_s=100.0, others_share=0.4)
    rival = dataclasses.replace(turn, subject="python-stored", settled_per_s=400.0, others_share=0.0)
    slow = dataclasses.replace(rival, subject="node-stored", settled_per_s=50.0)
    Results({"date": "today"}, 1000.0, (ours, rival, slow)).save(tmp_path / "bench.json")
    told = report.document(results.load(tmp_path / "bench.json"))
    assert "Guildhall is slower in 1 of 2 comparisons." in told
    assert "| Guildhall, SQLite, 1 room of 3 | 0.25 | 2.00 |" in told
    assert "up to 40% of the servers' core" in told
