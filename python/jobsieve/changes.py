"""What other rules would do to the same adverts: which category each gains, loses or changes, before anybody
publishes them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from jobsieve import corpus
from jobsieve.corpus import Advert, Answer
from jobsieve.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Change:
    """One advert under both rule sets."""

    advert: Advert
    before: Answer
    after: Answer


@dataclass(frozen=True, slots=True)
class CategoryChange:
    """One primary category: its adverts before and after, and those that came and went. `gained` had no
    category before and `lost` have none now; the moved had or have another."""

    path: str
    before: int
    after: int
    gained: tuple[Change, ...]
    lost: tuple[Change, ...]
    moved_in: tuple[Change, ...]
    moved_out: tuple[Change, ...]

    @property
    def moves(self) -> int:
        """How many adverts came or went."""
        return len(self.gained) + len(self.lost) + len(self.moved_in) + len(self.moved_out)


@dataclass(frozen=True)
class Impact:
    """All adverts under both rule sets, in order."""

    before: str
    after: str
    adverts: Sequence[Change]

    @cached_property
    def gained(self) -> list[Change]:
        """Adverts that get their first category."""
        return [each for each in self.adverts if each.before.primary is None and each.after.primary]

    @cached_property
    def lost(self) -> list[Change]:
        """Adverts that are left without one."""
        return [each for each in self.adverts if each.before.primary and each.after.primary is None]

    @cached_property
    def moved(self) -> list[Change]:
        """Adverts whose primary category becomes another."""
        return [
            each
            for each in self.adverts
            if each.before.primary
            and each.after.primary
            and each.before.primary != each.after.primary
        ]

    @cached_property
    def beside(self) -> list[Change]:
        """Adverts that keep their primary category and change in others, or in attributes."""
        return [
            each
            for each in self.adverts
            if each.before.primary == each.after.primary
            and (
                each.before.paths != each.after.paths
                or each.before.attributes != each.after.attributes
            )
        ]

    @cached_property
    def flows(self) -> list[tuple[str | None, str | None, list[Change]]]:
        """From which primary category to which, the largest flow first; None for no category."""
        found: defaultdict[tuple[str | None, str | None], list[Change]] = defaultdict(list)
        for each in self.adverts:
            if each.before.primary != each.after.primary:
                found[each.before.primary, each.after.primary].append(each)
        ordered = sorted(found.items(), key=lambda item: (-len(item[1]), str(item[0])))
        return [(old, new, changes) for (old, new), changes in ordered]

    @cached_property
    def categories(self) -> list[CategoryChange]:
        """The categories that any advert came to or left, those with most moves first."""
        before = Counter(each.before.primary for each in self.adverts)
        after = Counter(each.after.primary for each in self.adverts)
        came: defaultdict[str, list[Change]] = defaultdict(list)
        went: defaultdict[str, list[Change]] = defaultdict(list)
        for each in (*self.gained, *self.lost, *self.moved):
            if each.after.primary is not None:
                came[each.after.primary].append(each)
            if each.before.primary is not None:
                went[each.before.primary].append(each)
        found = [
            CategoryChange(
                path,
                before[path],
                after[path],
                gained=tuple(each for each in came[path] if each.before.primary is None),
                lost=tuple(each for each in went[path] if each.after.primary is None),
                moved_in=tuple(each for each in came[path] if each.before.primary is not None),
                moved_out=tuple(each for each in went[path] if each.after.primary is not None),
            )
            for path in sorted(came.keys() | went.keys())
        ]
        return sorted(found, key=lambda each: -each.moves)


def impact(
    before: Snapshot,
    after: Snapshot,
    adverts: Sequence[Advert],
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Impact:
    """Answers all adverts by both rule sets; `progress` is told how many answers are there."""
    old = corpus.answers(before, adverts, progress=progress)
    new = corpus.answers(after, adverts, progress=lambda done: progress(len(adverts) + done))
    changes = tuple(Change(*each) for each in zip(adverts, old, new, strict=True))
    return Impact(before.ruleset.hash, after.ruleset.hash, changes)
