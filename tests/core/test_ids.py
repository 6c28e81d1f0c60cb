"""Ids: unique, rising, within 63 bits, whatever the clock does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import EPOCH_MS, NODES, TimeOrderedIds, first_id_at
from tests.harness.fakes import NOON, FrozenClock


@given(st.lists(st.integers(min_value=-5_000, max_value=5_000), max_size=60))
def test_ids_rise_even_when_the_clock_steps_back(steps: list[int]) -> None:
    clock = FrozenClock()
    ids = TimeOrderedIds(clock, node=7)
    made = []
    for step in steps:
        made += [ids.new(), ids.new()]
        clock.advance(step)
    assert all(earlier < later for earlier, later in pairwise(made))
    assert all(0 < identifier < 2**63 for identifier in made)


def test_a_full_millisecond_runs_on_into_the_next() -> None:
    ids = TimeOrderedIds(FrozenClock())
    made = [ids.new() for _ in range(5_000)]
    assert made == sorted(set(made))


def test_nodes_never_meet_in_the_same_millisecond() -> None:
    clock = FrozenClock()
    nodes = [TimeOrderedIds(clock, node) for node in (0, 1, NODES - 1)]
    made = [ids.new() for _ in range(1_000) for ids in nodes]
    assert len(set(made)) == len(made)


def test_later_milliseconds_sort_later_across_nodes() -> None:
    clock = FrozenClock()
    early = TimeOrderedIds(clock, node=NODES - 1).new()
    clock.advance(1)
    assert early < TimeOrderedIds(clock, node=0).new()


def test_the_moment_can_be_read_back() -> None:
    assert (TimeOrderedIds(FrozenClock(), node=3).new() >> 21) + EPOCH_MS == NOON


@pytest.mark.parametrize("node", [-1, NODES])
def test_a_node_out_of_range_is_refused(node: int) -> None:
    with pytest.raises(ValueError, match="node"):
        TimeOrderedIds(FrozenClock(), node)


def test_a_moment_divides_the_ids_of_all_nodes() -> None:
    clock = FrozenClock()
    before = TimeOrderedIds(clock, NODES - 1).new()
    clock.advance(ms=1)
    assert before < first_id_at(clock.now_ms()) == TimeOrderedIds(clock, 0).new()
