"""The rule store as its callers see it: versions are committed, published and read.

It keeps text and knows no language: whether the rules compile is checked before they come here.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Self, get_args

from jobsieve.errors import StoreError
from jobsieve.store import commits, queries
from jobsieve.store.cutoff import Cutoff
from jobsieve.store.database import Database
from jobsieve.store.records import Kind
from jobsieve.store.tables import AUTHOR_LENGTH, FILE_LENGTH, LONG_NAME_LENGTH, NAME_LENGTH

if TYPE_CHECKING:
    from jobsieve.store.records import (
        Category,
        Changes,
        Committed,
        Difference,
        Fetched,
        ObjectText,
        Publication,
        Revision,
        StoredObject,
        Version,
    )


def open_store(
    url: str | os.PathLike[str], *, create: bool = True, cutoff: Cutoff | None = None
) -> Store:
    """Opens the store at a file path or a URL (`sqlite:///rules.db`, `mysql://…`, `postgresql://…`).

    With `create` a missing file, but never its folder, and missing tables are made. `cutoff` ends from
    another thread what waits for a server. Raises `StoreError`, and `StoreUnavailable` where the store
    can't be reached or another process keeps it locked.
    """
    return Store(Database.open(url, create=create, cutoff=cutoff))


def check_url(url: str | os.PathLike[str]) -> None:
    """Raises `StoreError` where a URL can't be that of a store or its driver is missing; opens nothing."""
    Database.check_url(url)


def migrate(
    url: str | os.PathLike[str], target: str | None = None
) -> tuple[str | None, str | None]:
    """Brings the schema of a store up or down to `target`, by default to the newest; gives the numbers
    before and after, None for no table at all. Raises `StoreError`."""
    return Database.migrate(url, target)


