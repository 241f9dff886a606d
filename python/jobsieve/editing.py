"""Single rules, lists and categories of the store: added, edited, renamed, retired.

Each edit is laid over the newest version, compiled with all the rest, and committed; of two people who
edit one object the second is told, and nothing is written. Who edits different ones does not notice.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from jobsieve import _core, mentions, publishing, rules, taxonomy
from jobsieve.diagnostics import closest
from jobsieve.errors import StaleBase, StoreError
from jobsieve.store import ObjectText, joined

if TYPE_CHECKING:
    from jobsieve.config import Settings
    from jobsieve.store import Difference, Kind, Store, StoredObject

Key: TypeAlias = "tuple[Kind, str]"
# What an edit makes of the content: the wanted one, and which new names are whose.
Change: TypeAlias = "Callable[[list[StoredObject]], tuple[Sequence[ObjectText], Mapping[Key, Key]]]"

_ATTEMPTS = 5
# What is new and was given no place.
DEFAULT_FILE = "added.rules"


@dataclass(frozen=True, slots=True)
class Edit:
    """Who makes an edit and why; with `draft` it is not published, with `dry_run` not even written."""

    author: str
    note: str = ""
    draft: bool = False
    dry_run: bool = False


class Editor:
    """Edits the rules of a store; every method raises `StoreError` or `RuleError` and then wrote nothing."""

    def __init__(self, store: Store, by: Edit, settings: Settings | None = None) -> None:
        self._store = store
        self._by = by
        self._settings = settings

    def find(self, kind: Kind, name: str) -> StoredObject:
        """The object as the newest version has it."""
        base = self._store.head()
        return _found([] if base is None else self._store.read(base), kind, name)

    def add(self, text: str, file: str | None = None) -> Difference:
        """Puts the rules and lists of a text at the end of a file of the store."""
        place = file or DEFAULT_FILE

        def change(before: list[StoredObject]) -> tuple[list[ObjectText], dict[Key, Key]]:
            source = text if text.endswith("\n") else text + "\n"
            parts = publishing.cut(source, place, self._settings)
            if not parts:
                # The compiler knows why.
                publishing.build({place: source}, self._settings)
                raise StoreError("the text holds no rule and no list; nothing was added")
            known = {(item.kind, item.name): item.file for item in before}
            for part in parts:
                if (part.kind, part.name) in known:
                    where = known[part.kind, part.name]
                    raise StoreError(
                        f'there is a {part.kind} "{part.name}" in {where} already; edit it instead: '
                        f"jobsieve rules edit {_argument(part.kind, part.name)}"
                    )
            there = [item for item in before if item.file == place]
            if there and not there[-1].source.endswith(("\n", "\r")):
                first = parts[0]
                parts[0] = ObjectText(first.kind, first.name, "\n" + first.source, place)
            return [*before, *parts], {}

        return self._commit(change)

    def edit(self, kind: Kind, name: str, text: str, *, revision: int | None = None) -> Difference:
        """Gives a rule or list another text. `revision` is the one that the text was made from."""

        def change(before: list[StoredObject]) -> tuple[list[ObjectText], dict[Key, Key]]:
            current = _found(before, kind, name)
            _require_revision(current, revision)
            source = (
                text if text.endswith("\n") or not current.source.endswith("\n") else text + "\n"
            )
            edited = _one(source, current, self._settings)
            if edited.name != name:
                raise StoreError(
                    f'the text is that of {edited.kind} "{edited.name}", not "{name}"; nothing was written; '
                    "for another name: jobsieve rules rename"
                )
            return [edited if item is current else item for item in before], {}

        return self._commit(change)

    def rename(self, kind: Kind, old: str, new: str, *, revision: int | None = None) -> Difference:
        """Gives a rule or list another name; its history stays with it."""

        def change(before: list[StoredObject]) -> tuple[list[ObjectText], dict[Key, Key]]:
            current = _found(before, kind, old)
            _require_revision(current, revision)
            edited = _one(_renamed(current, new, self._settings), current, self._settings)
            wanted: list[ObjectText] = [edited if item is current else item for item in before]
            return wanted, {(kind, new): (kind, old)}

        return self._commit(change)

    def retire(self, keys: Sequence[Key]) -> Difference:
        """Takes rules and lists out of the rule set; their history stays."""

        def change(before: list[StoredObject]) -> tuple[list[ObjectText], dict[Key, Key]]:
            gone = [_found(before, kind, name) for kind, name in keys]
            return [item for item in before if item not in gone], {}

        return self._commit(change)

    def add_category(self, path: str, name: str = "") -> Difference:
        """Adds a category. The first one brings those along that rules name already: from now on they may
        name no other."""

        def change(before: list[StoredObject]) -> tuple[list[ObjectText], dict[Key, Key]]:
            table = _taxonomy(before)
            if path in table:
                raise StoreError(
                    f"there is a category {path} already; for another name: "
                    f'jobsieve categories rename "{path}" "{path}" --name NAME'
                )
            brought: list[str] = []
            if not table.paths():
                sources = joined(item for item in before if item.kind in ("rule", "list"))
                brought = mentions.in_use(sources.items(), self._settings)
            rows = [{"path": each} for each in brought if each != path]
            table.extend([*rows, {"path": path, "name": name}])
            return _with_taxonomy(before, table), {}

        return self._commit(change)

    def move_category(self, old: str, new: str, name: str | None = None) -> Difference:
        """Gives a category and all below it other paths, and optionally the first another name. The rules
        and examples that name them are written anew with it."""

        def change(before: list[StoredObject]) -> tuple[list[ObjectText], dict[Key, Key]]:
            table = _taxonomy(before)
            below = [path for path in table.paths() if mentions.is_within(path, old)]
            if not below:
                _require(table, old)
            paths = {path: new + path.removeprefix(old) for path in below}
            table.move(paths)
            if name is not None:
                _require(table, new)
                table.change({new: {"name": name}})
            return [self._moved(item, old, new) for item in _with_taxonomy(before, table)], {
                ("category", after): ("category", path)
                for path, after in paths.items()
                if after != path
            }

        return self._commit(change)

    def _moved(self, item: ObjectText, old: str, new: str) -> ObjectText:
        if item.kind == "category":
            return item
        if item.kind == "examples":
            return replace(item, source=mentions.moved_in_examples(item.source, old, new))
        return replace(item, source=mentions.moved(item.source, old, new, self._settings))

    def retire_category(self, path: str, redirect: str | None = None) -> Difference:
        """Marks a category as retired, in favour of another where one is named. No rule may name it."""

        def change(before: list[StoredObject]) -> tuple[list[ObjectText], dict[Key, Key]]:
            table = _taxonomy(before)
            values = {"status": "retired"}
            if redirect is not None:
                _require(table, redirect)
                values["redirect"] = redirect
            _require(table, path)
            table.change({path: values})
            return _with_taxonomy(before, table), {}

        return self._commit(change)

    def _commit(self, change: Change) -> Difference:
        for attempt in range(1, _ATTEMPTS + 1):
            base = self._store.head()
            before = [] if base is None else self._store.read(base)
            wanted, renamed = change(before)
            publishing.build(joined(wanted), self._settings)
            try:
                if self._by.dry_run:
                    return self._store.compare(wanted, base_version=base, renamed=renamed)
                return self._store.commit(
                    wanted,
                    base_version=base,
                    author=self._by.author,
                    note=self._by.note,
                    publish=not self._by.draft,
                    renamed=renamed,
                )
            except StaleBase:
                # Somebody edited something: whether it was the same object is seen in the next round.
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")


def _taxonomy(before: Sequence[ObjectText]) -> taxonomy.Table:
    return taxonomy.Table(joined(before).get(rules.TAXONOMY, ""))


def _with_taxonomy(before: Sequence[ObjectText], table: taxonomy.Table) -> list[ObjectText]:
    rows = publishing.cut(table.text, rules.TAXONOMY) or []
    return [*(item for item in before if item.kind != "category"), *rows]


def _require(table: taxonomy.Table, path: str) -> None:
    if path not in table:
        near = closest(path, table.paths())
        hint = f'did you mean "{near}"?' if near else "what there is: jobsieve categories list"
        raise StoreError(f"there is no category {path}; {hint}")


def _found(objects: Sequence[StoredObject], kind: Kind, name: str) -> StoredObject:
    for item in objects:
        if (item.kind, item.name) == (kind, name):
            return item
    raise StoreError(f'there is no {kind} "{name}"; {advice(objects, kind, name)}')


def advice(objects: Sequence[ObjectText], kind: Kind, name: str) -> str:
    """What to do where there is no rule or list of this name: the one that is probably meant."""
    other: Kind = "rule" if kind == "list" else "list"
    if any((item.kind, item.name) == (other, name) for item in objects):
        remedy = "add --list" if other == "list" else "leave out --list"
        return f"there is a {other} of this name: {remedy}"
    near = closest(name, (item.name for item in objects if item.kind == kind))
    return f'did you mean "{near}"?' if near else "what there is: jobsieve rules list"


def _require_revision(current: StoredObject, revision: int | None) -> None:
    if revision is not None and revision > current.revision:
        raise StoreError(
            f'{current.kind} "{current.name}" has no revision {revision}: it stands at {current.revision}; '
            "nothing was written"
        )
    if revision is not None and current.revision != revision:
        when = datetime.fromtimestamp(current.created_at / 1000, UTC).isoformat(" ", "seconds")
        raise StaleBase(
            f'somebody else edited {current.kind} "{current.name}": you started from revision {revision}, '
            f"and it stands at {current.revision} by {current.author or 'an unnamed author'} of {when}; "
            "nothing was written; look at the difference (jobsieve rules diff "
            f"{_argument(current.kind, current.name)}) and repeat the change"
        )


def _argument(kind: Kind, name: str) -> str:
    """How a command is given the name, to be copied into a shell."""
    return shlex.quote(name) + (" --list" if kind == "list" else "")


def _one(source: str, current: ObjectText, settings: Settings | None) -> ObjectText:
    """The one object that a text must hold."""
    parts = publishing.cut(source, current.file, settings)
    if not parts:
        # The compiler knows why.
        publishing.build({current.file: source}, settings)
    if not parts or len(parts) != 1 or parts[0].kind != current.kind:
        raise StoreError(
            f'the text must hold {current.kind} "{current.name}" and nothing else; nothing was written'
        )
    return parts[0]


# Comments and blanks, then the keyword; the name follows.
_HEAD = re.compile(r"(?:\ufeff|\s|#[^\n\r]*)*(?:rule|list)(?:\s|#[^\n\r]*)*", re.IGNORECASE)


def _renamed(item: ObjectText, name: str, settings: Settings | None) -> str:
    """The text with another name. Quotes have many styles, so each place where the old name may end is
    tried, and the parser says which one leaves all the rest as it was."""
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    head = _HEAD.match(item.source)
    start = head.end() if head else 0
    line = re.compile(r"[^\r\n]*").match(item.source, start)
    read_with = settings.for_rules() if settings else None
    rest = _core.parse(item.source, settings=read_with)[0][2:]
    for end in range(start + 1, (line.end() if line and head else 0) + 1):
        candidate = item.source[:start] + quoted + item.source[end:]
        parts = _core.split(candidate, settings=read_with)
        named = [part[:2] for part in parts or ()] == [(item.kind, name)]
        if named and _core.parse(candidate, settings=read_with)[0][2:] == rest:
            return candidate
    raise StoreError(
        f'{item.kind} "{item.name}" can\'t be renamed {name!r} here: a name is at most 200 characters on one '
        "line; nothing was written"
    )
