"""Where objects stand in their file, as numbers with gaps between them.

With dense numbers one rule put at the top of a file would give every rule below it another place, and so
a row in every version. Here an object keeps its number as long as its order against the others holds;
only when a gap is used up is a file numbered anew. Nothing here reads or writes the store.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

STEP = 1024

Key = TypeVar("Key", bound=Hashable)


def place(order: Sequence[Key], current: Mapping[Key, int]) -> tuple[list[int], set[Key]]:
    """Positions for the objects of one file, given those of the objects that were in it before.

    Gives a rising position for each of `order`, and the objects of `current` that changed places. The
    fewest possible count as moved: of two that swap, one.
    """
    kept = [key for key in order if key in current]
    resting = _longest_rising([current[key] for key in kept])
    moved = {key for index, key in enumerate(kept) if index not in resting}
    wanted = [None if key in moved else current.get(key) for key in order]
    return _fill(wanted), moved


def _longest_rising(ranks: Sequence[int]) -> set[int]:
    """The indices of a longest subsequence that rises (patience sorting)."""
    tops: list[int] = []
    top_at: list[int] = []
    before: list[int] = []
    for index, rank in enumerate(ranks):
        pile = bisect_left(tops, rank)
        before.append(top_at[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [rank]
        top_at[pile : pile + 1] = [index]
    result: set[int] = set()
    index = top_at[-1] if top_at else -1
    while index >= 0:
        result.add(index)
        index = before[index]
    return result


def _fill(wanted: Sequence[int | None]) -> list[int]:
    """Replaces each None so that the whole rises; numbers everything anew where a gap is too narrow."""
    filled: list[int] = []
    index = 0
    while index < len(wanted):
        here = wanted[index]
        if here is not None:
            filled.append(here)
            index += 1
            continue
        end = index
        while end < len(wanted) and wanted[end] is None:
            end += 1
        count = end - index
        right = wanted[end] if end < len(wanted) else None
        left = filled[-1] if filled else None
        if left is None:
            left = 0 if right is None else right - STEP * (count + 1)
        if right is None:
            right = left + STEP * (count + 1)
        if right - left <= count:
            return [STEP * number for number in range(1, len(wanted) + 1)]
        filled.extend(left + (right - left) * step // (count + 1) for step in range(1, count + 1))
        index = end
    return filled
