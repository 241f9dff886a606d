"""An independent matcher: the meaning of the language in the plainest Python.

It takes tokens and the parsed tree from the binding and shares nothing with the engine after that.
Its judgements are methods, so that a test can bend one and see that the comparison notices.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from jobsieve import _core

Tree = tuple[Any, ...]
Term = tuple[str, str, int | None]
Fields = Mapping[str, list["Word"]]
DASHES = ("-", "/", "–", "—", "‐")
# The engine tries no more ways to write a term, and none for a term of more words.
MAX_SPELLINGS = 16
MAX_WORDS = 8
# First and last word, by their place among all words of the field.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Word:
    surface: str
    folded: str
    lemma: str
    verb: str
    sentence: int
    signs: tuple[str, str]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A word of a term: how it is to be met."""

    form: str
    word: Word
    # Whether a hyphen, a space or something else stands before the next word of the term.
    gap: str = "space"
    signs: tuple[str, str] = ("", "")

    @property
    def compounds(self) -> bool:
        return self.form in ("lemma", "any form") and self.signs == ("", "")


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    when: Tree
    unless: Tree | None
    actions: tuple[tuple[str, str, str], ...]

    def adds(self) -> Iterator[tuple[str, float]]:
        for kind, path, score in self.actions:
            if kind == "add category":
                yield path, float(score)


# What adverts may have beside title and description.
FIELDS = {
    "company": "text",
    "location": "keyword",
    "posted": "date",
    "remote": "boolean",
    "salary": "number",
}
TEXTS = ("title", "description", "company")
Values = Mapping[str, list[Any]]


def settings_of(lemmas: str) -> bytes:
    return json.dumps({"analysis": {"lemmas": lemmas}, "fields": FIELDS}).encode()


def read(text: str, lemmas: str, *, rule: bool) -> list[Word]:
    tokens = _core.analyze(text, settings=settings_of(lemmas), rule=rule)
    assert [token.position for token in tokens] == list(range(len(tokens)))
    return [
        Word(t.surface, t.folded, t.lemma, t.verb_lemma, t.sentence, t.signs, t.start, t.end)
        for t in tokens
    ]


def gap_between(text: str, word: Word, following: Word) -> str:
    between = text[word.end : following.start]
    if word.sentence != following.sentence or (set(between) - {" "} and between not in DASHES):
        return "other"
    return "hyphen" if between in DASHES else "space"


def is_within(path: str, category: str) -> bool:
    return path == category or path.startswith(category + "/")


