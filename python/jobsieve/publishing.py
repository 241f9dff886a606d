"""Rule files into the store and out of it again.

What is written has been compiled as a whole before: a store that was filled through here never holds a
version that does not compile. Files on disk are not touched here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobsieve import _core, snapshot
from jobsieve.errors import StaleBase, StoreError
from jobsieve.store import ObjectText, joined

if TYPE_CHECKING:
    from jobsieve.config import AnalysisSettings
    from jobsieve.store import Difference, Kind, Store

# Each attempt compiles everything anew; somebody who is overtaken that often had better look first.
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import changed, or with `dry_run` would change.

    The names read `rule "x"` or `list "y"`, sorted. `version` is the one that holds the result, the
    existing one where nothing changed, None for a dry run on an empty store. `published` says whether
    that version is live now.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    version: int | None
    published: bool


def import_files(
    store: Store,
    files: Mapping[str, str],
    *,
    settings: AnalysisSettings | None = None,
    author: str,
    note: str = "",
    draft: bool = False,
    replace: bool = False,
    dry_run: bool = False,
) -> ImportReport:
    """Makes the store hold `files` (texts by name) as they are, and publishes that unless `draft`.

    What is no longer in one of these files leaves the rule set; what stood in another file moves. Other
    files stay, or go with `replace`. All or nothing: `RuleError` with every finding where the resulting
    rule set does not compile as a whole, `StoreError` where the store can't take it.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        base = store.head()
        before = [] if base is None else store.read(base)
        wanted = _merged(() if replace else before, files, settings)
        try:
            if dry_run:
                return _report(store.compare(wanted, base_version=base), base, published=False)
            done = store.commit(
                wanted, base_version=base, author=author, note=note, publish=not draft
            )
        except StaleBase:
            # Somebody else's change is kept: the files are laid over the new state.
            if attempt == _ATTEMPTS:
                raise
            continue
        live = store.live()
        published = live is not None and live.version == done.version
        return _report(done, done.version, published=published)
    raise AssertionError("the last attempt returns or raises")


def export_files(store: Store, version: int | None = None) -> dict[str, str]:
    """The rule files of a version, by default the live one: texts by name, in order of the names.

    A file that was imported comes out byte for byte, less what left the rule set since.
    """
    if version is None:
        live = store.live()
        if live is None:
            raise StoreError(
                f"the rule store {store} holds no published rules; put some in: jobsieve rules import PATH"
            )
        version = live.version
    return joined(store.read(version))


def _merged(
    before: Iterable[ObjectText], files: Mapping[str, str], settings: AnalysisSettings | None
) -> list[ObjectText]:
    """The objects of the store after the import; raises `RuleError` where they do not compile."""
    cut = {file: _cut(file, text) for file, text in files.items()}
    imported = [item for items in cut.values() for item in items or ()]
    names = {(item.kind, item.name) for item in imported}
    kept = [
        item for item in before if item.file not in files and (item.kind, item.name) not in names
    ]
    # What can't be cut is compiled too: the compiler says why, and says it of all files at once.
    texts = {**joined(kept), **files}
    snapshot.build([(file, texts[file]) for file in sorted(texts)], settings=settings)
    for file, items in cut.items():
        if items is None:
            raise StoreError(
                f"{file} holds no rule and no list, only text that the store has no place for; "
                "add a rule, or leave the file out"
            )
    return [*kept, *imported]


def _cut(file: str, text: str) -> list[ObjectText] | None:
    """The objects of a file, in order; none in an empty one, None where the file can't be cut."""
    if not text.strip():
        return []
    parts = _core.split(text)
    if parts is None:
        return None
    return [
        ObjectText(_kind(kind), name, text[start:end], file) for kind, name, start, end in parts
    ]


def _kind(kind: str) -> Kind:
    return "list" if kind == "list" else "rule"


def _report(difference: Difference, version: int | None, *, published: bool) -> ImportReport:
    return ImportReport(
        added=_names(difference.added),
        changed=_names(difference.changed),
        removed=_names(difference.removed),
        unchanged=len(difference.unchanged),
        version=version,
        published=published,
    )


def _names(keys: Iterable[tuple[Kind, str]]) -> tuple[str, ...]:
    return tuple(f'{kind} "{name}"' for kind, name in keys)
