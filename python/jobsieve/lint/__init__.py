"""What is legal in rules and probably not meant: rules that never match, say the same as others, or look
for words that say little.

Nothing is reported that is not proven (see `skeleton`) or tried on an advert. The words stand in `lint.toml`;
`# allow JS106: reason` directly above a rule or list silences a finding there. This package compiles nothing
and prints nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from jobsieve import _core
from jobsieve.diagnostics import Diagnostic, from_raw
from jobsieve.lint import conditions, pairs, wording
from jobsieve.lint.allowances import Allowances
from jobsieve.lint.objects import Finding, objects
from jobsieve.lint.skeleton import Skeleton

__all__ = ["lint", "silenced"]


def lint(
    ruleset: _core.RuleSet,
    sources: Sequence[tuple[str, str]],
    warnings: Iterable[Diagnostic] = (),
) -> tuple[Diagnostic, ...]:
    """The findings on a rule set that was compiled from these sources, with the compiler's own `warnings`,
    less those that are allowed; by place."""
    found = list(objects(sources, ruleset.settings))
    rules = {each.name: each for each in found if each.kind == "rule"}
    lists = {each.name: each for each in found if each.kind == "list"}
    skeleton = Skeleton(ruleset)
    raw: list[Finding] = []
    raw += conditions.findings(skeleton)
    raw += pairs.contained(skeleton, rules)
    raw += pairs.disagreements(skeleton, ruleset, rules, lists, sources)
    raw += wording.terms(found)
    raw += wording.vague(skeleton, ruleset, rules)
    raw += wording.unused_lists(found)
    has_taxonomy = "taxonomy" in msgspec.json.decode(ruleset.settings)
    raw += wording.categories(found, listed=has_taxonomy)
    told = from_raw((each.raw() for each in raw), sources)
    allowances = Allowances(sources, found)
    left = allowances.silence([*warnings, *told])
    left += from_raw((each.raw() for each in allowances.findings()), sources)
    order = {name: number for number, (name, _) in enumerate(sources)}
    left.sort(key=lambda each: (order[each.file], each.line, each.column, each.code))
    return tuple(left)


def silenced(
    sources: Sequence[tuple[str, str]],
    warnings: Sequence[Diagnostic],
    settings: bytes | None = None,
) -> tuple[Diagnostic, ...]:
    """The compiler's findings less those that are allowed."""
    if not any(each.severity == "warning" for each in warnings):
        return tuple(warnings)
    return tuple(Allowances(sources, objects(sources, settings)).silence(warnings))
