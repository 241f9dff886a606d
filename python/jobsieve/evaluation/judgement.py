"""One rule set judged: how often its primary category is one that counts for the advert's label.

An advert without any category counts as wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from jobsieve import corpus
from jobsieve.corpus import Advert, Answer
from jobsieve.evaluation.figures import Score, Share, Span, macro_f1, scores
from jobsieve.evaluation.labels import LabelMap
from jobsieve.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was wanted of an advert, and what it got. `given` is the label that its primary category
    counts for: a wanted one if it can be; None where it has no category, or one that is no label's."""

    advert: Advert
    answer: Answer
    wanted: tuple[str, ...]
    given: str | None

    @property
    def right(self) -> bool:
        return self.given in self.wanted

    @property
    def instead(self) -> str:
        """What it got, in words: a label, the sector of a category that is no label's, or nothing."""
        if self.given is not None:
            return self.given
        return f"({self.answer.primary.split('/')[0]})" if self.answer.primary else "nothing"


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """How often a rule gave a category, and how often one that counts for the label; and the same of
    the adverts whose primary category it gave."""

    rule: str
    gave: Share
    decided: Share


@dataclass(frozen=True, slots=True)
class Confusion:
    """Adverts of one label that got another."""

    wanted: str
    instead: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Evaluation:
    """A rule set's outcomes, and what they add up to. `left_out` counts adverts by the reason why they
    were not judged."""

    ruleset: str
    rule_names: Sequence[str]
    outcomes: Sequence[Outcome]
    labels: LabelMap
    left_out: dict[str, int]

    @property
    def accuracy(self) -> Share:
        """Of the primary category."""
        return Share(sum(each.right for each in self.outcomes), len(self.outcomes))

    @property
    def coverage(self) -> Share:
        """Adverts with any category."""
        return Share(
            sum(each.answer.primary is not None for each in self.outcomes), len(self.outcomes)
        )

    @cached_property
    def anywhere(self) -> Share:
        """Adverts with a right category among all that they got."""
        found = sum(
            any(
                self.labels.meets(label, path)
                for label in each.wanted
                for path in each.answer.paths
            )
            for each in self.outcomes
        )
        return Share(found, len(self.outcomes))

    @cached_property
    def cells(self) -> Counter[tuple[str, str | None]]:
        """Counts by wanted label and label given. An advert of several labels counts for each, and what
        it got counts once: for the label that it is, else for the first."""
        return Counter(
            (label, each.given if label == (each.given if each.right else each.wanted[0]) else None)
            for each in self.outcomes
            for label in each.wanted
        )

    @cached_property
    def by_label(self) -> dict[str, Score]:
        return scores(self.cells)

    @property
    def micro(self) -> Score:
        """All labels summed."""
        found = list(self.by_label.values())
        return Score(
            sum(each.right for each in found),
            sum(each.answer.primary is not None for each in self.outcomes),
            sum(each.wanted for each in found),
        )

    @cached_property
    def macro(self) -> tuple[float, float, Span]:
        """The means of the labels' precision and recall, and that of their F1 with its interval."""
        found = list(self.by_label.values())
        count = len(found) or 1
        return (
            sum(each.precision.value for each in found) / count,
            sum(each.recall.value for each in found) / count,
            macro_f1(self.cells),
        )

    @cached_property
    def by_category(self) -> dict[str, Share]:
        """For each primary category the adverts that are right in it, the most frequent first."""
        seen: Counter[str] = Counter()
        right: Counter[str] = Counter()
        for each in self.outcomes:
            if each.answer.primary is not None:
                seen[each.answer.primary] += 1
                right[each.answer.primary] += each.right
        return {path: Share(right[path], count) for path, count in seen.most_common()}

    @cached_property
    def by_rule(self) -> list[RuleFigures]:
        """Rules that gave a category, those that most often decided wrongly first."""
        gave: defaultdict[str, list[bool]] = defaultdict(list)
        decided: defaultdict[str, list[bool]] = defaultdict(list)
        for each in self.outcomes:
            hits: dict[str, bool] = {}
            for category in each.answer.categories:
                meets = any(self.labels.meets(label, category.path) for label in each.wanted)
                for rule in category.rules:
                    hits[rule] = hits.get(rule, False) or meets
            for rule, hit in hits.items():
                gave[rule].append(hit)
            for rule in each.answer.deciding_rules:
                decided[rule].append(each.right)
        found = [RuleFigures(rule, _share(gave[rule]), _share(decided[rule])) for rule in gave]
        return sorted(
            found, key=lambda each: (each.decided.hits - each.decided.of, -each.gave.of, each.rule)
        )

    @property
    def silent_rules(self) -> list[str]:
        """Rules that matched no advert."""
        matched = {rule for each in self.outcomes for rule in each.answer.matched_rules}
        return [rule for rule in self.rule_names if rule not in matched]

    @cached_property
    def confusions(self) -> list[Confusion]:
        """What was taken for what, the most frequent first."""
        found: defaultdict[tuple[str, str], list[Outcome]] = defaultdict(list)
        for each in self.outcomes:
            if not each.right:
                found[each.wanted[0], each.instead].append(each)
        ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
        return [Confusion(wanted, got, tuple(each)) for (wanted, got), each in ordered]


def evaluate(
    rules: Snapshot,
    adverts: Sequence[Advert],
    labels: LabelMap,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Evaluation:
    """Judges a rule set. Adverts without a label, or of one that says nothing, are left out; raises
    `JobsieveError` where the map lacks a label."""
    labels.require(label for each in adverts for label in each.labels)
    judged, left_out = _judged(adverts, labels)
    answers = corpus.answers(rules, judged, progress=progress)
    return replace(judge(rules, judged, answers, labels), left_out=left_out)


def judge(
    rules: Snapshot, adverts: Sequence[Advert], answers: Sequence[Answer], labels: LabelMap
) -> Evaluation:
    """As `evaluate`, where the answers are there already."""
    labels.require(label for each in adverts for label in each.labels)
    judged, left_out = _judged(adverts, labels)
    kept = {id(each) for each in judged}
    outcomes = tuple(
        _outcome(advert, answer, labels)
        for advert, answer in zip(adverts, answers, strict=True)
        if id(advert) in kept
    )
    return Evaluation(rules.ruleset.hash, rules.ruleset.rule_names, outcomes, labels, left_out)


def _judged(adverts: Iterable[Advert], labels: LabelMap) -> tuple[list[Advert], dict[str, int]]:
    kept, left_out = [], Counter[str]()
    for each in adverts:
        if any(labels.says_something(label) for label in each.labels):
            kept.append(each)
        else:
            left_out[f'label "{each.labels[0]}"' if each.labels else "no label"] += 1
    return kept, dict(left_out)


def _outcome(advert: Advert, answer: Answer, labels: LabelMap) -> Outcome:
    wanted = tuple(label for label in advert.labels if labels.says_something(label))
    given = labels.label_of(answer.primary, wanted) if answer.primary is not None else None
    return Outcome(advert, answer, wanted, given)


def _share(hits: list[bool]) -> Share:
    return Share(sum(hits), len(hits))
