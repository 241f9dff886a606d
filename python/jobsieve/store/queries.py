"""The reading statements of the store: rows in, records out. Nothing is written here.

Each runs in the caller's transaction, so that a writer sees what it is about to build on.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true

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


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Cuts `items` into lists that fit into one statement."""
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def digest(text: str) -> str:
    """The SHA-256 of the text's UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def live(connection: Connection) -> Publication | None:
    """The newest publication."""
    newest = select(publications).order_by(publications.c.id.desc()).limit(1)
    row = connection.execute(newest).mappings().first()
    return None if row is None else Publication(**row)


def _publication(connection: Connection, number: int) -> Publication | None:
    row = connection.execute(select(publications).where(publications.c.id == number)).mappings()
    found = row.first()
    return None if found is None else Publication(**found)


def newest_version(connection: Connection) -> int | None:
    """The highest version, published or not."""
    return connection.execute(
        select(versions.c.id).order_by(versions.c.id.desc()).limit(1)
    ).scalar()


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
    return _objects(connection, alive(version))


def changes(
    connection: Connection, old: int, new: int, which: ColumnElement[bool] | None = None
) -> Changes:
    """What turns the content of one version into that of another, in either direction.

    It costs the spans between the two, not the size of the rule set. `which` picks some objects.
    """
    low, high = min(old, new), max(old, new)
    some = true() if which is None else which
    later = _objects(connection, and_(alive(high), spans.c.from_version > low, some))
    earlier = _objects(connection, and_(alive(low), spans.c.to_version <= high, some))
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
    count = connection.execute(
        select(versions.c.rule_count).where(versions.c.id == current.version)
    ).scalar_one()
    answering = objects.c.kind != "examples"
    if known is not None and _publication(connection, known.id) == known:
        difference = changes(connection, known.version, current.version, answering)
        return Fetched(current, count, changes=difference)
    whole = _objects(connection, and_(alive(current.version), answering))
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


def alive(version: int) -> ColumnElement[bool]:
    """Picks the spans that make up a version."""
    return and_(
        spans.c.from_version <= version,
        or_(spans.c.to_version.is_(None), spans.c.to_version > version),
    )


def of_span() -> ColumnElement[bool]:
    """Joins a span with the revision that it names."""
    return and_(revisions.c.object_id == spans.c.object_id, revisions.c.number == spans.c.revision)


def _objects(connection: Connection, where: ColumnElement[bool]) -> list[StoredObject]:
    # In the order of the record's fields.
    rows = connection.execute(
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
        .where(where)
    )
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
