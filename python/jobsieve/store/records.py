"""The records that go in and out of the store: plain, immutable values.

They hold text and say where it belongs; what the text means, and whether it compiles, they never know.
Times are Unix milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["rule", "list", "category", "examples"]
PublicationKind = Literal["publish", "rollback"]


@dataclass(frozen=True, slots=True)
class Category:
    """What the row of a category says. `redirect` is the path to go to instead, None without one."""

    path: str
    name: str
    status: str
    redirect: str | None

    @property
    def parent(self) -> str | None:
        """The path above it, None at the top."""
        return self.path.rpartition("/")[0] or None


@dataclass(frozen=True, slots=True)
class ObjectText:
    """What stands in a file under a name of its own: `source` with the comment lines above it, verbatim.

    It is a rule, a list, a category (a row of `taxonomy.csv`, named by its path, with what it says) or a
    whole file of examples, named by its path. The sources of a file's objects, joined in order, are the
    file.
    """

    kind: Kind
    name: str
    source: str
    file: str
    category: Category | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class StoredObject(ObjectText):
    """An object in a version. `position` orders the objects of one file; its gaps mean nothing.

    `revision` counts the texts that the object has had, from 1; `author` and `created_at` are that
    revision's.
    """

    position: int
    object_id: int
    revision: int
    source_hash: str
    author: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Revision:
    """One text that an object has had. `source_hash` is the SHA-256 of its UTF-8, in hexadecimal."""

    number: int
    name: str
    source: str
    source_hash: str
    author: str
    note: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Version:
    """A frozen set of revisions. `base_version` is what its author started from, None for the first."""

    id: int
    base_version: int | None
    note: str
    author: str
    created_at: int
    rule_count: int


@dataclass(frozen=True, slots=True)
class Publication:
    """The act that made a version live. `newest_version` is the newest that existed at the time."""

    id: int
    version: int
    kind: PublicationKind
    newest_version: int
    author: str
    note: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What lies between two versions. A changed or moved object is in both: its old and new state."""

    opened: tuple[StoredObject, ...]
    closed: tuple[StoredObject, ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What is live, None where nothing was published, and what makes it up.

    `changes` lead to it from the publication that was known; `objects` are its whole content where none
    was, or where the store no longer has it; both are None where it is the known one. Examples are left
    out: nobody answers by them. `rule_count` is what the version says of itself.
    """

    live: Publication | None
    rule_count: int = 0
    changes: Changes | None = None
    objects: list[StoredObject] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """How a wanted content differs from a version, as `(kind, name)`, sorted.

    A `changed` object has another text, file or place in its file, or another name; of two that swap
    places, one.
    """

    added: tuple[tuple[Kind, str], ...]
    changed: tuple[tuple[Kind, str], ...]
    removed: tuple[tuple[Kind, str], ...]
    unchanged: tuple[tuple[Kind, str], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Committed(Difference):
    """What a commit did, against the version that it was based on.

    `version` is the base where the content is identical to it; `publication` is None where nothing was
    published, be it because that was not asked for or because the version was live already.
    """

    version: int
    publication: Publication | None


def joined(objects: Iterable[ObjectText]) -> dict[str, str]:
    """The files that objects make up, in order of the names; the objects come in the order of theirs."""
    parts: dict[str, list[str]] = {}
    for item in objects:
        parts.setdefault(item.file, []).append(item.source)
    return {file: "".join(parts[file]) for file in sorted(parts)}
