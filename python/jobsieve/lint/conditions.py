"""What one rule's condition proves by itself: it can never hold, its exception always or never does, it
must be tried on every advert."""

from __future__ import annotations

from collections.abc import Iterator

from jobsieve.lint.objects import Finding
from jobsieve.lint.skeleton import Condition, Rule, Skeleton, needed_parts

# Units that an advert's words make stand.
_OF_WORDS = {"word", "phrase", "slop", "list", "near", "before"}


def findings(skeleton: Skeleton) -> Iterator[Finding]:
    """The findings on each rule."""
    for rule in skeleton.rules:
        if rule.always_tried:
            yield _always_tried(skeleton, rule)
        yield from _contradictions(skeleton, rule)


def _contradictions(skeleton: Skeleton, rule: Rule) -> Iterator[Finding]:
    if skeleton.may_clash(rule.when) and skeleton.ways(rule.when) == []:
        yield _at("JS103", rule, rule.when)
    elif rule.unless is not None:
        both: Condition = ("and", 0, 0, 0, 0, (rule.when, rule.unless))
        if skeleton.may_clash(rule.whole) and skeleton.ways(rule.whole) == []:
            yield _at("JS104", rule, rule.unless)
        elif skeleton.may_clash(both) and skeleton.ways(both) == []:
            yield _at("JS105", rule, rule.unless)


def _at(code: str, rule: Rule, condition: Condition, **params: str) -> Finding:
    return Finding(code, rule.source, condition[1], condition[2], params)


def _always_tried(skeleton: Skeleton, rule: Rule) -> Finding:
    """Names the part for which no word of an advert must stand."""
    found, wanted = _unfiled(skeleton, rule.when, True) or (rule.when, True)
    kind = skeleton.units[found[3]][0] if found[0] == "leaf" else ""
    reason = "category" if kind == "category" else "value" if wanted else "not"
    return _at("JS102", rule, found, reason=reason)


def _unfiled(
    skeleton: Skeleton, condition: Condition, wanted: bool
) -> tuple[Condition, bool] | None:
    """A leaf that keeps a condition from being filed under words of adverts, and whether it must hold."""
    kind, _, _, number, _, parts = condition
    if kind == "leaf":
        filed = wanted and skeleton.units[number][0] in _OF_WORDS
        return None if filed else (condition, wanted)
    if kind == "not":
        return _unfiled(skeleton, parts[0], not wanted)
    blamed = [found for part in parts if (found := _unfiled(skeleton, part, wanted)) is not None]
    # Of so many parts that must be as wanted, one is filed, unless that many are not.
    return blamed[0] if len(blamed) >= needed_parts(condition, wanted) else None
