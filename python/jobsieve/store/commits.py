"""Writes versions and publications: compares what is wanted with what is there, adds the difference.

Nothing here changes a text or a version that was written before; a span that ended is closed. Each
function runs in a transaction that the caller commits.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from jobsieve.errors import StaleBase, StoreError
from jobsieve.store import queries
from jobsieve.store.placement import place
from jobsieve.store.records import (
    Committed,
    Difference,
    Kind,
    ObjectText,
    Publication,
    PublicationKind,
)
from jobsieve.store.tables import (
    categories,
    counters,
    objects,
    publications,
    revisions,
    spans,
    versions,
)

Key = tuple[Kind, str]


class Ids:
    """The ids that a transaction may give out. Making one locks out other writers until its end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # SQLite has no row locks and drops the clause: its transaction began as the only writer.
        rows = connection.execute(select(counters.c.name, counters.c.next_id).with_for_update())
        self._next: dict[str, int] = {row.name: row.next_id for row in rows}

    def take(self, name: str) -> int:
        """A new id for a row of table `name`; `save` makes it known."""
        taken = self._next[name]
        self._next[name] = taken + 1
        return taken

    def save(self) -> None:
        """Writes down what was taken."""
        for name, next_id in self._next.items():
            self._connection.execute(
                update(counters).where(counters.c.name == name).values(next_id=next_id)
            )


@dataclass(frozen=True, slots=True)
class _Author:
    author: str
    note: str
    created_at: int


@dataclass(frozen=True, slots=True)
class _Placed:
    """An object in a version, without its text."""

    object_id: int
    revision: int
    source_hash: str
    file: str
    position: int


def commit(
    connection: Connection,
    wanted: Mapping[Key, ObjectText],
    *,
    base_version: int | None,
    author: str,
    note: str,
    publish: bool,
    renamed: Mapping[Key, Key],
) -> Committed:
    """Makes a version that holds exactly `wanted`; see `Store.commit`."""
    ids = Ids(connection)
    head, base = _base(connection, base_version)
    _check_renamed(renamed, wanted, base)
    by = _Author(author, note, _now())
    hashes = _hashes(wanted)
    positions, moved = _arrange(wanted, base)
    difference = _difference(wanted, hashes, base, moved, renamed)
    if head is None or difference:
        version = ids.take("versions")
        newest = queries.newest_version(connection)
        before = base
        if newest != head and newest is not None:
            # Spans follow one another by version, so they continue the newest one, which was rolled back.
            before = _placed(connection, newest)
            positions, _ = _arrange(wanted, before)
        rule_count = sum(kind == "rule" for kind, _ in wanted)
        _append_version(connection, version, head, rule_count, by)
        object_ids = {
            key: base[old].object_id for key in wanted if (old := renamed.get(key, key)) in base
        }
        numbers = _append_texts(connection, ids, wanted, hashes, [base, before], object_ids, by)
        _write_spans(
            connection,
            version,
            before,
            {
                key: _Placed(*numbers[key], hashes[key], item.file, positions[key])
                for key, item in wanted.items()
            },
        )
    else:
        version = head
    published = None
    current = queries.live(connection)
    if publish and (current is None or current.version != version):
        published = _append_publication(connection, ids, version, "publish", by)
    ids.save()
    return Committed(
        added=difference.added,
        changed=difference.changed,
        removed=difference.removed,
        unchanged=difference.unchanged,
        version=version,
        publication=published,
    )


def compare(
    connection: Connection,
    wanted: Mapping[Key, ObjectText],
    *,
    base_version: int | None,
    renamed: Mapping[Key, Key],
) -> Difference:
    """What `commit` would do. Nothing is written."""
    _, base = _base(connection, base_version)
    _check_renamed(renamed, wanted, base)
    _, moved = _arrange(wanted, base)
    return _difference(wanted, _hashes(wanted), base, moved, renamed)


def make_live(
    connection: Connection, version: int, kind: PublicationKind, *, author: str, note: str
) -> Publication:
    """Appends a publication, or gives the live one where it names `version` already."""
    ids = Ids(connection)
    queries.require_version(connection, version)
    current = queries.live(connection)
    if current is not None and current.version == version:
        return current
    if kind == "publish" and current is not None and version < current.version:
        raise StoreError(
            f"version {version} is older than the live version {current.version}; roll back to it instead"
        )
    if kind == "rollback" and (current is None or version > current.version):
        known = "nothing is live" if current is None else f"version {current.version} is live"
        raise StoreError(f"can't roll back to version {version}: {known}; publish it instead")
    published = _append_publication(connection, ids, version, kind, _Author(author, note, _now()))
    ids.save()
    return published


def _now() -> int:
    return time.time_ns() // 1_000_000


