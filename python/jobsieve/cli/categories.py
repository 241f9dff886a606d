"""`jobsieve categories`: the taxonomy of the store, kept in its `taxonomy.csv`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

from jobsieve.cli.context import Context
from jobsieve.cli.edit_options import JSON, STORE, editing, show_difference
from jobsieve.cli.output import note, show_json, show_table
from jobsieve.errors import StoreError

if TYPE_CHECKING:
    from jobsieve.editing import Edit
    from jobsieve.taxonomy import Table


@click.group()
def categories() -> None:
    """List and change the categories of the taxonomy.

    They are the rows of taxonomy.csv, which travels with the rules. A category keeps its id when it is
    renamed.
    """


@categories.command("list")
@STORE
@JSON
@click.pass_obj
def list_(context: Context, store_url: str | None, as_json: bool) -> None:
    """List the categories of the live version with their ids, as a tree in order."""
    with context.open_store(store_url, create=False) as store:
        live = store.live()
        found = store.categories(live.version) if live is not None else []
    if as_json:
        show_json(
            [
                {
                    "id": number,
                    "path": each.path,
                    "parent": each.parent,
                    "name": each.name,
                    "status": each.status,
                    "redirect": each.redirect,
                }
                for number, each in found
            ]
        )
        return
    show_table(
        ("id", "path", "name", "status", "redirect"),
        [
            (number, each.path, each.name, each.status, each.redirect or "")
            for number, each in found
        ],
    )
    if not found:
        note("there is no taxonomy; import one beside the rules (taxonomy.csv) or add a category")


@categories.command()
@click.argument("path")
@click.option("--name", default="", help="What people read; by default the last part of the path.")
@editing
@click.pass_obj
def add(
    context: Context, path: str, name: str, store_url: str | None, by: Edit, as_json: bool
) -> None:
    """Add a category."""

    def edit(table: Table) -> Mapping[str, str]:
        table.add(path=path, name=name, status="active")
        return {}

    _edit(context, store_url, by, edit, as_json=as_json)


@categories.command()
@click.argument("old")
@click.argument("new")
@click.option("--name", help="What people read from now on.")
@editing
@click.pass_obj
def rename(
    context: Context,
    old: str,
    new: str,
    name: str | None,
    store_url: str | None,
    by: Edit,
    as_json: bool,
) -> None:
    """Give a category, and all below it, another path. They keep their ids; redirects follow.

    Rules that add the old path are not changed: the rule set must compile afterwards.
    """

    def edit(table: Table) -> Mapping[str, str]:
        _require(table, old)
        moved = {
            path: new + path.removeprefix(old)
            for path in table.paths()
            if path == old or path.startswith(f"{old}/")
        }
        table.move(moved)
        if name is not None:
            table.change({new: {"name": name}})
        return {after: before for before, after in moved.items() if after != before}

    _edit(context, store_url, by, edit, as_json=as_json)


@categories.command()
@click.argument("path")
@editing
@click.pass_obj
def retire(context: Context, path: str, store_url: str | None, by: Edit, as_json: bool) -> None:
    """Mark a category as retired; it stays on record."""

    def edit(table: Table) -> Mapping[str, str]:
        _require(table, path)
        table.change({path: {"status": "retired"}})
        return {}

    _edit(context, store_url, by, edit, as_json=as_json)


@categories.command()
@click.argument("path")
@click.argument("target")
@editing
@click.pass_obj
def redirect(
    context: Context, path: str, target: str, store_url: str | None, by: Edit, as_json: bool
) -> None:
    """Retire a category in favour of another."""

    def edit(table: Table) -> Mapping[str, str]:
        _require(table, path)
        _require(table, target)
        table.change({path: {"status": "retired", "redirect": target}})
        return {}

    _edit(context, store_url, by, edit, as_json=as_json)


def _require(table: Table, path: str) -> None:
    if path not in table:
        raise StoreError(f"there is no category {path}; what there is: jobsieve categories list")


def _edit(
    context: Context,
    store_url: str | None,
    by: Edit,
    edit: Callable[[Table], Mapping[str, str]],
    *,
    as_json: bool,
) -> None:
    from jobsieve.editing import Editor

    with context.open_store(store_url, create=False) as store:
        done = Editor(store, by, context.settings()).edit_taxonomy(edit)
    show_difference(done, by, as_json=as_json)
