"""What the commands that change the store share: who and why, and how they tell what changed."""

from __future__ import annotations

import functools
import getpass
import os
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from jobsieve import diagnostics
from jobsieve.cli.output import show_json

if TYPE_CHECKING:
    from jobsieve.editing import Edit
    from jobsieve.store import Difference

STORE = click.option(
    "--store", "store_url", metavar="URL", help="Store to use instead of the settings'."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
AUTHOR = click.option("--author", metavar="NAME", help="Who makes the change; by default you.")
NOTE = click.option("--note", "message", default="", metavar="TEXT", help="Why it is made.")
DRAFT = click.option("--draft", is_flag=True, help="Make a version without publishing it.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would change and change nothing.")


def editing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options of an edit and hands them on as `by`."""

    @STORE
    @AUTHOR
    @NOTE
    @DRAFT
    @DRY_RUN
    @JSON
    @functools.wraps(command)
    def wrapped(
        *arguments: Any,
        author: str | None,
        message: str,
        draft: bool,
        dry_run: bool,
        **options: Any,
    ) -> Any:
        from jobsieve.editing import Edit

        by = Edit(author or user(), message, draft=draft, dry_run=dry_run)
        return command(*arguments, by=by, **options)

    return wrapped


def user() -> str:
    """Who runs this process, by number where the system has no name for them, as in a container."""
    try:
        return getpass.getuser()
    # KeyError up to Python 3.12.
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def show_difference(done: Difference, by: Edit, *, as_json: bool) -> None:
    """What an edit changed, and in which version it stands."""
    version: int | None = getattr(done, "version", None)
    published = getattr(done, "publication", None) is not None
    if as_json:
        document = {
            key: [list(each) for each in value]
            for key, value in asdict(done).items()
            if key in ("added", "changed", "removed")
        }
        show_json({**document, "version": version, "published": published})
        return
    for mark, names in (("+", done.added), ("~", done.changed), ("-", done.removed)):
        for kind, name in names:
            click.echo(f"{mark} {kind} {diagnostics.visible(name)}")
    if by.dry_run:
        click.echo("nothing was written")
    elif not done:
        click.echo(f"nothing changed; version {version}")
    else:
        click.echo(f"version {version}, {'published' if published else 'not published'}")
