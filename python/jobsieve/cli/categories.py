"""`jobsieve categories`: the taxonomy of the store, kept in its `taxonomy.csv`."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from jobsieve.cli.context import Context
from jobsieve.cli.edit_options import JSON, STORE, editing, show_difference
from jobsieve.cli.output import note, show_json, show_table

if TYPE_CHECKING:
    from jobsieve.editing import Edit, Editor
    from jobsieve.store import Difference


@click.group()
def categories() -> None:
    """List and change the categories of the taxonomy.

    They are the rows of taxonomy.csv, which travels with the rules. Where there are any, rules and examples
    may name no other, and none that is retired. A category keeps its id when it is renamed.
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
    """Add a category.

    The first one brings all categories along that rules name already: from then on they may name no other.
    """
    done = _edit(context, store_url, by, lambda editor: editor.add_category(path, name))
    brought = sum(kind == "category" for kind, _ in done.added) - 1
    if brought > 0:
        note(f"the taxonomy begins with the {brought} categories that rules name already")
    show_difference(done, by, as_json=as_json)


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

    The rules and examples that name them are changed with them, in the same version.
    """
    done = _edit(context, store_url, by, lambda editor: editor.move_category(old, new, name))
    show_difference(done, by, as_json=as_json)


def _name_redirect(context: click.Context, _: click.Parameter, target: str | None) -> None:
    if target is not None:
        path = context.params.get("path", "PATH")
        raise click.UsageError(
            f"A category that another replaces: jobsieve categories redirect {shlex.join([path, target])}"
        )


@categories.command()
@click.argument("path", is_eager=True)
@click.option(
    "--redirect",
    hidden=True,
    expose_value=False,
    callback=_name_redirect,
    help="Refused: names the command that redirects.",
)
@editing
@click.pass_obj
def retire(context: Context, path: str, store_url: str | None, by: Edit, as_json: bool) -> None:
    """Mark a category as retired; it stays on record. No rule may name it any more."""
    done = _edit(context, store_url, by, lambda editor: editor.retire_category(path))
    show_difference(done, by, as_json=as_json)


@categories.command()
@click.argument("path")
@click.argument("target")
@editing
@click.pass_obj
def redirect(
    context: Context, path: str, target: str, store_url: str | None, by: Edit, as_json: bool
) -> None:
    """Retire a category in favour of another, which rules name instead."""
    done = _edit(context, store_url, by, lambda editor: editor.retire_category(path, target))
    show_difference(done, by, as_json=as_json)


def _edit(
    context: Context, store_url: str | None, by: Edit, edit: Callable[[Editor], Difference]
) -> Difference:
    from jobsieve.editing import Editor

    with context.open_store(store_url, create=False) as store:
        return edit(Editor(store, by, context.settings()))
