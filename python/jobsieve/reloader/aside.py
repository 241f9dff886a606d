"""Builds a rule set without the rules that are wrong, where that is wanted: they are named, not served.

Each rule or list is compiled as a source of its own, so that a fault in one spoils no other. What then
fails because of what was left out, a rule that names a list say, is left out in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobsieve.errors import RuleError
from jobsieve.reloader.status import SetAside
from jobsieve.store import ObjectText, joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobsieve.diagnostics import Diagnostic
    from jobsieve.reloader.editions import Edition
    from jobsieve.snapshot import Snapshot

    Compile = Callable[[list[tuple[str, str]]], Snapshot]


@dataclass(frozen=True, slots=True)
class Reduced:
    """A rule set and what was left out of it."""

    snapshot: Snapshot
    set_aside: tuple[SetAside, ...]


def build(edition: Edition, compile_: Compile) -> Reduced:
    """The rule set of what is right. Raises `RuleError` where nothing would be left, and `TaxonomyError`:
    without right categories nobody knows which rules are right."""
    kept = edition.rules()
    taxonomy = list(joined(edition.categories()).items())
    gone: list[SetAside] = []
    while True:
        labels = {_label(index, item): item for index, item in enumerate(kept)}
        try:
            compile_([*taxonomy, *((label, item.source) for label, item in labels.items())])
        except RuleError as error:
            faulty = _by_source(error.diagnostics)
            gone += [
                SetAside(item.kind, item.name, item.file, faulty[label])
                for label, item in labels.items()
                if label in faulty
            ]
            left = [item for label, item in labels.items() if label not in faulty]
            if len(left) == len(kept) or not any(item.kind == "rule" for item in left):
                raise
            kept = left
        else:
            return Reduced(compile_([*taxonomy, *joined(kept).items()]), tuple(gone))


def _label(index: int, item: ObjectText) -> str:
    # Unique, whatever is written twice.
    return f"{item.file}, {item.kind} {item.name!r} ({index})"


def _by_source(found: tuple[Diagnostic, ...]) -> dict[str, tuple[Diagnostic, ...]]:
    """The errors by their source. Of two that have one name the second is at fault."""
    faulty: dict[str, tuple[Diagnostic, ...]] = {}
    for each in found:
        if each.severity == "error":
            faulty[each.file] = (*faulty.get(each.file, ()), each)
    return faulty
