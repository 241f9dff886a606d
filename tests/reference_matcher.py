"""An independent matcher: the meaning of the language in the plainest Python.

It takes tokens and the parsed tree from the binding and shares nothing with the engine after that.
Its judgements are methods, so that a test can bend one and see that the comparison notices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobsieve import _core

Tree = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Word:
    folded: str
    lemma: str
    position: int
    sentence: int


def words(text: str, lemmas: str, *, rule: bool) -> list[Word]:
    tokens = _core.analyze(text, lemmas=lemmas, rule=rule)
    return [Word(token[1], token[2], token[5], token[6]) for token in tokens]


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    when: Tree
    unless: Tree | None
    adds: tuple[tuple[str, float], ...]


class ReferenceMatcher:
    """The rules of one source text."""

    def __init__(self, source: str, lemmas: str) -> None:
        self.lemmas = lemmas
        self.lists: dict[str, list[str]] = {}
        self.rules: list[Rule] = []
        self.terms: dict[str, list[Word]] = {}
        for item in _core.parse(source):
            if item[0] == "list":
                self.lists[item[1]] = item[2]
            else:
                _, name, when, unless, actions = item
                adds = tuple((path, float(score)) for _, path, score in actions)
                self.rules.append(Rule(name, when, unless, adds))

    def words_of(self, term: str) -> list[Word]:
        if term not in self.terms:
            self.terms[term] = words(term, self.lemmas, rule=True)
        return self.terms[term]

    # What an advert is

    def read(self, advert: Mapping[str, str]) -> dict[str, list[Word]]:
        return {
            field: words(advert.get(field, ""), self.lemmas, rule=False)
            for field in ("title", "description")
        }

    # What a condition means

    def rule_matches(self, rule: Rule, fields: Mapping[str, list[Word]]) -> bool:
        excepted = rule.unless is not None and self.holds(rule.unless, fields)
        return self.holds(rule.when, fields) and not excepted

    def holds(self, tree: Tree, fields: Mapping[str, list[Word]]) -> bool:
        match tree[0]:
            case "and":
                return self.all_hold([self.holds(part, fields) for part in tree[1]])
            case "or":
                return self.any_holds([self.holds(part, fields) for part in tree[1]])
            case "not":
                return not self.holds(tree[1][0], fields)
            case "term":
                return self.term_stands(tree[2], self.fields_of(tree[1], fields))
            case "list":
                terms = self.lists[tree[2]]
                return any(self.term_stands(t, self.fields_of(tree[1], fields)) for t in terms)
        raise ValueError(tree[0])

    def all_hold(self, verdicts: Sequence[bool]) -> bool:
        return all(verdicts)

    def any_holds(self, verdicts: Sequence[bool]) -> bool:
        return any(verdicts)

    def fields_of(self, names: Sequence[str], fields: Mapping[str, list[Word]]) -> list[list[Word]]:
        return [fields[name] for name in names]

    def term_stands(self, term: str, fields: Sequence[list[Word]]) -> bool:
        wanted = self.words_of(term)
        return any(self.stands_in(wanted, field) for field in fields)

    def stands_in(self, wanted: Sequence[Word], field: list[Word]) -> bool:
        starts = range(len(field) - len(wanted) + 1)
        return any(self.stands_at(wanted, field[start : start + len(wanted)]) for start in starts)

    def stands_at(self, wanted: Sequence[Word], window: Sequence[Word]) -> bool:
        return all(
            self.same(asked, word)
            and word.position == window[0].position + step
            and word.sentence == window[0].sentence
            for step, (asked, word) in enumerate(zip(wanted, window, strict=True))
        )

    def same(self, asked: Word, word: Word) -> bool:
        # A name keeps its plural look ("at Brantocks"): then its spelling is its lemma.
        return asked.lemma == word.lemma or asked.folded == word.folded

    # What follows

    def classify(self, advert: Mapping[str, str]) -> dict[str, Any]:
        fields = self.read(advert)
        matched = [rule for rule in self.rules if self.rule_matches(rule, fields)]
        scores: dict[str, float] = {}
        for rule in matched:
            for path, score in rule.adds:
                scores[path] = scores.get(path, 0) + score
        order = sorted(scores, key=lambda path: (-scores[path], -path.count("/"), path))
        return {
            "matched_rules": sorted(rule.name for rule in matched),
            "categories": [
                (
                    path,
                    scores[path],
                    sorted(rule.name for rule in matched if path in dict(rule.adds)),
                )
                for path in order
            ],
        }
