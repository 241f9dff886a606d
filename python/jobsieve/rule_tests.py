"""Examples beside the rules, run like unit tests: adverts that must get a category, and adverts that must
not.

`NAME.examples.jsonl` beside `NAME.rules` holds an advert a line: `title`, `description` and `fields` as in
a request, `must` and `must_not` with what its answer must and must not hold: a category, which stands for
itself and all below it, or `{"rule": NAME}`; `primary` where the primary category matters; `id` and `note`
for people. This module prints nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from jobsieve import _core, explain
from jobsieve.diagnostics import closest
from jobsieve.errors import AdvertError, FileError
from jobsieve.lint.objects import objects
from jobsieve.mentions import is_within
from jobsieve.rules import EXAMPLES_SUFFIX

# Rules that are looked at, and explained, for one category that is missing.
_MOST_LOOKED_AT = 200
_MOST_EXPLAINED = 3


class RuleName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule, where a category could stand."""

    rule: str


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line of a file of examples."""

    title: str | None = None
    description: str | None = None
    fields: dict[str, object] = {}
    must: list[str | RuleName] = []
    must_not: list[str | RuleName] = []
    primary: str | None = None
    id: str | int | None = None
    note: str | None = None


class _Taxonomy(msgspec.Struct, frozen=True):
    """The categories that rules may name."""

    paths: list[str] = []


class _Settings(msgspec.Struct, frozen=True):
    """Of a rule set's settings, what examples must keep to."""

    taxonomy: _Taxonomy | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """An advert and what its answer must be. `number` is its line in `file`."""

    file: str
    number: int
    advert: bytes
    must: tuple[str | RuleName, ...]
    must_not: tuple[str | RuleName, ...]
    primary: str | None = None
    name: str = ""

    @property
    def where(self) -> str:
        return f"{self.file}:{self.number}"


