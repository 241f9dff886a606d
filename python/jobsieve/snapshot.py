"""One rule set with its version and its warnings: what is served, and what a reload replaces whole.

It is built from text alone: where the text came from, a store or files, is not known here. This is the one
door to the compiler: whoever comes through it has the taxonomy checked that lies beside the rules.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from jobsieve import _core, rules, taxonomy
from jobsieve.diagnostics import Diagnostic, from_raw
from jobsieve.errors import ConfigError, FileError, RuleError, TaxonomyError

if TYPE_CHECKING:
    from pathlib import Path

    from jobsieve._core import RuleSet
    from jobsieve.config import Settings


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A compiled rule set. `version` is the store's number for it, None without a store;
    `diagnostics` holds the warnings of its `sources`, the names and texts of the rule files that were
    compiled; those of a bundle are not told."""

    version: int | None
    ruleset: RuleSet
    diagnostics: tuple[Diagnostic, ...]
    sources: tuple[tuple[str, str], ...] = ()


def build(
    sources: Sequence[tuple[str, str]],
    *,
    settings: Settings | None = None,
    version: int | None = None,
    previous: RuleSet | None = None,
) -> Snapshot:
    """Compiles `(file name, text)` pairs, all or nothing; raises `RuleError` with every finding.

    Where a `taxonomy.csv` is among them, rules may name its categories alone; `TaxonomyError` tells what is
    wrong with it. Examples are passed over.

    The work is done without the GIL, so other threads go on. With the rule set of an earlier build only
    what has changed is built, on one thread; else all cores work.
    """
    compiled = tuple(each for each in sources if not rules.is_companion(each[0]))
    listed = [each for each in sources if rules.is_taxonomy(each[0])]
    if len(listed) > 1:
        raise TaxonomyError(rules.two_taxonomies(name for name, _ in listed))
    given = settings.for_rules() if settings else None
    for name, text in listed:
        known = msgspec.Raw(_categories(text, name))
        given = msgspec.json.encode({**msgspec.json.decode(given or b"{}"), "taxonomy": known})
    try:
        ruleset, raw = _core.compile(compiled, settings=given, previous=previous)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    diagnostics = tuple(from_raw(raw, compiled))
    if ruleset is None:
        errors = [each for each in diagnostics if each.severity == "error"]
        count = f"{len(errors)} errors" if len(errors) > 1 else "an error"
        raise RuleError(f"The rules have {count}; the first: {errors[0]}", diagnostics)
    return Snapshot(version, ruleset, diagnostics, compiled)


# A reload seldom brings another taxonomy, and reading a large one takes longer than compiling a changed rule.
@functools.lru_cache(maxsize=1)
def _categories(text: str, name: str) -> bytes:
    """What the compiler is told of a `taxonomy.csv`."""
    return msgspec.json.encode(taxonomy.for_rules(taxonomy.read(text, name)))


def load(path: Path, *, settings: Settings | None = None) -> Snapshot:
    """The rule set of a bundle; raises `BundleError`, also where it was built with other settings."""
    try:
        about = _core.inspect_bundle(path)
        ruleset = _core.RuleSet.load(path, settings=settings.for_rules() if settings else None)
    except OSError as error:
        raise FileError("read", path, error.strerror or str(error)) from error
    return Snapshot(about["version"], ruleset, ())


def compile(source: str | Mapping[str, str], *, settings: Settings | None = None) -> RuleSet:
    """Compiles rules from one text, or from texts by file name, as `build` does; raises `RuleError`.

    What is no text at all, a lone surrogate say, is a `TypeError` or a `ValueError`.
    """
    named: object = {"rules": source} if isinstance(source, str) else source
    if not isinstance(named, Mapping):
        found = type(source).__name__
        raise TypeError(
            f"rules are compiled from text, or from texts by file name, not from {found}"
        )
    for name, text in named.items():
        _require_text("a file name", name)
        _require_text(f"the text of {name!r}", text)
    return build(list(named.items()), settings=settings).ruleset


def _require_text(what: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{what} must be a str, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{what} holds half a surrogate pair at character {error.start}, which is no text"
        ) from None