def _base(
    connection: Connection, base_version: int | None
) -> tuple[int | None, dict[Key, _Placed]]:
    """The head and its content; raises `StaleBase` where the caller did not start from it."""
    head = queries.head(connection)
    if head != base_version:
        raise _stale(connection, base_version, head)
    return head, {} if head is None else _placed(connection, head)


def _hashes(wanted: Mapping[Key, ObjectText]) -> dict[Key, str]:
    return {key: queries.digest(item.source) for key, item in wanted.items()}


def _stale(connection: Connection, base: int | None, head: int | None) -> StaleBase:
    started = "an empty store" if base is None else f"version {base}"
    if head is None:
        return StaleBase(f"you started from {started}, but the store is empty; nothing was written")
    newest = queries.all_versions(connection)[-1]
    return StaleBase(
        f"somebody else changed the rules: you started from {started}, and edits now start from version "
        f"{head} (newest: {newest.id}, by {newest.author or 'an unnamed author'}); nothing was written; "
        "read the rules again and repeat the change"
    )


def _placed(connection: Connection, version: int) -> dict[Key, _Placed]:
    rows = connection.execute(
        select(
            objects.c.kind,
            revisions.c.name,
            objects.c.id,
            spans.c.revision,
            revisions.c.source_hash,
            spans.c.file,
            spans.c.position,
        )
        .select_from(spans)
        .join(objects, objects.c.id == spans.c.object_id)
        .join(revisions, queries.of_span())
        .where(queries.alive(version))
    )
    return {(row[0], row[1]): _Placed(*row[2:]) for row in rows}


def _arrange(
    wanted: Mapping[Key, ObjectText], before: Mapping[Key, _Placed]
) -> tuple[dict[Key, int], set[Key]]:
    """A position for every object, and the objects that changed places within their file."""
    files: dict[str, list[Key]] = {}
    for key, item in wanted.items():
        files.setdefault(item.file, []).append(key)
    positions: dict[Key, int] = {}
    moved: set[Key] = set()
    for file, keys in files.items():
        current = {
            key: before[key].position for key in keys if key in before and before[key].file == file
        }
        numbers, changed_places = place(keys, current)
        positions.update(zip(keys, numbers, strict=True))
        moved |= changed_places
    return positions, moved


def _difference(
    wanted: Mapping[Key, ObjectText],
    hashes: Mapping[Key, str],
    base: Mapping[Key, _Placed],
    moved: set[Key],
    renamed: Mapping[Key, Key],
) -> Difference:
    changed = {
        key
        for key, item in wanted.items()
        if key in base
        and (key in moved or (hashes[key], item.file) != (base[key].source_hash, base[key].file))
    } | renamed.keys()
    return Difference(
        added=tuple(sorted(wanted.keys() - base.keys() - renamed.keys())),
        changed=tuple(sorted(changed)),
        removed=tuple(sorted(base.keys() - wanted.keys() - set(renamed.values()))),
        unchanged=tuple(sorted((wanted.keys() & base.keys()) - changed)),
    )


def _append_version(
    connection: Connection, version: int, base: int | None, rule_count: int, by: _Author
) -> None:
    connection.execute(
        insert(versions).values(
            id=version,
            base_version=base,
            note=by.note,
            author=by.author,
            created_at=by.created_at,
            rule_count=rule_count,
        )
    )


def _append_publication(
    connection: Connection, ids: Ids, version: int, kind: PublicationKind, by: _Author
) -> Publication:
    published = Publication(
        id=ids.take("publications"),
        version=version,
        kind=kind,
        newest_version=queries.newest_version(connection) or version,
        author=by.author,
        note=by.note,
        created_at=by.created_at,
    )
    connection.execute(
        insert(publications).values(
            id=published.id,
            version=published.version,
            kind=published.kind,
            newest_version=published.newest_version,
            author=published.author,
            note=published.note,
            created_at=published.created_at,
        )
    )
    return published


def _check_renamed(
    renamed: Mapping[Key, Key], wanted: Mapping[Key, ObjectText], base: Mapping[Key, _Placed]
) -> None:
    for new, old in renamed.items():
        (kind, title), name = new, f"{old[0]} {old[1]!r}"
        if old not in base or new not in wanted or old in wanted:
            raise StoreError(
                f"{name} can't be renamed {title!r}: one of the two is not as it was said"
            )
        if new in base:
            raise StoreError(
                f"{name} can't be renamed {title!r}: there is a {kind} of that name; choose another"
            )


