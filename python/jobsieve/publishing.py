"""Rule files, their examples and the taxonomy into the store and out of it again.

What is written has been compiled as a whole before: a store that was filled through here never holds a
version that does not compile. Files on disk are not touched here.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from jobsieve import _core, rules, snapshot, taxonomy
from jobsieve.errors import StaleBase, StoreError
from jobsieve.store import Category, ObjectText, joined

if TYPE_CHECKING:
    from jobsieve.config import Settings
    from jobsieve.diagnostics import Diagnostic
    from jobsieve.snapshot import Snapshot
    from jobsieve.store import Difference, Kind, Store, StoredObject

# Each attempt compiles everything anew; somebody who is overtaken that often had better look first.
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import changed, or with `dry_run` would change.

    The names read `rule "x"`, `category "y"` and so on, sorted. `version` is the one that holds the
    result, the existing one where nothing changed, None for a dry run on an empty store. `published` says
    whether that version is live now.

    `draft` is the unpublished version that goes live with this import, None where there is none.
    `left_out` names files without a rule or list, `placed` the files given alone whose name in the store
    is another, with that name. `warnings` are those of the imported files.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    version: int | None
    published: bool
    draft: int | None = None
    left_out: tuple[str, ...] = ()
    placed: tuple[tuple[str, str], ...] = ()
    warnings: tuple[Diagnostic, ...] = ()


def import_files(
    store: Store,
    files: Mapping[str, str],
    *,
    alone: Collection[str] = (),
    settings: Settings | None = None,
    author: str,
    note: str = "",
    draft: bool = False,
    replace: bool = False,
    withdraw: bool = False,
    dry_run: bool = False,
) -> ImportReport:
    """Makes the store hold `files` (texts by name) as they are, and publishes that unless `draft`.

    What is no longer in one of these files leaves the rule set; what stood in another file moves. Other
    files stay, or go with `replace`. A file without a rule is left out. An edit starts from the newest
    version, also where that is a draft, which then goes live with it.

    The folder of a file named in `alone` is not known: it takes the place of the store's file of the same
    base name that holds one of its rules. Where that is not clear, and where all rules of a file would
    leave the rule set without `withdraw`, `StoreError` is raised: a file under a wrong name would do that.

    All or nothing: `RuleError` with every finding where the resulting rule set does not compile as a
    whole, `TaxonomyError` for wrong categories, `StoreError` where the store can't take it.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        live = store.live()
        base = store.head()
        before = [] if base is None else store.read(base)
        incoming = _incoming(files, alone, before, settings)
        wanted, warnings = _merged(() if replace else before, incoming, settings)
        if not withdraw:
            _require_rules_left(before, wanted, incoming, replace=replace)
        over_draft = base is not None and (live is None or live.version < base)
        told = functools.partial(
            _report,
            draft=base if over_draft and not draft else None,
            incoming=incoming,
            warnings=warnings,
        )
        try:
            if dry_run:
                difference = store.compare(wanted, base_version=base)
                return told(difference, base, published=False)
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
        return told(done, done.version, published=published)
    raise AssertionError("the last attempt returns or raises")


def build(files: Mapping[str, str], settings: Settings | None) -> Snapshot:
    """Compiles rule files, with the taxonomy if there is one; raises `RuleError` or `TaxonomyError`."""
    return snapshot.build(sorted(files.items()), settings=settings)


def export_files(store: Store, version: int | None = None) -> dict[str, str]:
    """The rule files of a version, by default the live one: texts by name, in order of the names.

    A file that was imported comes out byte for byte, less what left the rule set since.
    """
    return joined(content(store, version))


