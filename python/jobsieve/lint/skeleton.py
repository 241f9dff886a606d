"""The conditions of a rule set as Boolean skeletons: what follows from what.

Leaves are equal where the engine looks for the same thing; a word implies another where all of its surface
forms are forms of that one, a phrase its words, an item of a list the list, a narrower field a wider one. A
compound is the list of its spellings. Nothing else is assumed, so what is proven here holds for every advert.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeAlias

from jobsieve import _core

# Kind, start, end, number, fields, parts: as the engine gives it.
Condition: TypeAlias = tuple[str, int, int, int, int, tuple[Any, ...]]
# A unit and the bits of the fields that it is looked for in.
Leaf: TypeAlias = tuple[int, int]

MOST_LEAVES = 12
# Ways in which a condition can hold; one with more is left alone.
_MOST_WAYS = 64


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a condition holds: these leaves do, and these do not."""

    holding: frozenset[Leaf]
    failing: frozenset[Leaf]


@dataclass(frozen=True, slots=True)
class _Known:
    """A way by unit: the fields in which units hold, implied ones too, and those in which they fail."""

    holding: Mapping[int, Sequence[int]]
    failing: Mapping[int, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's condition and exception. `whole` is the one without the other."""

    name: str
    source: int
    when: Condition
    unless: Condition | None
    always_tried: bool

    @property
    def whole(self) -> Condition:
        if self.unless is None:
            return self.when
        negated: Condition = ("not", self.unless[1], self.unless[2], 0, 0, (self.unless,))
        return ("and", self.when[1], self.unless[2], 0, 0, (self.when, negated))


class Skeleton:
    """The units and rules of a compiled rule set."""

    def __init__(self, ruleset: _core.RuleSet) -> None:
        self.units, rules, self._words = _core.skeleton(ruleset)
        self.rules = [Rule(*rule) for rule in rules]
        self._implied: dict[int, frozenset[int]] = {}
        self._covering: dict[int, frozenset[int]] = {}
        self._lists: dict[int, list[int]] = {}
        # Phrases, slops and proximities by their kind and first part: parts, room, number.
        self._joins: dict[tuple[str, int], list[tuple[tuple[int, ...], int, int]]] = {}
        for number, (kind, room, parts) in enumerate(self.units):
            if kind == "list":
                for part in parts:
                    self._lists.setdefault(part, []).append(number)
            elif parts:
                self._joins.setdefault((kind, parts[0]), []).append((parts, room, number))

    def is_category(self, unit: int) -> bool:
        """Whether the unit looks at what other rules add, and not at the advert."""
        return self.units[unit][0] == "category"

    def implied(self, unit: int) -> frozenset[int]:
        """Every unit that stands in a field wherever this one does."""
        found = self._implied.get(unit)
        if found is None:
            found = self._implied[unit] = frozenset(self._implications(unit))
        return found

    def _implications(self, unit: int) -> set[int]:
        kind, room, parts = self.units[unit]
        found = set(self.covering(unit))
        if kind == "phrase":
            found |= self._of_runs(parts)
        elif kind == "list":
            found |= _in_all(self.implied(part) for part in parts)
        else:
            found |= {each for part in parts for each in self.implied(part)}
            if kind in ("near", "before"):
                found |= self._joined(kind, parts, room)
                sides = (parts, parts[::-1]) if kind == "before" else (parts[::-1],)
                found |= {each for pair in sides for each in self._joined("near", pair, room)}
        return self._with_lists(found)

    def _of_runs(self, words: tuple[int, ...]) -> set[int]:
        """What every run of the words of a phrase implies."""
        found = set[int]()
        for start, end in combinations(range(len(words) + 1), 2):
            run = words[start:end]
            if len(run) == 1:
                found |= self.implied(run[0])
            else:
                found |= self._joined("slop", run, 0) | self._joined("phrase", run, 0)
        return found

    def covering(self, unit: int) -> frozenset[int]:
        """Every unit that stands wherever this one does, over the same words."""
        found = self._covering.get(unit)
        if found is None:
            found = self._covering[unit] = frozenset(self._coverings(unit))
        return found

    def _coverings(self, unit: int) -> set[int]:
        kind, room, parts = self.units[unit]
        found = {unit}
        if kind == "word":
            found |= self._words.get(unit, set())
        elif kind == "list":
            found |= _in_all(self.covering(part) for part in parts)
        elif kind in ("phrase", "slop"):
            found |= self._joined(kind, parts, room)
        return self._with_lists(found)

    def _joined(self, kind: str, parts: tuple[int, ...], room: int) -> set[int]:
        """The units of this kind that join what covers the parts, with as much room or more."""
        first, *others = (self.covering(part) for part in parts)
        return {
            unit
            for one in first
            for joined, size, unit in self._joins.get((kind, one), ())
            if size >= room
            and len(joined) == len(parts)
            and all(part in covering for part, covering in zip(joined[1:], others, strict=True))
        }

    def _with_lists(self, found: set[int]) -> set[int]:
        return found | {holder for each in found for holder in self._lists.get(each, ())}

    def may_clash(self, *conditions: Condition) -> bool:
        """Whether the conditions could contradict each other: where nothing that may have to stand implies
        what may have to be missing, they hold in an advert of all the one and none of the other."""
        holding, failing = set[Leaf](), set[Leaf]()
        for condition in conditions:
            _polarities(condition, holding, failing)
        return not self._possible(Way(frozenset(holding), frozenset(failing)))

    def ways(self, condition: Condition) -> list[Way] | None:
        """All ways in which the condition can hold; None where they are too many to look at."""
        if len(leaves(condition)) > MOST_LEAVES:
            return None
        found = _ways(condition, True)
        if found is None:
            return None
        return [way for way in found if self._possible(way)]

    def _possible(self, way: Way) -> bool:
        failing: dict[int, list[int]] = {}
        for unit, fields in way.failing:
            failing.setdefault(unit, []).append(fields)
        return not any(
            not fields & ~each
            for unit, fields in way.holding
            for implied in self.implied(unit)
            for each in failing.get(implied, ())
        )

    def follows(self, condition: Condition, ways: Sequence[Way]) -> bool:
        """Whether the condition is proven to hold in each of these ways."""
        return all(self._verdict(condition, self._known(way)) is True for way in ways)

    def _known(self, way: Way) -> _Known:
        """What is known of units in a way, by unit: a condition of hundreds of leaves asks for each."""
        holding: dict[int, list[int]] = {}
        failing: dict[int, list[int]] = {}
        for unit, fields in way.holding:
            for implied in self.implied(unit):
                holding.setdefault(implied, []).append(fields)
        for unit, fields in way.failing:
            failing.setdefault(unit, []).append(fields)
        return _Known(holding, failing)

    def _verdict(self, condition: Condition, known: _Known) -> bool | None:
        kind, _, _, number, fields, parts = condition
        if kind == "leaf":
            if any(not each & ~fields for each in known.holding.get(number, ())):
                return True
            if any(
                not fields & ~each
                for unit in self.implied(number)
                for each in known.failing.get(unit, ())
            ):
                return False
            return None
        verdicts = [self._verdict(part, known) for part in parts]
        if kind == "not":
            return None if verdicts[0] is None else not verdicts[0]
        needed = needed_parts(condition, True)
        if verdicts.count(True) >= needed:
            return True
        return False if len(parts) - verdicts.count(False) < needed else None


def _in_all(sets: Iterable[frozenset[int]]) -> set[int]:
    """What is in all of several sets."""
    each = iter(sets)
    found = set(next(each))
    # Of a long list the first items tell.
    while found and (following := next(each, None)) is not None:
        found &= following
    return found


def _polarities(condition: Condition, holding: set[Leaf], failing: set[Leaf]) -> None:
    kind, _, _, number, fields, parts = condition
    if kind == "leaf":
        holding.add((number, fields))
    elif kind == "not":
        _polarities(parts[0], failing, holding)
    else:
        for part in parts:
            _polarities(part, holding, failing)


def first_way(condition: Condition) -> Way:
    """One way in which the condition holds, unless its parts contradict each other."""
    holding, failing = set[Leaf](), set[Leaf]()
    _first(condition, True, holding, failing)
    return Way(frozenset(holding), frozenset(failing))


def _first(condition: Condition, wanted: bool, holding: set[Leaf], failing: set[Leaf]) -> None:
    kind, _, _, number, fields, parts = condition
    if kind == "leaf":
        (holding if wanted else failing).add((number, fields))
    elif kind == "not":
        _first(parts[0], not wanted, holding, failing)
    else:
        for part in parts[: needed_parts(condition, wanted)]:
            _first(part, wanted, holding, failing)


def needed_parts(condition: Condition, wanted: bool) -> int:
    """How many parts must be as wanted for the condition to be so: that it fails is that enough of them
    do."""
    kind, _, _, number, _, parts = condition
    needed = {"and": len(parts), "or": 1}.get(kind, number)
    return needed if wanted else len(parts) - needed + 1


def leaves(condition: Condition) -> frozenset[Leaf]:
    """The leaves below a condition, equal ones once."""
    return frozenset(_leaves(condition))


def _leaves(condition: Condition) -> Iterator[Leaf]:
    kind, _, _, number, fields, parts = condition
    if kind == "leaf":
        yield number, fields
    for part in parts:
        yield from _leaves(part)


def _ways(condition: Condition, wanted: bool) -> list[Way] | None:
    """The ways in which a condition holds, or fails; None where they are too many."""
    kind, _, _, number, fields, parts = condition
    if kind == "leaf":
        leaf = frozenset([(number, fields)])
        none = frozenset[Leaf]()
        return [Way(leaf, none) if wanted else Way(none, leaf)]
    if kind == "not":
        return _ways(parts[0], not wanted)
    of_parts = [_ways(part, wanted) for part in parts]
    found: dict[Way, None] = {}
    for chosen in combinations(of_parts, needed_parts(condition, wanted)):
        joined = [Way(frozenset(), frozenset())]
        for ways in chosen:
            if ways is None or len(joined) * len(ways) > _MOST_WAYS:
                return None
            joined = [
                Way(one.holding | other.holding, one.failing | other.failing)
                for one in joined
                for other in ways
            ]
        found.update(dict.fromkeys(joined))
        if len(found) > _MOST_WAYS:
            return None
    return list(found)
