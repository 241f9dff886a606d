"""Rules that say the same, that are contained in another, or that set an attribute to different values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations, islice
from typing import Any, TypeAlias

from jobsieve import _core
from jobsieve.lint.objects import Finding, Object
from jobsieve.lint.skeleton import Condition, Rule, Skeleton, first_way, needed_parts
from jobsieve.lint.values import assignments

# What a rule does: `("add", "it")`, `("set", "level", "senior")`.
Effect: TypeAlias = tuple[str, ...]

_TEXTS = ("title", "description")
# Pairs of rules that are looked at for one attribute, and findings on it.
_MOST_TRIED = 500
_MOST_FOUND = 10
# Rules under one word and effect that a rule is compared with: in a set where more share both, the words
# say little, and the time would grow with the square of their number.
_MOST_COMPARED = 200


def contained(skeleton: Skeleton, objects: Mapping[str, Object]) -> Iterator[Finding]:
    """Rules that match only where another does that does at least as much."""
    effects = {name: _effects(rule) for name, rule in objects.items()}
    index = _Index(skeleton, effects)
    for rule in skeleton.rules:
        here = objects[rule.name]
        for other in index.candidates(rule):
            there = objects[other.name]
            if not _covers(effects[other.name], effects[rule.name]):
                continue
            if not _contains(skeleton, other, rule):
                continue
            same = _covers(effects[rule.name], effects[other.name])
            if not (same and _contains(skeleton, rule, other)):
                yield Finding("JS107", here.source, *here.name_place, {"other": other.name}, there)
                break
            # Of two that are equal the later one is the copy.
            if (there.source, there.place) < (here.source, here.place):
                yield Finding("JS106", here.source, *here.name_place, {"other": other.name}, there)
                break


def _contains(skeleton: Skeleton, large: Rule, small: Rule) -> bool:
    """Whether the large rule is proven to match wherever the small one does."""
    if not skeleton.follows(large.whole, [first_way(small.whole)]):
        return False
    ways = skeleton.ways(small.whole)
    # That one which never matches is contained in every other is of no use.
    return bool(ways) and skeleton.follows(large.whole, ways or ())


def _effects(rule: Object) -> dict[Effect, Decimal]:
    found: dict[Effect, Decimal] = {}
    for kind, name, value, _, _ in rule.mentions:
        if kind == "set":
            found[kind, name, value] = Decimal(0)
        elif kind != "category":
            found[kind, name] = Decimal(value or 0)
    return found


def _covers(large: Mapping[Effect, Decimal], small: Mapping[Effect, Decimal]) -> bool:
    """Whether the large one does all that the small one does, and no score counts for less: a rule that
    adds more than a wider one is there on purpose."""
    return all(
        effect in large and abs(large[effect]) >= abs(score) and large[effect] * score >= 0
        for effect, score in small.items()
    )


class _Index:
    """Rules by what they do and by a unit that stands wherever they match."""

    def __init__(self, skeleton: Skeleton, effects: Mapping[str, Mapping[Effect, Decimal]]) -> None:
        self._skeleton = skeleton
        self._effects = effects
        self._uses: dict[int, int] = {}
        for rule in skeleton.rules:
            self._count(rule.when)
        self._rules: dict[tuple[Effect, int | None], list[Rule]] = {}
        for rule in skeleton.rules:
            filed = self._filing(rule.when, True)
            for unit in filed if filed is not None else (None,):
                for effect in effects[rule.name]:
                    self._rules.setdefault((effect, unit), []).append(rule)

    def _count(self, condition: Condition) -> None:
        if condition[0] == "leaf":
            self._uses[condition[3]] = self._uses.get(condition[3], 0) + 1
        for part in condition[5]:
            self._count(part)

    def _cost(self, filed: set[int]) -> int:
        return sum(self._uses[unit] for unit in filed)

    def _filing(self, condition: Condition, wanted: bool) -> set[int] | None:
        """Units of which one stands wherever the condition is as wanted; None where there is none."""
        kind, _, _, number, _, parts = condition
        if kind == "leaf":
            return {number} if wanted else None
        if kind == "not":
            return self._filing(parts[0], not wanted)
        needed = needed_parts(condition, wanted)
        of_parts = [filed for part in parts if (filed := self._filing(part, wanted)) is not None]
        # One of any so many parts is among those that are as wanted.
        chosen = sorted(of_parts, key=self._cost)[: len(parts) - needed + 1]
        return set().union(*chosen) if len(chosen) == len(parts) - needed + 1 else None

    def candidates(self, rule: Rule) -> Iterator[Rule]:
        """The rules that may match wherever `rule` does and do what it does, each once."""
        effects = self._effects[rule.name]
        if not effects:
            return
        effect = min(effects, key=lambda effect: len(self._rules.get((effect, None), ())))
        holding = first_way(rule.whole).holding
        units = {unit for leaf in holding for unit in self._skeleton.implied(leaf[0])}
        seen = {rule.name}
        for unit in (None, *sorted(units)):
            found = self._rules.get((effect, unit), ())
            for other in found[:_MOST_COMPARED]:
                if other.name not in seen:
                    seen.add(other.name)
                    yield other


def disagreements(
    skeleton: Skeleton,
    ruleset: _core.RuleSet,
    objects: Mapping[str, Object],
    lists: Mapping[str, Object],
    sources: Sequence[tuple[str, str]],
) -> Iterator[Finding]:
    """Attributes that two rules set to different values on one advert, which is made and tried."""
    setters: dict[str, dict[str, list[Rule]]] = {}
    for rule in skeleton.rules:
        for mention in objects[rule.name].mentions:
            if mention.kind == "set":
                values = setters.setdefault(mention.name, {})
                values.setdefault(mention.value, []).append(rule)
    if not any(len(values) > 1 for values in setters.values()):
        return
    samples = _Samples(skeleton, objects, lists, sources, ruleset.fields)
    for attribute, values in setters.items():
        pairs = (
            (rule, other, " and ".join(sorted((one, two))))
            for (one, rules), (two, others) in combinations(values.items(), 2)
            for rule in rules
            for other in others
        )
        told: set[str] = set()
        for rule, other, different in islice(pairs, _MOST_TRIED):
            # One finding for each two values.
            if different in told:
                continue
            wanted = {rule.name, other.name}
            advert = next(
                (
                    each
                    for each in samples.adverts(rule, other)
                    if wanted <= set(ruleset.classify(**each).matched_rules)
                ),
                None,
            )
            if advert is None:
                continue
            told.add(different)
            there, here = sorted(
                (objects[rule.name], objects[other.name]),
                key=lambda each: (each.source, each.place),
            )
            params = {
                "other": there.name,
                "attribute": attribute,
                "values": different,
                "advert": _shown(advert),
            }
            yield Finding("JS113", here.source, *here.name_place, params, there)
            if len(told) == _MOST_FOUND:
                break


class _Samples:
    """Texts in which conditions hold, to be tried."""

    def __init__(
        self,
        skeleton: Skeleton,
        objects: Mapping[str, Object],
        lists: Mapping[str, Object],
        sources: Sequence[tuple[str, str]],
        kinds: Mapping[str, str],
    ) -> None:
        self._skeleton = skeleton
        self._kinds = kinds
        self._texts: dict[int, str] = {}
        self._comparisons: dict[int, str] = {}
        for rule in skeleton.rules:
            if all(mention.kind != "set" for mention in objects[rule.name].mentions):
                continue
            terms = {term.start: _plain(term.text) for term in objects[rule.name].terms}
            for name, start, _ in objects[rule.name].lists:
                if name in lists:
                    terms[start] = _plain(lists[name].terms[0].text)
            for condition in (rule.when, rule.unless):
                if condition is not None:
                    self._learn(condition, terms, sources[rule.source][1])

    def _learn(self, condition: Condition, terms: Mapping[int, str], source: str) -> None:
        kind, start, end, number, _, parts = condition
        if kind == "leaf" and self._skeleton.units[number][0] == "comparison":
            self._comparisons.setdefault(number, source[start:end])
        elif kind == "leaf" and number not in self._texts:
            inside = [terms[at] for at in sorted(terms) if start <= at < end]
            if inside:
                self._texts[number] = " ".join(inside)
        for part in parts:
            self._learn(part, terms, source)

    def adverts(self, rule: Rule, other: Rule) -> Iterator[dict[str, Any]]:
        """Adverts in which both may hold."""
        ways = self._skeleton.ways(rule.whole), self._skeleton.ways(other.whole)
        if not ways[0] or not ways[1]:
            return
        compared: list[str] = []
        texts: dict[str, list[str]] = {"title": [], "description": []}
        for unit, fields in ways[0][0].holding | ways[1][0].holding:
            if unit in self._comparisons:
                compared.append(self._comparisons[unit])
                continue
            text = self._texts.get(unit)
            if text is None or self._skeleton.is_category(unit):
                return
            texts["title" if fields & 1 else "description"].append(text)
        # A blank line parts sentences. Units are numbered anew in each build: their order says nothing.
        written = {field: "\n\n".join(sorted(found)) for field, found in texts.items()}
        if not any(written.values()):
            # An advert has a text.
            written["title"] = "-"
        for values in assignments(sorted(compared), self._kinds):
            yield {**written, **values}


def _shown(advert: Mapping[str, Any]) -> str:
    """The advert on one line."""
    texts = [advert[field].replace("\n\n", " / ") for field in ("title", "description")]
    values = [f"{name} {_value(value)}" for name, value in advert.items() if name not in _TEXTS]
    return " / ".join(each for each in (*texts, *values) if each not in ("", "-"))


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _plain(term: str) -> str:
    return term.replace("\\*", "*").rstrip("*")