class ReferenceMatcher:
    """The rules of one source text."""

    def __init__(self, source: str, lemmas: str) -> None:
        self.lemmas = lemmas
        self.lists: dict[str, list[Term]] = {}
        self.rules: list[Rule] = []
        self.terms: dict[Term, list[Asked]] = {}
        self.written: dict[Term, list[list[Asked]]] = {}
        # Of the advert at hand: what it gives for fields of values, and where terms stand in it.
        self.values: Values = {}
        self.places: dict[tuple[Term, int], tuple[list[Word], set[Place]]] = {}
        for item in _core.parse(source, settings=settings_of(lemmas)):
            if item[0] == "list":
                self.lists[item[1]] = item[2]
            else:
                _, name, when, unless, actions = item
                self.rules.append(Rule(name, when, unless, tuple(actions)))

    # What a term asks for

    def asked(self, term: Term) -> list[Asked]:
        if term not in self.terms:
            self.terms[term] = list(self.read_term(*term))
        return self.terms[term]

    def read_term(self, text: str, form: str, _slop: int | None) -> Iterator[Asked]:
        starred = any(self.is_starred(piece) for piece in text.split())
        for piece in text.split() if starred else [text]:
            stem = piece[:-1] if self.is_starred(piece) else piece
            written = stem.replace("\\*", "*")
            words = read(written, self.lemmas, rule=True)
            for number, word in enumerate(words):
                last = number == len(words) - 1
                if last and self.is_starred(piece):
                    yield Asked("case prefix" if form == "case" else "prefix", word)
                else:
                    gap = "space" if last else gap_between(written, word, words[number + 1])
                    yield Asked(form, word, gap, word.signs)

    def spellings(self, asked: Sequence[Asked]) -> list[list[Asked]]:
        """The ways in which a term may be written, as it stands first."""
        if len(asked) > MAX_WORDS:
            return [list(asked)]
        return list(islice(self.spelled(list(asked)), MAX_SPELLINGS))

    def spelled(self, asked: list[Asked]) -> Iterator[list[Asked]]:
        if not asked:
            yield []
            return
        first, *rest = asked
        for others in self.spelled(rest):
            yield [first, *others]
        if not first.compounds:
            return
        for head, tail in self.splits(first.word.folded):
            for others in self.spelled(rest):
                yield [self.asking("exact", head), self.asking(first.form, tail), *others]
        if rest and rest[0].compounds and first.gap != "other":
            joined = self.joined(first.word.folded, rest[0].word.folded, first.gap == "hyphen")
            if joined is not None:
                for others in self.spelled(rest[1:]):
                    yield [self.asking(first.form, joined), *others]

    def splits(self, word: str) -> list[tuple[str, str]]:
        return _core.splits(word)

    def joined(self, head: str, tail: str, hyphen: bool) -> str | None:
        return _core.joined(head, tail, hyphen=hyphen)

    def asking(self, form: str, text: str) -> Asked:
        (word,) = read(text, self.lemmas, rule=True)
        return Asked(form, word)

    def is_starred(self, piece: str) -> bool:
        return piece.endswith("*") and not piece.endswith("\\*")

    def same(self, asked: Asked, word: Word) -> bool:
        wanted = asked.word
        if asked.signs not in (("", ""), word.signs):
            return False
        if asked.form in ("lemma", "any form") and wanted.folded[0].isdigit():
            # An amount is met with its currency, too.
            bare = word.folded.lstrip("£€$")
            word = replace(
                word, folded=bare, lemma=bare if word.lemma == word.folded else word.lemma
            )
        match asked.form:
            case "lemma":
                # A name keeps its plural look ("at Brantocks"): then its spelling is its lemma.
                return wanted.lemma == word.lemma or wanted.folded == word.folded
            case "exact":
                return wanted.folded == word.folded
            case "case":
                return wanted.surface == word.surface
            case "any form":
                forms = {wanted.folded, wanted.lemma, wanted.verb}
                return not forms.isdisjoint({word.folded, word.lemma, word.verb})
            case "prefix":
                return word.folded.startswith(wanted.folded)
            case "case prefix":
                return word.surface.startswith(wanted.surface)
        raise ValueError(asked.form)

    # Where things stand in a field

    def places_of_term(self, term: Term, field: list[Word]) -> set[Place]:
        slop = term[2] or 0
        found = set()
        for asked in self.spellings_of(term):
            for first, word in enumerate(field):
                if not self.same(asked[0], word):
                    continue
                ends = list(self.ends(asked, field, first, first + len(asked) + slop - 1))
                if ends:
                    found.add((first, min(ends)))
        return found

    def known_places(self, term: Term, field: list[Word]) -> set[Place]:
        """The same, looked for once an advert."""
        key = (term, id(field))
        if key not in self.places:
            # The field is kept with its places, so that no other takes its id meanwhile.
            self.places[key] = (field, self.places_of_term(term, field))
        return self.places[key][1]

    def spellings_of(self, term: Term) -> list[list[Asked]]:
        if term not in self.written:
            self.written[term] = self.spellings(self.asked(term))
        return self.written[term]

    def ends(self, asked: Sequence[Asked], field: list[Word], at: int, limit: int) -> Iterator[int]:
        """Where the words can end that begin at `at`, in order, none behind `limit`."""
        if at >= len(field) or at > limit or not self.same(asked[0], field[at]):
            return
        if len(asked) == 1:
            yield at
            return
        for following in range(at + 1, min(limit, len(field) - 1) + 1):
            if self.in_one_sentence(field, at, following):
                yield from self.ends(asked[1:], field, following, limit)

    def in_one_sentence(self, field: list[Word], one: int, other: int) -> bool:
        return field[one].sentence == field[other].sentence

    def places_of(self, tree: Tree, field: list[Word]) -> set[Place]:
        match tree[0]:
            case "term":
                return self.known_places(tree[2], field)
            case "list":
                return {p for term in self.lists[tree[2]] for p in self.known_places(term, field)}
            case "or":
                return {place for part in tree[1] for place in self.places_of(part, field)}
            case "near" | "before":
                name, distance, _, left, right = tree
                found = set()
                for one in self.places_of(left, field):
                    for other in self.places_of(right, field):
                        if self.are_near(name, distance, one, other, field):
                            found.add((min(one[0], other[0]), max(one[1], other[1])))
                return found
        raise ValueError(tree[0])

    def are_near(
        self, name: str, distance: int, one: Place, other: Place, field: list[Word]
    ) -> bool:
        if not self.in_one_sentence(field, one[0], other[0]):
            return False
        after = 0 <= other[0] - one[1] - 1 <= distance
        before = 0 <= one[0] - other[1] - 1 <= distance
        return after or (name == "near" and before)

    # What a condition means

    def holds(self, tree: Tree, fields: Fields) -> bool:
        match tree[0]:
            case "and":
                return self.all_hold([self.holds(part, fields) for part in tree[1]])
            case "or":
                return self.any_holds([self.holds(part, fields) for part in tree[1]])
            case "not":
                return not self.holds(tree[1][0], fields)
            case "at least":
                return self.enough(tree[1], [self.holds(part, fields) for part in tree[2]])
            case "of list":
                _, count, names, name = tree
                terms = self.lists[name]
                verdicts = [self.holds(("term", names, term), fields) for term in terms]
                return self.enough(len(terms) if count is None else count, verdicts)
            case "category":
                return self.category_holds(tree[1], fields)
            case "compare":
                _, field, operator, asked = tree
                return self.compares(field, operator, asked)
            case "near" | "before":
                return self.stands(tree, tree[2], fields)
            case "term" | "list":
                return self.stands(tree, tree[1], fields)
        raise ValueError(tree[0])

    def all_hold(self, verdicts: Sequence[bool]) -> bool:
        return all(verdicts)

    def any_holds(self, verdicts: Sequence[bool]) -> bool:
        return any(verdicts)

    def enough(self, count: int, verdicts: Sequence[bool]) -> bool:
        return sum(verdicts) >= count

    def stands(self, tree: Tree, names: Sequence[str], fields: Fields) -> bool:
        return any(self.places_of(tree, field) for field in self.fields_of(names, fields))

    def fields_of(self, names: Sequence[str], fields: Fields) -> list[list[Word]]:
        return [fields[name] for name in names]

    def compares(self, field: str, operator: str, asked: Sequence[Any]) -> bool:
        """Whether a value of the field meets the test; dates compare as they are written."""
        wanted = [self.folded(value) for value in asked]
        return any(
            self.meets(self.folded(value), operator, wanted) for value in self.values.get(field, [])
        )

    def folded(self, value: Any) -> Any:
        return value.strip().lower() if isinstance(value, str) else value

    def meets(self, value: Any, operator: str, wanted: Sequence[Any]) -> bool:
        match operator:
            case "<":
                return bool(value < wanted[0])
            case "<=":
                return bool(value <= wanted[0])
            case ">":
                return bool(value > wanted[0])
            case ">=":
                return bool(value >= wanted[0])
            case "=":
                return bool(value == wanted[0])
            case "!=":
                return bool(value != wanted[0])
            case "between":
                return bool(wanted[0] <= value <= wanted[1])
            case "in":
                return value in wanted
        raise ValueError(operator)

    def category_holds(self, category: str, fields: Fields) -> bool:
        matched = [rule for rule in self.rules if self.touches(rule, category, fields)]
        kept = set(self.added(matched)) - self.removed(matched)
        return any(is_within(path, category) for path in kept)

    def touches(self, rule: Rule, category: str, fields: Fields) -> bool:
        """Whether the rule matches and could add or remove the category or one below it."""
        for kind, path, _ in rule.actions:
            root = path.removesuffix("/*")
            below = kind == "remove category" and path != root and is_within(category, root)
            if kind != "set" and (below or is_within(root, category)):
                return self.rule_matches(rule, fields)
        return False

    def added(self, matched: Sequence[Rule]) -> list[str]:
        return [path for rule in matched for path, _ in rule.adds()]

    def removed(self, matched: Sequence[Rule]) -> set[str]:
        roots = [p for rule in matched for k, p, _ in rule.actions if k == "remove category"]
        exact = {path for path in roots if not path.endswith("/*")}
        below = {
            path
            for path in self.added(self.rules)
            for root in roots
            if root.endswith("/*") and is_within(path, root.removesuffix("/*"))
        }
        return exact | below

    def rule_matches(self, rule: Rule, fields: Fields) -> bool:
        excepted = rule.unless is not None and self.holds(rule.unless, fields)
        return self.holds(rule.when, fields) and not excepted

    # What follows

    def classify(self, advert: Mapping[str, Any]) -> dict[str, Any]:
        given = advert.get("fields", {})
        texts = {**advert, **given}
        fields = {field: read(texts.get(field) or "", self.lemmas, rule=False) for field in TEXTS}
        self.places = {}
        self.values = {
            name: value if isinstance(value, list) else [value]
            for name, value in given.items()
            if value is not None
        }
        matched = [rule for rule in self.rules if self.rule_matches(rule, fields)]
        removed = self.removed(matched)
        scores: dict[str, float] = {}
        for path, score in (add for rule in matched for add in rule.adds()):
            if path not in removed:
                scores[path] = scores.get(path, 0) + score
        order = sorted(scores, key=lambda path: (-scores[path], -path.count("/"), path))
        attributes: dict[str, set[str]] = {}
        for kind, name, value in (action for rule in matched for action in rule.actions):
            if kind == "set":
                attributes.setdefault(name, set()).add(value)
        return {
            "matched_rules": sorted(rule.name for rule in matched),
            "categories": [
                (path, scores[path], sorted(r.name for r in matched if path in dict(r.adds())))
                for path in order
            ],
            "attributes": {name: sorted(values) for name, values in sorted(attributes.items())},
        }


def without_sentences(field: list[Word]) -> list[Word]:
    """The words as if the field were one sentence."""
    return [replace(word, sentence=0) for word in field]