def _append_texts(
    connection: Connection,
    ids: Ids,
    wanted: Mapping[Key, ObjectText],
    hashes: Mapping[Key, str],
    known: Sequence[Mapping[Key, _Placed]],
    object_ids: dict[Key, int],
    by: _Author,
) -> dict[Key, tuple[int, int]]:
    """The object id and revision number of each object; appends those that are new.

    A text that the object has under its name in one of the versions `known` is used again. `object_ids`
    says who the objects are of which that is certain, and gets the others.
    """
    result: dict[Key, tuple[int, int]] = {}
    fresh: list[Key] = []
    used = set(object_ids.values())
    for key in wanted:
        places = [version[key] for version in known if key in version]
        if key not in object_ids and places and places[0].object_id not in used:
            object_ids[key] = places[0].object_id
            used.add(object_ids[key])
        same = next(
            (
                item
                for item in places
                if (item.object_id, item.source_hash) == (object_ids.get(key), hashes[key])
            ),
            None,
        )
        if same is not None:
            result[key] = (same.object_id, same.revision)
        else:
            fresh.append(key)
    _find_or_append_objects(connection, ids, fresh, object_ids)
    newest = _newest_revisions(connection, (object_ids[key] for key in fresh))
    rows: list[dict[str, object]] = []
    for key in fresh:
        object_id = object_ids[key]
        number = newest.get(object_id, 0) + 1
        result[key] = (object_id, number)
        rows.append(
            {
                "object_id": object_id,
                "number": number,
                "name": key[1],
                "name_key": queries.digest(key[1]),
                "source": wanted[key].source,
                "source_hash": hashes[key],
                "author": by.author,
                "note": by.note,
                "created_at": by.created_at,
            }
        )
    if rows:
        connection.execute(insert(revisions), rows)
    _append_categories(connection, (wanted[key] for key in fresh), result)
    return result


def _append_categories(
    connection: Connection,
    items: Iterable[ObjectText],
    numbers: Mapping[Key, tuple[int, int]],
) -> None:
    rows: list[dict[str, object]] = []
    for item in items:
        if item.kind != "category":
            continue
        if item.category is None:
            raise StoreError(f"it is not said what category {item.name!r} is")
        object_id, number = numbers[item.kind, item.name]
        rows.append(
            {
                "object_id": object_id,
                "revision": number,
                "path": item.category.path,
                "parent": item.category.parent,
                "name": item.category.name,
                "status": item.category.status,
                "redirect": item.category.redirect,
            }
        )
    if rows:
        connection.execute(insert(categories), rows)


def _find_or_append_objects(
    connection: Connection, ids: Ids, keys: Sequence[Key], object_ids: dict[Key, int]
) -> None:
    """Fills in the ids of `keys` that have none: an object that was removed before keeps its identity.

    It is found by the name that it had last, unless it is another of the wanted objects by now.
    """
    names = {(kind, queries.digest(name)): (kind, name) for kind, name in keys}
    missing = {pair: key for pair, key in names.items() if key not in object_ids}
    used = set(object_ids.values())
    for chunk in queries.chunks(missing):
        found = connection.execute(
            select(objects.c.kind, revisions.c.name_key, objects.c.id, revisions.c.number)
            .join(objects, objects.c.id == revisions.c.object_id)
            .where(revisions.c.name_key.in_([name_key for _, name_key in chunk]))
            .order_by(objects.c.id)
        ).all()
        newest = _newest_revisions(connection, {row.id for row in found})
        for kind, name_key, object_id, number in found:
            # A list may have the name of a rule.
            key = missing.get((kind, name_key))
            if key is not None and newest[object_id] == number and object_id not in used:
                # Of several the youngest.
                object_ids[key] = object_id
    rows: list[dict[str, object]] = []
    for (kind, _), key in missing.items():
        if key not in object_ids:
            object_ids[key] = ids.take("objects")
            rows.append({"id": object_ids[key], "kind": kind})
    if rows:
        connection.execute(insert(objects), rows)


def _newest_revisions(connection: Connection, object_ids: Iterable[int]) -> dict[int, int]:
    newest: dict[int, int] = {}
    for chunk in queries.chunks(object_ids):
        rows = connection.execute(
            select(revisions.c.object_id, func.max(revisions.c.number))
            .where(revisions.c.object_id.in_(chunk))
            .group_by(revisions.c.object_id)
        )
        newest.update((object_id, number) for object_id, number in rows)
    return newest


def _write_spans(
    connection: Connection,
    version: int,
    before: Mapping[Key, _Placed],
    after: Mapping[Key, _Placed],
) -> None:
    ended = [item.object_id for key, item in before.items() if after.get(key) != item]
    for chunk in queries.chunks(ended):
        connection.execute(
            update(spans)
            .where(spans.c.object_id.in_(chunk), spans.c.to_version.is_(None))
            .values(to_version=version)
        )
    begun = [
        {
            "object_id": item.object_id,
            "from_version": version,
            "revision": item.revision,
            "file": item.file,
            "position": item.position,
        }
        for key, item in after.items()
        if before.get(key) != item
    ]
    if begun:
        connection.execute(insert(spans), begun)
