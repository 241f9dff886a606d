"""Shares and scores, and how sure they are: 95 % intervals and the significance of a difference."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

# Two-sided 95 % of the normal distribution.
_Z = 1.959964
# Resamples for an interval that has no formula: as many as take about a second.
_DRAWS = 2_000_000
# The same figures give the same interval.
_SEED = 1


@dataclass(frozen=True, slots=True)
class Span:
    """A figure with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many. Nothing of nothing is nought."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def span(self) -> Span:
        """With the interval of Wilson's score, which is sound for few and for extreme shares, too."""
        if not self.of:
            return Span(0.0, 0.0, 1.0)
        share, square = self.value, _Z * _Z / self.of
        middle = (share + square / 2) / (1 + square)
        reach = (
            _Z * math.sqrt(share * (1 - share) / self.of + square / (4 * self.of)) / (1 + square)
        )
        return Span(share, max(0.0, middle - reach), min(1.0, middle + reach))


@dataclass(frozen=True, slots=True)
class Score:
    """Precision and recall of one label, or summed over several."""

    right: int
    given: int
    wanted: int

    @property
    def precision(self) -> Share:
        return Share(self.right, self.given)

    @property
    def recall(self) -> Share:
        return Share(self.right, self.wanted)

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.given + self.wanted) if self.given + self.wanted else 0.0


def scores(cells: Mapping[tuple[str, str | None], int]) -> dict[str, Score]:
    """The score of each wanted label, from counts by wanted and given label."""
    right: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for (label, found), count in cells.items():
        wanted[label] += count
        if found is not None:
            given[found] += count
        if found == label:
            right[label] += count
    return {label: Score(right[label], given[label], wanted[label]) for label in sorted(wanted)}


def macro_f1(cells: Mapping[tuple[str, str | None], int]) -> Span:
    """The mean of the labels' F1, with an interval by resampling adverts (bootstrap percentiles)."""
    value = _mean_f1(cells)
    total = sum(cells.values())
    if not total:
        return Span(0.0, 0.0, 1.0)
    draw = random.Random(_SEED)
    kinds, weights = list(cells), list(cells.values())
    rounds = max(100, min(1_000, _DRAWS // total))
    drawn = sorted(_mean_f1(Counter(draw.choices(kinds, weights, k=total))) for _ in range(rounds))
    return Span(value, drawn[rounds * 25 // 1000], drawn[rounds * 975 // 1000 - 1])


def _mean_f1(cells: Mapping[tuple[str, str | None], int]) -> float:
    found = scores(cells)
    return sum(score.f1 for score in found.values()) / len(found) if found else 0.0


def mcnemar(better: int, worse: int) -> float:
    """The chance that two equally good rule sets differ at least so much on the adverts that only one of
    them gets right (McNemar's exact test, two-sided)."""
    total, fewer = better + worse, min(better, worse)
    term, tail = 1, 0
    for taken in range(fewer + 1):
        tail += term
        term = term * (total - taken) // (taken + 1)
    # Whole numbers up to here: a thousand adverts would leave a float's range.
    return min(1.0, 2 * tail / 2**total) if total < 1_000 else min(1.0, _quotient(2 * tail, total))


def _quotient(tail: int, total: int) -> float:
    shift = max(0, tail.bit_length() - 60)
    return math.ldexp(tail >> shift, shift - total)