class Store:
    """Objects, their revisions, versions and publications. Threads may share it.

    Every method raises `StoreError`; a method that writes does all of it or nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __str__(self) -> str:
        return str(self._database)

    def close(self) -> None:
        """Ends the use of this store; a later call is refused."""
        self._database.close()

    def live(self) -> Publication | None:
        """The newest publication, None where nothing was published yet. Cheap enough to poll."""
        with self._database.reading("ask for the live version") as connection:
            return queries.live(connection)

    def fetch(self, known: Publication | None) -> Fetched:
        """What is live and, in the same transaction, what differs from the publication `known`."""
        with self._database.reading("fetch the live version") as connection:
            return queries.fetch(connection, known)

    def head(self) -> int | None:
        """The version that an edit starts from, None in an empty store: the `base_version` of `commit`.

        It is the newest version, or after a rollback the one that was rolled back to.
        """
        with self._database.reading("ask for the newest version") as connection:
            return queries.head(connection)

    def read(self, version: int) -> list[StoredObject]:
        """The content of a version, ordered by file and place in it."""
        with self._database.reading(f"read version {version}") as connection:
            queries.require_version(connection, version)
            return queries.content(connection, version)

    def changes(self, from_version: int, to_version: int) -> Changes:
        """What turns one version into another, newer or older. Its cost is that of the difference."""
        operation = f"compare versions {from_version} and {to_version}"
        with self._database.reading(operation) as connection:
            queries.require_version(connection, from_version)
            queries.require_version(connection, to_version)
            return queries.changes(connection, from_version, to_version)

    def versions(self) -> tuple[Version, ...]:
        """Every version, oldest first."""
        with self._database.reading("list the versions") as connection:
            return queries.all_versions(connection)

    def publications(self) -> tuple[Publication, ...]:
        """Every publication and rollback, oldest first."""
        with self._database.reading("list the publications") as connection:
            return queries.all_publications(connection)

    def history(self, kind: Kind, name: str) -> tuple[Revision, ...]:
        """Every text that an object has had, oldest first, also under other names; empty where none ever
        had this name."""
        _check_text("name", name)
        with self._database.reading(f"read the history of {kind} {name!r}") as connection:
            return queries.history(connection, kind, name)

    def categories(self, version: int) -> list[tuple[int, Category]]:
        """The categories of a version with their ids, which a renaming keeps; the tree in order."""
        with self._database.reading(f"read the categories of version {version}") as connection:
            queries.require_version(connection, version)
            return queries.all_categories(connection, version)

    def commit(
        self,
        objects: Iterable[ObjectText],
        *,
        base_version: int | None,
        author: str,
        note: str = "",
        publish: bool,
        renamed: Mapping[tuple[Kind, str], tuple[Kind, str]] | None = None,
    ) -> Committed:
        """Makes a version whose content is exactly `objects`, and publishes it on demand.

        The objects of one file come in the order of that file. `base_version` is the `head()` that the
        caller started from; `StaleBase` is raised where that is no longer the head. Content identical to
        the base makes no new version. `renamed` says which object of the base, by its old kind and name, a
        new name belongs to: it stays the same object, with its history and id.
        """
        wanted = _checked(objects)
        _check_origin(author, note)
        with self._database.writing("commit a version") as connection:
            return commits.commit(
                connection,
                wanted,
                base_version=base_version,
                author=author,
                note=note,
                publish=publish,
                renamed=renamed or {},
            )

    def compare(
        self,
        objects: Iterable[ObjectText],
        *,
        base_version: int | None,
        renamed: Mapping[tuple[Kind, str], tuple[Kind, str]] | None = None,
    ) -> Difference:
        """What `commit` would change. Nothing is written, and no other writer is held up."""
        wanted = _checked(objects)
        with self._database.reading("compare with the newest version") as connection:
            return commits.compare(
                connection, wanted, base_version=base_version, renamed=renamed or {}
            )

    def publish(self, version: int, author: str, note: str = "") -> Publication:
        """Makes a version live that is newer than the live one; gives its publication."""
        _check_origin(author, note)
        with self._database.writing(f"publish version {version}") as connection:
            return commits.make_live(connection, version, "publish", author=author, note=note)

    def rollback(self, version: int, author: str, note: str = "") -> Publication:
        """Makes a version live again that is older than the live one. The next edit starts from it."""
        _check_origin(author, note)
        with self._database.writing(f"roll back to version {version}") as connection:
            return commits.make_live(connection, version, "rollback", author=author, note=note)


def _checked(wanted: Iterable[ObjectText]) -> dict[commits.Key, ObjectText]:
    result: dict[commits.Key, ObjectText] = {}
    for item in wanted:
        what = f"{item.kind} {item.name!r}"
        if item.kind not in get_args(Kind):
            raise StoreError(f"{item.kind!r} is no kind of object: {', '.join(get_args(Kind))}")
        if not item.name:
            raise StoreError(f"a {item.kind} of file {item.file!r} has no name")
        longest = NAME_LENGTH if item.kind in ("rule", "list") else LONG_NAME_LENGTH
        _check_text(f"the name of {what}", item.name, longest)
        _check_text(f"the source of {what}", item.source)
        _check_file(item.file)
        other = result.setdefault((item.kind, item.name), item)
        if other is not item:
            raise StoreError(
                f"{what} stands twice, in {other.file!r} and in {item.file!r}; rename one of them"
            )
    return result


def _check_origin(author: str, note: str) -> None:
    _check_text("the author", author, AUTHOR_LENGTH)
    _check_text("the note", note)


def _check_text(what: str, text: str, longest: int | None = None) -> None:
    if longest is not None and len(text) > longest:
        raise StoreError(f"{what} has {len(text)} characters; at most {longest} are allowed")
    # PostgreSQL can't hold one, and tools cut the text there.
    if "\0" in text:
        raise StoreError(f"{what} holds a NUL character; remove it")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise StoreError(
            f"{what} holds half a surrogate pair at character {error.start}, which is no text; remove it"
        ) from None


# Thousands of objects stand in a few files.
@functools.lru_cache(maxsize=1_000)
def _check_file(file: str) -> None:
    """An export writes to these names: none may lead out of its folder, on any system."""
    _check_text(f"the file name {file[:80]!r}", file, FILE_LENGTH)
    windows = PureWindowsPath(file)
    if not file or windows.anchor or ".." in windows.parts or str(PurePosixPath(file)) != file:
        raise StoreError(
            f"{file!r} can't be the name of a rule file; give a relative path such as it/developers.rules"
        )
