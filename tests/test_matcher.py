"""Three matchers agree: the indexed one, its twin without selection, and the Python reference."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from jobsieve import _core
from tests.pair_generator import Drawn, Generator
from tests.reference_matcher import ReferenceMatcher, Rule, Tree, Word

RULE_SETS = 500
RULES = 8
ADVERTS_A_RULE = 5
LEMMAS = ("wordnet-plus", "wordnet", "off")


def compiled(source: str, lemmas: str) -> _core.RuleSet:
    ruleset, diagnostics = _core.compile([("drawn.rules", source)], lemmas=lemmas)
    assert ruleset is not None, (diagnostics, source)
    return ruleset


def answer(found: _core.Classification) -> dict[str, Any]:
    return {
        "matched_rules": found.matched_rules,
        "categories": [(each.path, each.score, each.rules) for each in found.categories],
    }


def test_three_matchers_agree_on_random_pairs() -> None:
    generator = Generator(seed=2017)
    matching: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for number in range(RULE_SETS):
        source, rules = generator.ruleset(RULES)
        lemmas = LEMMAS[number % len(LEMMAS)]
        ruleset = compiled(source, lemmas)
        reference = ReferenceMatcher(source, lemmas)
        for drawn in rules:
            for advert in generator.adverts(drawn, ADVERTS_A_RULE):
                expected = reference.classify(advert)
                body = json.dumps(advert).encode()
                found = ruleset.classify(**advert)
                assert answer(found) == expected, (source, advert)
                assert answer(ruleset.match_unfiltered(body)) == expected, (source, advert)
                verdicts = matching if drawn.name in found.matched_rules else missing
                verdicts.update(["pairs", *drawn.constructs])
    pairs = matching["pairs"] + missing["pairs"]
    assert pairs == RULE_SETS * RULES * ADVERTS_A_RULE == 20_000
    assert 0.3 <= matching["pairs"] / pairs <= 0.7, (matching, missing)
    for verdicts in (matching, missing):
        for construct in (
            "and",
            "or",
            "not",
            "unless",
            "word",
            "phrase",
            "list",
            "parentheses",
            "sticky field",
            "colon",
        ):
            assert verdicts[construct] >= verdicts["pairs"] / 100, (construct, verdicts)


# Each mutant bends one judgement of the reference; the drawn pairs must notice every one.


class AndIsOr(ReferenceMatcher):
    def all_hold(self, verdicts: Sequence[bool]) -> bool:
        return any(verdicts)


class OrIsAnd(ReferenceMatcher):
    def any_holds(self, verdicts: Sequence[bool]) -> bool:
        return all(verdicts)


class LastOperandOfAndForgotten(ReferenceMatcher):
    def all_hold(self, verdicts: Sequence[bool]) -> bool:
        return all(verdicts[:-1])


class FirstOperandOfAndForgotten(ReferenceMatcher):
    def all_hold(self, verdicts: Sequence[bool]) -> bool:
        return all(verdicts[1:])


class LastOperandOfOrForgotten(ReferenceMatcher):
    def any_holds(self, verdicts: Sequence[bool]) -> bool:
        return any(verdicts[:-1])


class FirstOperandOfOrForgotten(ReferenceMatcher):
    def any_holds(self, verdicts: Sequence[bool]) -> bool:
        return any(verdicts[1:])


class OrIsExclusive(ReferenceMatcher):
    def any_holds(self, verdicts: Sequence[bool]) -> bool:
        return sum(verdicts) == 1


class NotIgnored(ReferenceMatcher):
    def holds(self, tree: Tree, fields: Any) -> bool:
        return self.holds(tree[1][0], fields) if tree[0] == "not" else super().holds(tree, fields)


class NotAlwaysHolds(ReferenceMatcher):
    def holds(self, tree: Tree, fields: Any) -> bool:
        return tree[0] == "not" or super().holds(tree, fields)


class UnlessIgnored(ReferenceMatcher):
    def rule_matches(self, rule: Rule, fields: Any) -> bool:
        return super().rule_matches(replace(rule, unless=None), fields)


class UnlessIsRequired(ReferenceMatcher):
    def rule_matches(self, rule: Rule, fields: Any) -> bool:
        excepted = rule.unless is None or self.holds(rule.unless, fields)
        return self.holds(rule.when, fields) and excepted


class FieldsIgnored(ReferenceMatcher):
    def fields_of(self, names: Sequence[str], fields: Any) -> list[list[Word]]:
        return list(fields.values())


class FirstFieldOnly(ReferenceMatcher):
    def fields_of(self, names: Sequence[str], fields: Any) -> list[list[Word]]:
        return [fields[names[0]]]


class FieldsSwapped(ReferenceMatcher):
    def fields_of(self, names: Sequence[str], fields: Any) -> list[list[Word]]:
        other = {"title": "description", "description": "title"}
        return [fields[other[name]] for name in names]


class FieldsJoined(ReferenceMatcher):
    def fields_of(self, names: Sequence[str], fields: Any) -> list[list[Word]]:
        joined: list[Word] = []
        for name in names:
            joined += [
                replace(word, sentence=0, position=len(joined) + step)
                for step, word in enumerate(fields[name])
            ]
        return [joined]


class PhraseCrossesSentences(ReferenceMatcher):
    def stands_at(self, wanted: Sequence[Word], window: Sequence[Word]) -> bool:
        return super().stands_at(wanted, [replace(word, sentence=0) for word in window])


class PhraseInAnyOrder(ReferenceMatcher):
    def stands_at(self, wanted: Sequence[Word], window: Sequence[Word]) -> bool:
        same = len({word.sentence for word in window}) == 1
        return same and sorted(word.lemma for word in wanted) == sorted(
            word.lemma for word in window
        )


class PhraseByItsFirstWord(ReferenceMatcher):
    def stands_in(self, wanted: Sequence[Word], field: list[Word]) -> bool:
        return super().stands_in(wanted[:1], field)


class PhraseByItsLastWord(ReferenceMatcher):
    def stands_in(self, wanted: Sequence[Word], field: list[Word]) -> bool:
        return super().stands_in(wanted[-1:], field)


class PhraseWithAGap(ReferenceMatcher):
    def stands_in(self, wanted: Sequence[Word], field: list[Word]) -> bool:
        lemmas = iter([word.lemma for word in field])
        return all(word.lemma in lemmas for word in wanted)


class FirstPlaceOnly(ReferenceMatcher):
    def stands_in(self, wanted: Sequence[Word], field: list[Word]) -> bool:
        starts = [at for at, word in enumerate(field) if self.same(wanted[0], word)][:1]
        window = field[starts[0] : starts[0] + len(wanted)] if starts else []
        return len(window) == len(wanted) and self.stands_at(wanted, window)


class LastWordOfTheFieldForgotten(ReferenceMatcher):
    def stands_in(self, wanted: Sequence[Word], field: list[Word]) -> bool:
        return super().stands_in(wanted, field[:-1])


class FirstWordOfTheFieldForgotten(ReferenceMatcher):
    def stands_in(self, wanted: Sequence[Word], field: list[Word]) -> bool:
        return super().stands_in(wanted, field[1:])


class ListByItsFirstTerm(ReferenceMatcher):
    def holds(self, tree: Tree, fields: Any) -> bool:
        if tree[0] == "list":
            return self.holds(("term", tree[1], self.lists[tree[2]][0]), fields)
        return super().holds(tree, fields)


class RuleTermsNotReduced(ReferenceMatcher):
    def words_of(self, term: str) -> list[Word]:
        return [replace(word, lemma=word.folded) for word in super().words_of(term)]


class NamesNotMet(ReferenceMatcher):
    def same(self, asked: Word, word: Word) -> bool:
        return asked.lemma == word.lemma


class SpellingOnly(ReferenceMatcher):
    def same(self, asked: Word, word: Word) -> bool:
        return asked.folded == word.folded


class EveryScoreIsOne(ReferenceMatcher):
    def classify(self, advert: Any) -> dict[str, Any]:
        self.rules = [
            replace(rule, adds=tuple((path, 1.0) for path, _ in rule.adds)) for rule in self.rules
        ]
        return super().classify(advert)


def mutants() -> list[type[ReferenceMatcher]]:
    return ReferenceMatcher.__subclasses__()


def test_there_are_enough_mutants() -> None:
    assert len(mutants()) >= 20


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.__name__)
def test_a_bent_judgement_is_noticed(mutant: type[ReferenceMatcher]) -> None:
    generator = Generator(seed=7)
    for _ in range(RULE_SETS):
        source, rules = generator.ruleset(RULES)
        ruleset = compiled(source, "wordnet-plus")
        bent = mutant(source, "wordnet-plus")
        for advert in adverts_of(generator, rules):
            if answer(ruleset.classify(**advert)) != bent.classify(advert):
                return
    pytest.fail("the drawn pairs do not notice it")


def adverts_of(generator: Generator, rules: list[Drawn]) -> list[dict[str, str]]:
    return [advert for rule in rules for advert in generator.adverts(rule, 1)]
