"""Three matchers agree: the indexed one, its twin without selection, and the Python reference."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from jobsieve import _core
from tests.pair_generator import Drawn, Generator
from tests.reference_matcher import (
    Asked,
    Fields,
    Place,
    ReferenceMatcher,
    Rule,
    Term,
    Tree,
    Word,
    settings_of,
    without_sentences,
)

RULES = 8
ADVERTS_A_RULE = 5
# The whole check (.ci/run) compares 200,000 pairs of a rule and an advert.
PAIRS = int(os.environ.get("JOBSIEVE_TEST_PAIRS", "20000"))
RULE_SETS = PAIRS // (RULES * ADVERTS_A_RULE)
CONSTRUCTS = (
    *("and", "or", "not", "unless", "parentheses", "sticky field", "colon"),
    *("word", "phrase", "list", "exact", "case", "any form", "prefix", "slop"),
    *("near", "before", "any of", "all of", "none of", "at least of", "of list", "category"),
    *("text", "keyword", "number", "date", "boolean"),
    *("=", "!=", "<", "<=", ">", ">=", "between", "in"),
)
LEMMAS = ("wordnet-plus", "wordnet", "off")


def compiled(source: str, lemmas: str) -> _core.RuleSet:
    ruleset, diagnostics = _core.compile([("drawn.rules", source)], settings=settings_of(lemmas))
    assert ruleset is not None, (diagnostics, source)
    return ruleset


def answer(found: _core.Classification) -> dict[str, Any]:
    return {
        "matched_rules": found.matched_rules,
        "categories": [(each.path, each.score, each.rules) for each in found.categories],
        "attributes": found.attributes,
    }


def flat(advert: Mapping[str, Any]) -> dict[str, Any]:
    """The advert as keyword arguments."""
    texts = {name: value for name, value in advert.items() if name != "fields"}
    return {**texts, **advert.get("fields", {})}


@pytest.mark.timeout(300 * PAIRS // 20_000)  # 15 s of work; a busy machine takes longer
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
                found = ruleset.classify(**flat(advert))
                assert answer(found) == expected, (source, advert)
                assert answer(ruleset.match_unfiltered(body)) == expected, (source, advert)
                matched = drawn.name in expected["matched_rules"]
                check_explanation(ruleset, drawn.name, body, matched)
                verdicts = matching if drawn.name in found.matched_rules else missing
                verdicts.update(["pairs", *drawn.constructs])
    pairs = matching["pairs"] + missing["pairs"]
    assert pairs == PAIRS
    assert 0.3 <= matching["pairs"] / pairs <= 0.7, (matching, missing)
    for verdicts in (matching, missing):
        for construct in CONSTRUCTS:
            assert verdicts[construct] >= verdicts["pairs"] / 100, (construct, verdicts)


def check_explanation(ruleset: _core.RuleSet, name: str, body: bytes, matched: bool) -> None:
    """The explanation agrees with the verdict, and its places with the advert."""
    answer = json.loads(ruleset.explain_json(body, rule=name))
    (found,) = [each for each in answer["explanations"] if each["rule"] == name]
    excepted = found["unless"] is not None and found["unless"]["holds"]
    assert found["matched"] == matched == (found["when"]["holds"] and not excepted)
    texts = flat(json.loads(body))
    leaves = [found["when"], *([found["unless"]] if found["unless"] else [])]
    while leaves:
        clause = leaves.pop()
        leaves += clause.get("parts", [])
        assert found["source"]["text"][clause["start"] : clause["end"]] == clause["text"]
        if clause["kind"] == "leaf":
            assert clause["holds"] == bool(clause["places"])
        for place in clause.get("places", []):
            assert place["field"] in clause["fields"]
            assert texts[place["field"]][place["start"] : place["end"]] == place["text"] != ""
        if clause["kind"] == "comparison":
            given = texts.get(clause["field"], [])
            assert clause["values"] == (given if isinstance(given, list) else [given])
            assert not clause["holds"] or clause["values"]


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


class FirstOperandOfOrForgotten(ReferenceMatcher):
    def any_holds(self, verdicts: Sequence[bool]) -> bool:
        return any(verdicts[1:])


class OrIsExclusive(ReferenceMatcher):
    def any_holds(self, verdicts: Sequence[bool]) -> bool:
        return sum(verdicts) == 1


class OneMoreThanAtLeast(ReferenceMatcher):
    def enough(self, count: int, verdicts: Sequence[bool]) -> bool:
        return super().enough(count + 1, verdicts)


class OneIsEnough(ReferenceMatcher):
    def enough(self, count: int, verdicts: Sequence[bool]) -> bool:
        return any(verdicts)


class NotIgnored(ReferenceMatcher):
    def holds(self, tree: Tree, fields: Fields) -> bool:
        return self.holds(tree[1][0], fields) if tree[0] == "not" else super().holds(tree, fields)


class NotAlwaysHolds(ReferenceMatcher):
    def holds(self, tree: Tree, fields: Fields) -> bool:
        return tree[0] == "not" or super().holds(tree, fields)


class DoubleNotNeverHolds(ReferenceMatcher):
    def holds(self, tree: Tree, fields: Fields) -> bool:
        double = tree[0] == "not" and tree[1][0][0] == "not"
        return not double and super().holds(tree, fields)


class UnlessIgnored(ReferenceMatcher):
    def rule_matches(self, rule: Rule, fields: Fields) -> bool:
        return super().rule_matches(replace(rule, unless=None), fields)


class UnlessIsRequired(ReferenceMatcher):
    def rule_matches(self, rule: Rule, fields: Fields) -> bool:
        met = rule.unless is None or self.holds(rule.unless, fields)
        return self.holds(rule.when, fields) and met


class FieldsIgnored(ReferenceMatcher):
    def fields_of(self, names: Sequence[str], fields: Fields) -> list[list[Word]]:
        return list(fields.values())


class FirstFieldOnly(ReferenceMatcher):
    def fields_of(self, names: Sequence[str], fields: Fields) -> list[list[Word]]:
        return [fields[names[0]]]


class FieldsSwapped(ReferenceMatcher):
    def fields_of(self, names: Sequence[str], fields: Fields) -> list[list[Word]]:
        other = {"title": "description", "description": "title", "company": "company"}
        return [fields[other[name]] for name in names]


class FieldsJoined(ReferenceMatcher):
    def fields_of(self, names: Sequence[str], fields: Fields) -> list[list[Word]]:
        return [without_sentences([word for name in names for word in fields[name]])]


class SentencesIgnored(ReferenceMatcher):
    def in_one_sentence(self, field: list[Word], one: int, other: int) -> bool:
        return True


class PhraseByItsFirstWord(ReferenceMatcher):
    def asked(self, term: Term) -> list[Asked]:
        return super().asked(term)[:1]


class PhraseByItsLastWord(ReferenceMatcher):
    def asked(self, term: Term) -> list[Asked]:
        return super().asked(term)[-1:]


class PhraseTurnedRound(ReferenceMatcher):
    def asked(self, term: Term) -> list[Asked]:
        return super().asked(term)[::-1]


class MoreSlop(ReferenceMatcher):
    def places_of_term(self, term: Term, field: list[Word]) -> set[Place]:
        return super().places_of_term((term[0], term[1], (term[2] or 0) + 1), field)


class NoSlop(ReferenceMatcher):
    def places_of_term(self, term: Term, field: list[Word]) -> set[Place]:
        return super().places_of_term((term[0], term[1], None), field)


class FirstPlaceOnly(ReferenceMatcher):
    def places_of_term(self, term: Term, field: list[Word]) -> set[Place]:
        return set(sorted(super().places_of_term(term, field))[:1])


class LastWordOfTheFieldForgotten(ReferenceMatcher):
    def places_of_term(self, term: Term, field: list[Word]) -> set[Place]:
        return super().places_of_term(term, field[:-1])


class NearIsBefore(ReferenceMatcher):
    def are_near(
        self, name: str, distance: int, one: Place, other: Place, field: list[Word]
    ) -> bool:
        return super().are_near("before", distance, one, other, field)


class BeforeIsNear(ReferenceMatcher):
    def are_near(
        self, name: str, distance: int, one: Place, other: Place, field: list[Word]
    ) -> bool:
        return super().are_near("near", distance, one, other, field)


class NearerThanNear(ReferenceMatcher):
    def are_near(
        self, name: str, distance: int, one: Place, other: Place, field: list[Word]
    ) -> bool:
        return super().are_near(name, distance - 1, one, other, field)


class FartherThanNear(ReferenceMatcher):
    def are_near(
        self, name: str, distance: int, one: Place, other: Place, field: list[Word]
    ) -> bool:
        return super().are_near(name, distance + 1, one, other, field)


class ListByItsFirstTerm(ReferenceMatcher):
    def places_of(self, tree: Tree, field: list[Word]) -> set[Place]:
        if tree[0] == "list":
            return self.places_of_term(self.lists[tree[2]][0], field)
        return super().places_of(tree, field)


class FormsIgnored(ReferenceMatcher):
    def same(self, asked: Asked, word: Word) -> bool:
        plain = {"exact": "lemma", "case": "lemma", "any form": "lemma"}
        return super().same(replace(asked, form=plain.get(asked.form, asked.form)), word)


class CaseIsExact(ReferenceMatcher):
    def same(self, asked: Asked, word: Word) -> bool:
        plain = {"case": "exact", "case prefix": "prefix"}
        return super().same(replace(asked, form=plain.get(asked.form, asked.form)), word)


class StarsIgnored(ReferenceMatcher):
    def same(self, asked: Asked, word: Word) -> bool:
        plain = {"prefix": "exact", "case prefix": "case"}
        return super().same(replace(asked, form=plain.get(asked.form, asked.form)), word)


class NamesNotMet(ReferenceMatcher):
    def same(self, asked: Asked, word: Word) -> bool:
        if asked.form == "lemma":
            return asked.word.lemma == word.lemma
        return super().same(asked, word)


class NothingSplit(ReferenceMatcher):
    def splits(self, word: str) -> list[tuple[str, str]]:
        return []


class NothingJoined(ReferenceMatcher):
    def joined(self, head: str, tail: str, hyphen: bool) -> str | None:
        return None


class SignsIgnored(ReferenceMatcher):
    def same(self, asked: Asked, word: Word) -> bool:
        return super().same(replace(asked, signs=("", "")), word)


class VerbsIgnored(ReferenceMatcher):
    def same(self, asked: Asked, word: Word) -> bool:
        return super().same(asked, replace(word, verb=word.folded))


class RemovalIgnored(ReferenceMatcher):
    def removed(self, matched: Sequence[Rule]) -> set[str]:
        return set()


class CategoryExactly(ReferenceMatcher):
    def category_holds(self, category: str, fields: Fields) -> bool:
        matched = [rule for rule in self.rules if self.touches(rule, category, fields)]
        return category in set(self.added(matched)) - self.removed(matched)


class CategoryNeverHolds(ReferenceMatcher):
    def category_holds(self, category: str, fields: Fields) -> bool:
        return False


class ComparisonsHold(ReferenceMatcher):
    def compares(self, field: str, operator: str, asked: Sequence[Any]) -> bool:
        return True


class UnequalHoldsWithoutAValue(ReferenceMatcher):
    def compares(self, field: str, operator: str, asked: Sequence[Any]) -> bool:
        missing = operator == "!=" and not self.values.get(field)
        return missing or super().compares(field, operator, asked)


class UnequalOfAll(ReferenceMatcher):
    def compares(self, field: str, operator: str, asked: Sequence[Any]) -> bool:
        if operator == "!=" and self.values.get(field):
            return not super().compares(field, "=", asked)
        return super().compares(field, operator, asked)


class FirstValueOnly(ReferenceMatcher):
    def compares(self, field: str, operator: str, asked: Sequence[Any]) -> bool:
        self.values = {name: values[:1] for name, values in self.values.items()}
        return super().compares(field, operator, asked)


class CaseOfKeywordsMatters(ReferenceMatcher):
    def folded(self, value: Any) -> Any:
        return value


class EndsAreOutside(ReferenceMatcher):
    def meets(self, value: Any, operator: str, wanted: Sequence[Any]) -> bool:
        return super().meets(value, {"<=": "<", ">=": ">"}.get(operator, operator), wanted)


class EndsOfRangesAreOutside(ReferenceMatcher):
    def meets(self, value: Any, operator: str, wanted: Sequence[Any]) -> bool:
        outside = operator == "between" and value in wanted
        return not outside and super().meets(value, operator, wanted)


class InIsItsFirstValue(ReferenceMatcher):
    def meets(self, value: Any, operator: str, wanted: Sequence[Any]) -> bool:
        return super().meets(value, operator, wanted[:1] if operator == "in" else wanted)


class EveryScoreIsOne(ReferenceMatcher):
    def classify(self, advert: Mapping[str, Any]) -> dict[str, Any]:
        answer = super().classify(advert)
        answer["categories"] = [(path, 1.0, rules) for path, _, rules in answer["categories"]]
        return answer


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
            if answer(ruleset.classify(**flat(advert))) != bent.classify(advert):
                return
    pytest.fail("the drawn pairs do not notice it")


def adverts_of(generator: Generator, rules: list[Drawn]) -> list[dict[str, Any]]:
    return [advert for rule in rules for advert in generator.adverts(rule, 1)]


def test_what_several_rules_count_is_counted_once_an_advert() -> None:
    """By lists and by words, in one field and in both; what stands in both fields counts once."""
    counts = [
        f'rule "{n}": when at least {n} of list "tools" then add category "{n}";' for n in (1, 2, 3)
    ]
    titles = [
        f'rule "title {n}": when title at least {n} of list "tools" then add category "t{n}";'
        for n in (2, 3)
    ]
    mixed = 'rule "mixed": when at least 2 of ("saw", title "drill", "glue") then add category "m";'
    source = "\n".join(
        ['list "tools": "saw", "hammer", "band saw", "drill";', *counts, *titles, mixed]
    )
    ruleset = compiled(source, "wordnet-plus")
    matched = {
        ("saw", "saws and a saw"): ["1"],
        ("saw", "hammer"): ["1", "2"],
        ("hammer and saw", "saw"): ["1", "2", "title 2"],
        ("band saw", ""): ["1", "2", "title 2"],
        ("drill", "band saw"): ["1", "2", "3", "mixed"],
        ("saw, hammer, drill", "glue"): ["1", "2", "3", "mixed", "title 2", "title 3"],
        ("glue", "drill"): ["1"],
    }
    for (title, description), expected in matched.items():
        found = ruleset.classify(title=title, description=description).matched_rules
        body = json.dumps({"title": title, "description": description}).encode()
        assert found == ruleset.match_unfiltered(body).matched_rules == expected, (
            title,
            description,
        )
