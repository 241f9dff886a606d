"""Two rule sets judged on the same adverts: what got better, what got worse, and whether that is chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobsieve.evaluation.figures import mcnemar
from jobsieve.evaluation.judgement import Evaluation, Outcome


@dataclass(frozen=True, slots=True)
class Change:
    """One advert before and after."""

    before: Outcome
    after: Outcome


@dataclass(frozen=True, slots=True)
class Comparison:
    """`before` and `after` judged advert by advert. `other` holds adverts that got another primary
    category and are as right or as wrong as before."""

    before: Evaluation
    after: Evaluation
    better: Sequence[Change]
    worse: Sequence[Change]
    other: Sequence[Change]

    @property
    def chance(self) -> float:
        """The p-value of the difference in accuracy."""
        return mcnemar(len(self.better), len(self.worse))


def compare(before: Evaluation, after: Evaluation) -> Comparison:
    """Both must have judged the same adverts in the same order."""
    better, worse, other = [], [], []
    for old, new in zip(before.outcomes, after.outcomes, strict=True):
        change = Change(old, new)
        if new.right and not old.right:
            better.append(change)
        elif old.right and not new.right:
            worse.append(change)
        elif old.answer.primary != new.answer.primary:
            other.append(change)
    return Comparison(before, after, tuple(better), tuple(worse), tuple(other))
