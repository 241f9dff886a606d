"""`jobsieve migrate`: the tables of the store, up to what this Jobsieve needs, or down again."""

from __future__ import annotations

import click

from jobsieve.cli.context import Context
from jobsieve.cli.output import note, show_json


@click.command()
@click.option("--store", "store_url", metavar="URL", help="Store to use instead of the settings'.")
@click.option(
    "--to",
    "target",
    metavar="NUMBER",
    help="Schema to go to, up or down, by default the newest; base takes all tables away.",
)
@click.option("--yes", is_flag=True, help="Go down without asking; it loses data.")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers before and after as JSON.")
@click.pass_obj
def migrate(
    context: Context, store_url: str | None, target: str | None, yes: bool, as_json: bool
) -> None:
    """Bring the tables of the store up to date.

    A store in a file is brought up to date when it is opened. One on a server is not, since services of
    an older release may read it: stop these first.
    """
    from jobsieve import store

    if target is not None and not yes:
        click.confirm(
            f"Go to schema {target}? The way down loses what only a newer schema can hold.",
            abort=True,
            err=True,
        )
    before, after = store.migrate(context.settings(store_url=store_url).store.url, target)
    if as_json:
        show_json({"before": before, "after": after})
        return
    if before == after:
        note(f"the store stands at schema {after or 'base'} already")
    else:
        click.echo(f"schema {before or 'base'} -> {after or 'base'}")
