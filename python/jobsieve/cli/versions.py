"""`jobsieve versions|publish|rollback|diff`: the versions of the rule set, and which one is live."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from jobsieve import diagnostics
from jobsieve.cli.context import Context
from jobsieve.cli.edit_options import AUTHOR, JSON, NOTE, STORE, user
from jobsieve.cli.output import note, show_json, show_table

if TYPE_CHECKING:
    from jobsieve.store import Publication, StoredObject


@click.command()
@STORE
@JSON
@click.pass_obj
def versions(context: Context, store_url: str | None, as_json: bool) -> None:
    """List the versions of the store and when each was live."""
    with context.open_store(store_url, create=False) as store:
        found, publications, live = store.versions(), store.publications(), store.live()
    published: dict[int, list[Publication]] = {}
    for publication in publications:
        published.setdefault(publication.version, []).append(publication)
    if as_json:
        show_json(
            [
                {
                    "version": each.id,
                    "base": each.base_version,
                    "rules": each.rule_count,
                    "author": each.author,
                    "note": each.note,
                    "created_at": _time(each.created_at),
                    "live": live is not None and live.version == each.id,
                    "published": [
                        {
                            "kind": act.kind,
                            "author": act.author,
                            "note": act.note,
                            "at": _time(act.created_at),
                        }
                        for act in published.get(each.id, [])
                    ],
                }
                for each in found
            ]
        )
        return
    rows = []
    for each in found:
        acts = published.get(each.id)
        state = "live" if live is not None and live.version == each.id else ""
        shown = state or (f"published {_time(acts[-1].created_at)}" if acts else "draft")
        rows.append(
            (each.id, _time(each.created_at), each.author, each.rule_count, shown, each.note)
        )
    show_table(("version", "time", "author", "rules", "state", "note"), rows)


@click.command()
@click.argument("version", type=int)
@STORE
@AUTHOR
@NOTE
@JSON
@click.pass_obj
def publish(
    context: Context,
    version: int,
    store_url: str | None,
    author: str | None,
    message: str,
    as_json: bool,
) -> None:
    """Make a version live that is newer than the live one, a draft say."""
    with context.open_store(store_url, create=False) as store:
        _show(store.publish(version, author or user(), message), as_json=as_json)


@click.command()
@click.argument("version", type=int)
@STORE
@AUTHOR
@NOTE
@JSON
@click.pass_obj
def rollback(
    context: Context,
    version: int,
    store_url: str | None,
    author: str | None,
    message: str,
    as_json: bool,
) -> None:
    """Make an older version live again. What came after it stays on record; edits start from it."""
    with context.open_store(store_url, create=False) as store:
        _show(store.rollback(version, author or user(), message), as_json=as_json)


@click.command()
@click.argument("old", type=int)
@click.argument("new", type=int)
@STORE
@JSON
@click.pass_obj
def diff(context: Context, old: int, new: int, store_url: str | None, as_json: bool) -> None:
    """Show what changed in rules, lists, categories and examples from one version to another.

    The exit status is 1 where anything did.
    """
    with context.open_store(store_url, create=False) as store:
        changes = store.changes(old, new)
    before = {item.object_id: item for item in changes.closed}
    after = {item.object_id: item for item in changes.opened}
    ordered = sorted(
        before.keys() | after.keys(), key=lambda key: _place(after.get(key) or before[key])
    )
    pairs = [(before.get(key), after.get(key)) for key in ordered]
    if as_json:
        show_json([_pair(*pair) for pair in pairs])
    for pair in () if as_json else pairs:
        for line in _lines(*pair):
            click.echo(line)
    if pairs:
        raise click.exceptions.Exit(1)
    if not as_json:
        note(f"versions {old} and {new} hold the same")


def _place(item: StoredObject) -> tuple[str, int]:
    return item.file, item.position


def _pair(old: StoredObject | None, new: StoredObject | None) -> dict[str, object]:
    item = new or old
    assert item is not None
    return {
        "kind": item.kind,
        "change": "added" if old is None else "removed" if new is None else "changed",
        "old": _side(old),
        "new": _side(new),
    }


def _side(item: StoredObject | None) -> dict[str, object] | None:
    if item is None:
        return None
    return {
        "name": item.name,
        "file": item.file,
        "revision": item.revision,
        "author": item.author,
        "source": item.source,
    }


def _lines(old: StoredObject | None, new: StoredObject | None) -> list[str]:
    """Who changed what, then the difference of the texts."""
    item = new or old
    assert item is not None
    mark = "+" if old is None else "-" if new is None else "~"
    line = f"{mark} {item.kind} {diagnostics.visible(item.name)} ({item.file})"
    if old is not None and new is not None:
        if old.name != new.name:
            line += f", before {diagnostics.visible(old.name)}"
        if old.file != new.file:
            line += f", before in {old.file}"
        elif old.revision == new.revision:
            line += ", moved within its file"
    if new is not None:
        line += f", by {new.author} {_time(new.created_at)}"
    before, after = (each.source.splitlines() if each else [] for each in (old, new))
    # The names of the two sides, which come first, stand in the line above.
    differences = list(difflib.unified_diff(before, after, lineterm=""))[2:]
    return [line, *(f"    {diagnostics.visible(each)}" for each in differences)]


def _show(published: Publication, *, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "version": published.version,
                "kind": published.kind,
                "author": published.author,
                "note": published.note,
                "at": _time(published.created_at),
            }
        )
        return
    by = f"since {_time(published.created_at)}, by {published.author}"
    click.echo(f"version {published.version} is live, {by}")


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