@dataclass(frozen=True, slots=True)
class Failure:
    """What was expected and what came; `rules` are those to be looked at: the ones that gave what must not
    be, or that could have given what must."""

    expected: str
    found: str
    rules: tuple[explain.RuleExplanation, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one example went; it passed where there is no failure."""

    example: Example
    failures: tuple[Failure, ...]
    matched: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.failures

    @property
    def advert(self) -> explain.Advert:
        """The advert as explanations show it."""
        return msgspec.json.decode(self.example.advert, type=explain.Advert)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which rules at least one example matches."""

    covered: tuple[str, ...]
    uncovered: tuple[str, ...]

    @property
    def percent(self) -> float | None:
        """None where there is no rule that an example could match."""
        every = len(self.covered) + len(self.uncovered)
        return 100.0 * len(self.covered) / every if every else None


def find(paths: Iterable[Path]) -> list[Path]:
    """The files of examples beside the rule files that `paths` stand for; a folder stands for all below
    it."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(sorted(path.rglob(f"*{EXAMPLES_SUFFIX}"))))
        elif (beside := path.with_suffix(EXAMPLES_SUFFIX)).exists():
            found[beside] = None
    return list(found)


def read(file: str, text: str) -> list[Example]:
    """The examples of a file; raises `FileError`, which names the line and the key."""
    found = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if line.strip():
            try:
                found.append(_example(file, number, line))
            except (msgspec.MsgspecError, ValueError) as error:
                raise FileError("read", file, f"line {number}: {_reason(error)}") from None
    return found


def _example(file: str, number: int, line: str) -> Example:
    read = msgspec.json.decode(line, type=_Line)
    if not read.must and not read.must_not and read.primary is None:
        raise ValueError("it says nothing of the answer; add `must`, `must_not` or `primary`")
    if not (read.title or "").strip() and not (read.description or "").strip():
        raise ValueError("it is no advert; add `title` or `description`")
    both = [_shown(each) for each in read.must if each in read.must_not]
    if both:
        raise ValueError(f"{both[0]} stands in `must` and in `must_not`; take one out")
    advert = msgspec.json.encode(
        explain.Advert(read.title or "", read.description or "", read.fields)
    )
    name = " ".join((read.title or read.description or "").split())[:60]
    return Example(
        file,
        number,
        advert,
        tuple(read.must),
        tuple(read.must_not),
        read.primary,
        read.note or name,
    )


def _reason(error: Exception) -> str:
    """The key first: the parser has it last, as in "Expected `str` - at `$.must[0]`". Where it is no JSON at
    all, how to write it."""
    text = str(error)
    if isinstance(error, msgspec.DecodeError) and not isinstance(error, msgspec.ValidationError):
        fault = text if text.startswith("JSON") else f"{text[:1].lower()}{text[1:]}"
        form = '{"title": "Cook", "must": ["kitchen"]}'
        return f"{fault}; write it as {form}, with straight quotes and every bracket closed"
    if "unknown field" in text and " - at " not in text:
        return f"{text[:1].lower()}{text[1:]}; there are {', '.join(_Line.__struct_fields__)}"
    if text.startswith("Expected `array`"):
        text = text.replace(" - at", "; put it in square brackets - at", 1)
    message, separator, key = text.partition(" - at `$")
    if separator:
        return f"{key.rstrip('`').lstrip('.')}: {message[:1].lower()}{message[1:]}"
    return text


class Rules:
    """A rule set and the sources that it was compiled from."""

    def __init__(self, ruleset: _core.RuleSet, sources: Sequence[tuple[str, str]]) -> None:
        self.ruleset = ruleset
        self._sources = sources
        self.names = frozenset(ruleset.rule_names)
        listed = msgspec.json.decode(ruleset.settings, type=_Settings).taxonomy
        self._listed = listed.paths if listed is not None else None

    def explained(self, example: Example, rule: str | None = None) -> explain.Explanation:
        """The answer to an example with its reasons."""
        answer = self.ruleset.explain_json(example.advert, rule=rule)
        return msgspec.json.decode(answer, type=explain.Explanation)

    def require(self, example: Example) -> None:
        """Raises `FileError` where the example names what there is not: a rule, a category that the taxonomy
        does not list, or, without a taxonomy, one that must not come and looks misspelt."""
        paths = [example.primary] if example.primary is not None else []
        for each in (*example.must, *example.must_not):
            if isinstance(each, str):
                paths.append(each)
            elif each.rule not in self.names:
                raise _unknown(example, f'rule "{each.rule}"', closest(each.rule, self.names))
        if self._listed is None:
            # What is asked for in vain fails with its reasons; what must not come would pass for ever.
            for each in example.must_not:
                if isinstance(each, str) and not any(
                    is_within(path, each) for path in self._adding
                ):
                    meant = closest(each, self._adding)
                    if meant is not None:
                        raise _unknown(example, f"category {each} that a rule adds", meant)
            return
        for path in paths:
            if not any(is_within(listed, path) for listed in self._listed):
                named = f"category {path} in the taxonomy"
                raise _unknown(example, named, closest(path, self._listed))

    @functools.cached_property
    def _adding(self) -> dict[str, list[str]]:
        """The rules that add each category."""
        found: dict[str, list[str]] = {}
        for each in objects(self._sources, self.ruleset.settings):
            for mention in each.mentions:
                if mention.kind == "add":
                    found.setdefault(mention.name, []).append(each.name)
        return found

    def near(self, example: Example, category: str) -> list[explain.RuleExplanation]:
        """Of the rules that add the category those that came nearest to matching."""
        names = (
            name
            for path, rules in self._adding.items()
            if is_within(path, category)
            for name in rules
        )
        found = [
            each
            for name in islice(dict.fromkeys(names), _MOST_LOOKED_AT)
            for each in self.explained(example, name).explanations
            if each.rule == name
        ]
        found.sort(key=lambda each: (-_nearness(each), each.rule))
        return found[:_MOST_EXPLAINED]


def run(rules: Rules, examples: Iterable[Example]) -> Iterator[Outcome]:
    """Runs the examples one after the other; raises `FileError` where one names a rule or category that is
    not there or is refused as an advert."""
    for example in examples:
        rules.require(example)
        try:
            yield _outcome(rules, example)
        except AdvertError as error:
            reason = f"line {example.number}: {error}"
            raise FileError("run", example.file, reason) from error


def _unknown(example: Example, what: str, meant: str | None) -> FileError:
    hint = f'; did you mean "{meant}"?' if meant else ""
    return FileError("run", example.file, f"line {example.number}: there is no {what}{hint}")


def _outcome(rules: Rules, example: Example) -> Outcome:
    told = rules.explained(example)
    found = {each.path: each for each in told.categories}
    matched = {each.rule: each for each in told.explanations if each.matched}
    got = ", ".join(found) or "no category"
    failures = []
    for wanted in example.must:
        if isinstance(wanted, RuleName):
            if wanted.rule not in matched:
                (why,) = (
                    each
                    for each in rules.explained(example, wanted.rule).explanations
                    if each.rule == wanted.rule
                )
                failures.append(Failure(f"must match {_shown(wanted)}", "does not", (why,)))
        elif not any(is_within(path, wanted) for path in found):
            near = tuple(rules.near(example, wanted))
            failures.append(Failure(f"must have {wanted}", f"has {got}{_unless(near)}", near))
    for unwanted in example.must_not:
        if isinstance(unwanted, RuleName):
            if unwanted.rule in matched:
                rule = matched[unwanted.rule]
                failures.append(Failure(f"must not match {_shown(unwanted)}", "does", (rule,)))
        else:
            for path, category in found.items():
                if is_within(path, unwanted):
                    blamed = tuple(matched[name] for name in category.rules)
                    failures.append(Failure(f"must not have {unwanted}", f"has {path}", blamed))
    if example.primary is not None and told.primary != example.primary:
        scores = ", ".join(f"{each.path} {each.score:g}" for each in told.categories)
        near = () if example.primary in found else tuple(rules.near(example, example.primary))
        expected = f"its primary category must be {example.primary}"
        failures.append(Failure(expected, f"has {scores or 'no category'}", near))
    return Outcome(example, tuple(failures), tuple(matched))


def _unless(near: Sequence[explain.RuleExplanation]) -> str:
    return "" if near else ", and no rule adds that one"


def _nearness(rule: explain.RuleExplanation) -> float:
    """How much of a condition holds, from 0 to 1."""
    if rule.matched:
        return 2.0
    return 1.0 if rule.when.holds else _share(rule.when)


def _share(clause: explain.Clause) -> float:
    if clause.holds:
        return 1.0
    shares = [_share(part) for part in clause.parts]
    if clause.kind == "not":
        return 0.0
    if clause.kind == "or":
        return max(shares)
    if shares:
        return sum(shares) / len(shares)
    return 0.3 if clause.instead is not None else 0.0


def coverage(ruleset: _core.RuleSet, outcomes: Iterable[Outcome]) -> Coverage:
    """Which rules the examples match."""
    covered = {name for outcome in outcomes for name in outcome.matched}
    names = ruleset.rule_names
    return Coverage(
        tuple(name for name in names if name in covered),
        tuple(name for name in names if name not in covered),
    )


def _shown(expected: str | RuleName) -> str:
    return f'rule "{expected.rule}"' if isinstance(expected, RuleName) else expected
