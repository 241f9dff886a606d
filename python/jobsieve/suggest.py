"""Words that a rule's author may want: those that set apart adverts which the rules miss, or wrongly take.

A term is a word, or two or three words in a row, by their lemmas, in one field. It is suggested by its
log-odds ratio between two groups of adverts, as far as 95 % of chance leaves of it. Nothing is changed: a
person decides which of them is the trade's own word and which one firm's.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from jobsieve import _core
from jobsieve.corpus import Advert

Field = Literal["title", "description"]

# Two-sided 95 % of the normal distribution.
_Z = 1.959964
_LONGEST = 3


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A term that stands in `inside` of the adverts in question and in `outside` of the others; `weight`
    is the lower end of its log-odds ratio; `adverts` are some that hold it."""

    field: Field
    term: str
    inside: int
    outside: int
    weight: float
    adverts: tuple[Advert, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Adverts that share a term; the rest that shares nothing has none."""

    term: str | None
    adverts: tuple[Advert, ...]


class Terms:
    """The terms of adverts, each advert read once."""

    def __init__(self, settings: bytes | None = None) -> None:
        self._settings = settings
        self._known: dict[int, frozenset[tuple[Field, str]]] = {}

    def of(self, advert: Advert) -> frozenset[tuple[Field, str]]:
        """All terms of an advert with their field."""
        if id(advert) not in self._known:
            found: set[tuple[Field, str]] = {("title", each) for each in self._in(advert.title)}
            found |= {("description", each) for each in self._in(advert.description)}
            self._known[id(advert)] = frozenset(found)
        return self._known[id(advert)]

    def _in(self, text: str) -> Iterable[str]:
        words = _core.analyze(text, settings=self._settings)
        sentences: defaultdict[int, list[str]] = defaultdict(list)
        for word in words:
            said = any(map(str.isalpha, word.lemma))
            sentences[word.sentence].append(word.lemma if said else f"\0{word.folded}")
        for words_of in sentences.values():
            for start, first in enumerate(words_of):
                if _says_nothing(first):
                    continue
                for end in range(start + 1, min(start + _LONGEST, len(words_of)) + 1):
                    part = words_of[start:end]
                    if not _says_nothing(part[-1]) and not any(each[0] == "\0" for each in part):
                        yield " ".join(part)


@functools.cache
def _edges() -> frozenset[str]:
    text = (resources.files("jobsieve") / "suggest-edges.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())


def _says_nothing(word: str) -> bool:
    return word in _edges() or len(word) < 2 or word[0] == "\0"


def terms_apart(
    inside: Sequence[Advert],
    outside: Sequence[Advert],
    terms: Terms,
    *,
    most: int = 20,
    least: int = 3,
) -> list[Suggestion]:
    """Terms that stand in the adverts inside more often than in those outside, the surest first; each in
    at least `least` adverts inside. Of terms in the same adverts only the longest is given."""
    within, without = _counts(inside, terms), _counts(outside, terms)
    weighed = []
    for key, count in within.items():
        if count >= least:
            weight = _lower_log_odds(count, len(inside), without[key], len(outside))
            if weight > 0:
                weighed.append((weight, key))
    weighed.sort(key=lambda each: (-each[0], each[1]))
    found: list[Suggestion] = []
    for weight, (field, term) in weighed:
        if len(found) == most:
            break
        if any(_says_the_same(field, term, each) for each in found):
            continue
        holders = tuple(each for each in inside if (field, term) in terms.of(each))
        count, other = within[field, term], without[field, term]
        found.append(Suggestion(field, term, count, other, weight, holders[:5]))
    return found


def _says_the_same(field: Field, term: str, other: Suggestion) -> bool:
    if field != other.field:
        return False
    longer, shorter = sorted((term, other.term), key=len, reverse=True)
    return f" {shorter} " in f" {longer} "


def groups(adverts: Sequence[Advert], others: Sequence[Advert], terms: Terms) -> list[Group]:
    """Adverts by the terms that they share and others lack, the largest group first; each advert stands
    in the first group that takes it."""
    waiting = list(adverts)
    found = []
    while waiting:
        shared = terms_apart(waiting, others, terms, most=40, least=2)
        if not shared:
            break
        # A word of the title says more about what an advert is.
        best = max(shared, key=lambda each: (each.field == "title", each.inside, each.weight))
        taken = [each for each in waiting if (best.field, best.term) in terms.of(each)]
        found.append(Group(f'{best.field} "{best.term}"', tuple(taken)))
        waiting = [each for each in waiting if (best.field, best.term) not in terms.of(each)]
    found.sort(key=lambda each: -len(each.adverts))
    if waiting:
        found.append(Group(None, tuple(waiting)))
    return found


@dataclass(frozen=True, slots=True)
class Judged:
    """An advert, the labels that are right for it, and the label that the rules' answer counts for, None
    where that is none."""

    advert: Advert
    wanted: tuple[str, ...]
    given: str | None


@dataclass(frozen=True, slots=True)
class Advice:
    """For one label: terms that set the adverts that it misses apart from those of other labels, and terms
    that set the adverts that it takes wrongly apart from those that it takes rightly."""

    label: str
    right: int
    missed: int
    taken: int
    finding: tuple[Suggestion, ...]
    excluding: tuple[Suggestion, ...]


def for_labelled(judged: Sequence[Judged], terms: Terms, *, most: int = 20) -> list[Advice]:
    """Advice for each label with a mistake, most mistakes first."""
    found = []
    for label in sorted({label for each in judged for label in each.wanted}):
        right = [each.advert for each in judged if label in each.wanted and each.given == label]
        missed = [
            each.advert for each in judged if label in each.wanted and each.given not in each.wanted
        ]
        taken = [each.advert for each in judged if label not in each.wanted and each.given == label]
        others = [each.advert for each in judged if label not in each.wanted]
        if missed or taken:
            finding = terms_apart(missed, others, terms, most=most)
            excluding = terms_apart(taken, right, terms, most=most)
            found.append(
                Advice(label, len(right), len(missed), len(taken), tuple(finding), tuple(excluding))
            )
    return sorted(found, key=lambda each: (-each.missed - each.taken, each.label))


def for_classified(
    caught: Sequence[tuple[Advert, str]], waiting: Sequence[Advert], terms: Terms, *, most: int = 20
) -> list[Advice]:
    """For adverts without labels: terms of each category's own adverts that also stand in adverts which no
    rule catches; their `adverts` are such. `missed` counts the adverts that hold any of them."""
    found = []
    for category in sorted({category for _, category in caught}):
        inside = [advert for advert, each in caught if each == category]
        outside = [advert for advert, each in caught if each != category]
        suggestions, holders = [], set[str]()
        for each in terms_apart(inside, outside, terms, most=10 * most, least=3):
            held = tuple(one for one in waiting if (each.field, each.term) in terms.of(one))
            if held:
                suggestions.append(dataclasses.replace(each, adverts=held[:5]))
                holders |= {one.id for one in held}
        if suggestions:
            finding = tuple(suggestions[:most])
            found.append(Advice(category, len(inside), len(holders), 0, finding, ()))
    return sorted(found, key=lambda each: (-each.missed, each.label))


def _counts(adverts: Iterable[Advert], terms: Terms) -> Counter[tuple[Field, str]]:
    found: Counter[tuple[Field, str]] = Counter()
    for advert in adverts:
        found.update(terms.of(advert))
    return found


def _lower_log_odds(inside: int, all_inside: int, outside: int, all_outside: int) -> float:
    """The lower end of the log-odds ratio; half an advert is added everywhere, so that none is nought."""
    cells = (
        inside + 0.5,
        all_inside - inside + 0.5,
        outside + 0.5,
        all_outside - outside + 0.5,
    )
    ratio = math.log(cells[0] * cells[3] / (cells[1] * cells[2]))
    return ratio - _Z * math.sqrt(sum(1 / cell for cell in cells))
