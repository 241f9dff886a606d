"""The reading statements of the store: rows in, records out. Nothing is written here.

Each runs in the caller's transaction, so that a writer sees what it is about to build on.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    or_,
    select,
)

from jobsieve.errors import StoreError
from jobsieve.store.records import (
    Category,
    Changes,
    Fetched,
    Publication,
    Revision,
    StoredObject,
    Version,
)
from jobsieve.store.tables import categories, objects, publications, revisions, spans, versions

# Well below the limits on bound parameters (SQLite 32,766; older builds 999).
CHUNK = 500

Item = TypeVar("Item")
_Select: TypeAlias = "Select[*tuple[Any, ...]]"


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Cuts `items` into lists that fit into one statement."""
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def digest(text: str) -> str:
    """The SHA-256 of the text's UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def alive(version: int | BindParameter[int]) -> ColumnElement[bool]:
    """Picks the spans that make up a version."""
    return and_(
        spans.c.from_version <= version,
        or_(spans.c.to_version.is_(None), spans.c.to_version > version),
    )


def of_span() -> ColumnElement[bool]:
    """Joins a span with the revision that it names."""
    return and_(revisions.c.object_id == spans.c.object_id, revisions.c.number == spans.c.revision)


# Statements of every look are put together once: that took half of the time of one that finds a change.
_LIVE = select(publications).order_by(publications.c.id.desc()).limit(1)
_PUBLICATION = select(publications).where(publications.c.id == bindparam("number"))
_NEWEST_VERSION = select(versions.c.id).order_by(versions.c.id.desc()).limit(1)
_RULE_COUNT = select(versions.c.rule_count).where(versions.c.id == bindparam("version"))
# In the order of the fields of `StoredObject`.
_OBJECTS = (
    select(
        objects.c.kind,
        revisions.c.name,
        revisions.c.source,
        spans.c.file,
        spans.c.position,
        objects.c.id,
        revisions.c.number,
        revisions.c.source_hash,
        revisions.c.author,
        revisions.c.created_at,
    )
    .select_from(spans)
    .join(objects, objects.c.id == spans.c.object_id)
    .join(revisions, of_span())
)
_CONTENT = _OBJECTS.where(alive(bindparam("version")))
_LATER = _OBJECTS.where(alive(bindparam("high")), spans.c.from_version > bindparam("low"))
_EARLIER = _OBJECTS.where(alive(bindparam("low")), spans.c.to_version <= bindparam("high"))
# Examples are kept with the rules and answer nothing.
_ANSWERING = objects.c.kind != "examples"
_ANSWERING_CONTENT = _CONTENT.where(_ANSWERING)
_ANSWERING_LATER = _LATER.where(_ANSWERING)
_ANSWERING_EARLIER = _EARLIER.where(_ANSWERING)


def live(connection: Connection) -> Publication | None:
    """The newest publication."""
    row = connection.execute(_LIVE).mappings().first()
    return None if row is None else Publication(**row)


def _publication(connection: Connection, number: int) -> Publication | None:
    row = connection.execute(_PUBLICATION, {"number": number}).mappings().first()
    return None if row is None else Publication(**row)


def newest_version(connection: Connection) -> int | None:
    """The highest version, published or not."""
    return connection.execute(_NEWEST_VERSION).scalar()


def head(connection: Connection) -> int | None:
    """The version that the next edit starts from.

    It is the newest version, unless a rollback came after that: then it is the version that the rollback
    made live, for an edit must not bring back what was just withdrawn.
    """
    newest = newest_version(connection)
    published = live(connection)
    if (
        published is not None
        and published.kind == "rollback"
        and published.newest_version == newest
    ):
        return published.version
    return newest


def require_version(connection: Connection, version: int) -> None:
    """Raises `StoreError` where there is no such version."""
    newest = newest_version(connection)
    # Versions are numbered without gaps.
    if newest is None or not 1 <= version <= newest:
        known = "the store has none yet" if newest is None else f"the newest is {newest}"
        raise StoreError(f"there is no version {version}: {known}")


def content(connection: Connection, version: int) -> list[StoredObject]:
    """The objects of a version, ordered by file (in code points) and place in it."""
    return _objects(connection, _CONTENT, version=version)


def changes(connection: Connection, old: int, new: int) -> Changes:
    """What turns the content of one version into that of another, in either direction.

    It costs the spans between the two, not the size of the rule set.
    """
    return _changes(connection, old, new, _LATER, _EARLIER)


def _changes(
    connection: Connection, old: int, new: int, of_later: _Select, of_earlier: _Select
) -> Changes:
    low, high = min(old, new), max(old, new)
    later = _objects(connection, of_later, low=low, high=high)
    earlier = _objects(connection, of_earlier, low=low, high=high)
    # A change that was taken back leaves two spans that say the same.
    same = set(later) & set(earlier)
    opened, closed = (later, earlier) if new >= old else (earlier, later)
    return Changes(
        opened=tuple(item for item in opened if item not in same),
        closed=tuple(item for item in closed if item not in same),
    )


def fetch(connection: Connection, known: Publication | None) -> Fetched:
    """What is live, by what differs from `known`; see `Fetched`."""
    current = live(connection)
    if current is None or current == known:
        return Fetched(current)
    count = connection.execute(_RULE_COUNT, {"version": current.version}).scalar_one()
    if known is not None and _publication(connection, known.id) == known:
        difference = _changes(
            connection, known.version, current.version, _ANSWERING_LATER, _ANSWERING_EARLIER
        )
        return Fetched(current, count, changes=difference)
    whole = _objects(connection, _ANSWERING_CONTENT, version=current.version)
    return Fetched(current, count, objects=whole)


def history(connection: Connection, kind: str, name: str) -> tuple[Revision, ...]:
    """The texts that an object has had, oldest first; empty where none ever had this name.

    Where several had it in turn, the one that had it last.
    """
    last = connection.execute(
        select(revisions.c.object_id)
        .join(objects, objects.c.id == revisions.c.object_id)
        .where(objects.c.kind == kind, revisions.c.name_key == digest(name))
        .order_by(revisions.c.created_at.desc(), revisions.c.object_id.desc())
        .limit(1)
    ).scalar()
    if last is None:
        return ()
    rows = connection.execute(
        select(
            revisions.c.number,
            revisions.c.name,
            revisions.c.source,
            revisions.c.source_hash,
            revisions.c.author,
            revisions.c.note,
            revisions.c.created_at,
        )
        .where(revisions.c.object_id == last)
        .order_by(revisions.c.number)
    )
    return tuple(Revision(*row) for row in rows)


def all_categories(connection: Connection, version: int) -> list[tuple[int, Category]]:
    """The categories of a version with their stable ids, in the order of their paths."""
    rows = connection.execute(
        select(
            categories.c.object_id,
            categories.c.path,
            categories.c.name,
            categories.c.status,
            categories.c.redirect,
        )
        .select_from(spans)
        .join(
            categories,
            and_(
                categories.c.object_id == spans.c.object_id,
                categories.c.revision == spans.c.revision,
            ),
        )
        .where(alive(version))
    )
    found = [(row[0], Category(*row[1:])) for row in rows]
    return sorted(found, key=lambda each: each[1].path.split("/"))


def all_versions(connection: Connection) -> tuple[Version, ...]:
    """Every version, oldest first."""
    rows = connection.execute(select(versions).order_by(versions.c.id)).mappings()
    return tuple(Version(**row) for row in rows)


def all_publications(connection: Connection) -> tuple[Publication, ...]:
    """Every publication, oldest first."""
    rows = connection.execute(select(publications).order_by(publications.c.id)).mappings()
    return tuple(Publication(**row) for row in rows)


def _objects(connection: Connection, which: _Select, **versions: int) -> list[StoredObject]:
    rows = connection.execute(which, versions)
    found = []
    for kind, name, source, file, *others in rows:
        # SQLite keeps whatever another program puts into a column of text.
        if not (type(name) is type(source) is type(file) is str):
            raise StoreError(
                f"object {others[1]} ({name!r}) holds bytes where text belongs: another program wrote it; "
                "write it anew or restore the store from a backup"
            )
        # The names of a few files stand in thousands of rows.
        found.append(StoredObject(kind, name, source, sys.intern(file), *others))
    found.sort(key=lambda item: (item.file, item.position))
    return found