def content(store: Store, version: int | None = None) -> list[StoredObject]:
    """The objects of a version, by default the live one, in the order of the files."""
    if version is None:
        live = store.live()
        if live is None:
            raise StoreError(
                f"the rule store {store} holds no published rules; put some in: jobsieve rules import PATH"
            )
        version = live.version
    return store.read(version)


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A file to import. `given` is the name it came under, `name` the one it gets in the store; `parts`
    are its objects in order, None where it holds none or does not parse."""

    given: str
    name: str
    text: str
    parts: list[ObjectText] | None


def _incoming(
    files: Mapping[str, str],
    alone: Collection[str],
    before: Sequence[ObjectText],
    settings: Settings | None,
) -> list[_Incoming]:
    """The files under the names that they get in the store."""
    found: dict[str, _Incoming] = {}
    for given, text in files.items():
        parts = cut(text, given, settings)
        keys = {(part.kind, part.name) for part in parts or ()}
        name = given
        if given in alone and keys and not rules.is_taxonomy(given):
            name = _home(given, keys, before)
        if name in found:
            raise StoreError(
                f"{found[name].given} and {given} would both be {name} in the store; import the folder "
                "that they come from, or one after the other with --as NAME"
            )
        found[name] = _Incoming(given, name, text, cut(text, name, settings) if parts else None)
    return list(found.values())


def cut(text: str, file: str, settings: Settings | None = None) -> list[ObjectText] | None:
    """The objects of a file in order, None where it holds none or, being a rule file, does not parse.

    Raises `TaxonomyError` or `StoreError` where a companion of rules is not in order: of these the
    compiler would say nothing.
    """
    if rules.is_taxonomy(file):
        rows = taxonomy.read(text, file)
        return [
            ObjectText(
                "category",
                row.path,
                row.source,
                file,
                category=Category(row.path, row.name, row.status, row.redirect),
            )
            for row in rows
        ] or None
    if rules.is_companion(file):
        _check_examples(text, file)
        return [ObjectText("examples", file, text, file)] if text.strip() else None
    parts = _core.split(text, settings=settings.for_rules() if settings else None)
    if parts is None:
        return None
    return [
        ObjectText(_kind(kind), name, text[start:end], file) for kind, name, start, end in parts
    ]


def _check_examples(text: str, file: str) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            if line.strip() and not isinstance(msgspec.json.decode(line), dict):
                raise StoreError(f"{file}, line {number}: an example is a JSON object")
        except msgspec.DecodeError as error:
            raise StoreError(f"{file}, line {number}: this is not JSON: {error}") from None


def _home(given: str, keys: AbstractSet[tuple[str, str]], before: Sequence[ObjectText]) -> str:
    """The name in the store of a file whose folder is not known."""
    named = {item.file for item in before if PurePosixPath(item.file).name == given}
    # Examples are known by their place alone.
    holding = {
        item.file
        for item in before
        if item.file in named and (item.kind == "examples" or (item.kind, item.name) in keys)
    }
    if not named:
        return given
    if len(holding) == 1:
        return holding.pop()
    known = ", ".join(sorted(named))
    which = "several of them hold" if holding else "none of them holds"
    raise StoreError(
        f"it is not clear which file of the store {given} is: there is {known}, and {which} rules of it; "
        "nothing was imported; import the folder that it comes from, or name it with --as NAME"
    )


def _merged(
    before: Iterable[ObjectText], incoming: Sequence[_Incoming], settings: Settings | None
) -> tuple[list[ObjectText], tuple[Diagnostic, ...]]:
    """The objects of the store after the import, and the warnings about the files that were imported;
    raises `RuleError` where they do not compile."""
    imported = [item for file in incoming for item in file.parts or ()]
    names = {(item.kind, item.name) for item in imported}
    texts = {file.name: file.text for file in incoming}
    kept = [
        item for item in before if item.file not in texts and (item.kind, item.name) not in names
    ]
    # What can't be cut is compiled too: the compiler says why, and says it of all files at once.
    built = build({**joined(kept), **texts}, settings)
    warnings = tuple(each for each in built.diagnostics if each.file in texts)
    return [*kept, *imported], warnings


def _require_rules_left(
    before: Sequence[ObjectText],
    wanted: Sequence[ObjectText],
    incoming: Sequence[_Incoming],
    *,
    replace: bool,
) -> None:
    """Raises `StoreError` where all rules of a file, or of the store, would leave the rule set."""
    left = {(item.kind, item.name) for item in wanted}
    remedy = "nothing was imported; if that is what you want, say --withdraw"
    there_before = [item for item in before if item.kind == "rule"]
    if not left or (there_before and not any(item.kind == "rule" for item in wanted)):
        raise StoreError(f"the store would hold no rules after this import; {remedy}")
    for file in () if replace else incoming:
        there = [item for item in there_before if item.file == file.name]
        if there and not any((item.kind, item.name) in left for item in there):
            why = "holds none of them" if file.parts else "holds no rule"
            raise StoreError(
                f"all rules of {file.name} in the store ({_some(there)}) would leave the rule set, since the "
                f"file that was given under this name {why}; {remedy}; if it is another file, import "
                "the folder that it comes from, or name it with --as NAME"
            )


def _some(items: Sequence[ObjectText]) -> str:
    """The names of the first few, and how many more there are."""
    names = ", ".join(f'"{item.name}"' for item in items[:3])
    return names if len(items) <= 3 else f"{names} and {len(items) - 3} more"


def _kind(kind: str) -> Kind:
    return "list" if kind == "list" else "rule"


def _report(
    difference: Difference,
    version: int | None,
    *,
    published: bool,
    draft: int | None,
    incoming: Sequence[_Incoming],
    warnings: tuple[Diagnostic, ...],
) -> ImportReport:
    return ImportReport(
        added=_names(difference.added),
        changed=_names(difference.changed),
        removed=_names(difference.removed),
        unchanged=len(difference.unchanged),
        version=version,
        published=published,
        draft=draft,
        left_out=tuple(file.given for file in incoming if file.parts is None),
        placed=tuple((file.given, file.name) for file in incoming if file.given != file.name),
        warnings=warnings,
    )


def _names(keys: Iterable[tuple[Kind, str]]) -> tuple[str, ...]:
    return tuple(f'{kind} "{name}"' for kind, name in keys)
