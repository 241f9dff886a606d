from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from jobsieve.store.placement import STEP, place

Positions = dict[int, int]


@st.composite
def edits(draw: st.DrawFn) -> tuple[list[int], Positions]:
    """The objects of a file in a new order, and the positions of those that were in it before."""
    order = draw(st.lists(st.integers(0, 15), unique=True, max_size=9))
    before = draw(st.lists(st.sampled_from(order), unique=True)) if order else []
    gaps = draw(st.lists(st.integers(1, 4), min_size=len(before), max_size=len(before)))
    positions: Positions = {}
    last = -3
    for key, gap in zip(before, gaps, strict=True):
        last += gap
        positions[key] = last
    return order, positions


@given(edits())
def test_positions_rise_and_as_few_as_possible_count_as_moved(
    edit: tuple[list[int], Positions],
) -> None:
    order, before = edit

    positions, moved = place(order, before)

    assert len(positions) == len(order)
    assert all(low < high for low, high in pairwise(positions))
    assert len(moved) == _fewest_moves(order, before)
    renumbered = positions == [STEP * number for number in range(1, len(order) + 1)]
    for key, position in zip(order, positions, strict=True):
        if key in before and key not in moved and not renumbered:
            assert position == before[key]


def test_a_used_up_gap_numbers_the_file_anew_and_moves_nothing() -> None:
    assert place([1, 9, 2], {1: 5, 2: 6}) == ([STEP, 2 * STEP, 3 * STEP], set())


def test_objects_before_the_first_and_after_the_last_leave_the_others_alone() -> None:
    assert place([8, 1, 9], {1: STEP}) == ([0, STEP, 2 * STEP], set())


def _fewest_moves(order: list[int], before: Positions) -> int:
    kept = [before[key] for key in order if key in before]
    for moves in range(len(kept)):
        for resting in combinations(kept, len(kept) - moves):
            if all(low < high for low, high in pairwise(resting)):
                return moves
    return 0
