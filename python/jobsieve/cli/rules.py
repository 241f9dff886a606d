"""`jobsieve rules`: rules into the store and out of it."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from jobsieve import diagnostics, publishing
from jobsieve import rules as rule_files
from jobsieve.cli.context import Context
from jobsieve.cli.output import note, show_diagnostics, show_json, show_table
from jobsieve.errors import StoreMissing
from jobsieve.store import Store

STORE = click.option(
    "--store", "store_url", metavar="URL", help="Store to use instead of the settings'."
)


@click.group()
def rules() -> None:
    """Put rules into the store, take them out, list them."""


@rules.command("import")
@click.argument("paths", nargs=-1, metavar="PATH...", type=click.Path(path_type=Path))
@STORE
@click.option("--starter", is_flag=True, help="Import the starter rules that come with Jobsieve.")
@click.option("--if-empty", is_flag=True, help="Do nothing if the store holds rules already.")
@click.option(
    "--replace", is_flag=True, help="Afterwards the store holds these files and no others."
)
@click.option(
    "--as", "name", metavar="NAME", help="What the one file given is called in the store."
)
@click.option(
    "--withdraw",
    is_flag=True,
    help="Let all rules of a file, or of the store, leave the rule set.",
)
@click.option("--draft", is_flag=True, help="Make a version without publishing it.")
@click.option("--dry-run", is_flag=True, help="Say what would change and change nothing.")
@click.option("--author", metavar="NAME", help="Who makes the change; by default you.")
@click.option("--note", "message", default="", metavar="TEXT", help="Why it is made.")
@click.pass_obj
def import_(
    context: Context,
    paths: tuple[Path, ...],
    store_url: str | None,
    starter: bool,
    if_empty: bool,
    replace: bool,
    name: str | None,
    withdraw: bool,
    draft: bool,
    dry_run: bool,
    author: str | None,
    message: str,
) -> None:
    """Import rule files, or all *.rules files of folders, and publish them.

    The store then holds these files as they are: rules that are no longer in them leave the rule set
    (their history stays). Other files in the store are not touched. All or nothing: with one error in
    any rule, nothing is imported.

    A file of a folder is known by its path within it. One that is given alone stands for the file of that
    name in the store, in whatever folder, that holds one of its rules.

    An import starts from the newest version. If that is a draft, it goes live with what is imported, and
    the command says so.
    """
    if bool(paths) == starter:
        raise click.UsageError("Give the files or folders to import, or --starter.")
    if name is not None and (len(paths) != 1 or paths[0].is_dir()):
        raise click.UsageError("--as gives a name to one file: give one file and no folder.")
    settings = context.settings(store_url=store_url)
    texts = rule_files.starter_files() if starter else rule_files.read_files(paths)
    alone = [path.name for path in paths if not path.is_dir()]
    if name is not None:
        texts, alone = dict(zip([name], texts.values(), strict=True)), []
    with _store_for_import(context, store_url, dry_run=dry_run) as store:
        if if_empty and store.live() is not None:
            note("the store holds rules already; nothing was imported")
            return
        report = publishing.import_files(
            store,
            texts,
            alone=alone,
            settings=settings,
            author=author or _user(),
            note=message,
            draft=draft,
            replace=replace,
            withdraw=withdraw,
            dry_run=dry_run,
        )
    show_diagnostics(report.warnings, err=True)
    for file in report.left_out:
        note(f"{file} holds no rule and no list; it was left out")
    for given, stored in report.placed:
        note(f"{given} is {stored} in the store")
    for mark, names in (("+", report.added), ("~", report.changed), ("-", report.removed)):
        # A first import adds everything: the count below says enough.
        for each in names if len(names) <= 20 else ():
            click.echo(f"{mark} {diagnostics.visible(each)}")
    if report.draft is not None:
        goes = "would go" if dry_run else "goes"
        note(
            f"version {report.draft}, a draft that was not published, {goes} live with this import"
        )
    counts = (
        f"{len(report.added)} added, {len(report.changed)} changed, "
        f"{len(report.removed)} removed, {report.unchanged} unchanged"
    )
    if dry_run:
        click.echo(f"{counts}; nothing was written")
    else:
        state = "published" if report.published else "not published"
        click.echo(f"{counts}; version {report.version}, {state}")


@contextmanager
def _store_for_import(context: Context, url: str | None, *, dry_run: bool) -> Iterator[Store]:
    """The store, made where it is missing; for a dry run an empty one elsewhere stands for that."""
    with ExitStack() as stack:
        try:
            store = context.open_store(url, create=not dry_run)
        except StoreMissing:
            if not dry_run:
                raise
            folder = stack.enter_context(TemporaryDirectory())
            store = context.open_store(str(Path(folder) / "empty.db"))
        yield stack.enter_context(store)


@rules.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@STORE
@click.option(
    "--version", type=int, metavar="N", help="Version to export; by default the live one."
)
@click.option(
    "--prune", is_flag=True, help="Remove the *.rules files below FOLDER that are not part of it."
)
@click.pass_obj
def export(
    context: Context, folder: Path, store_url: str | None, version: int | None, prune: bool
) -> None:
    """Write the rules of the store to files below FOLDER, as they were imported."""
    with context.open_store(store_url, create=False) as store:
        texts = publishing.export_files(store, version)
    rule_files.write_files(folder, texts)
    others = rule_files.other_files(folder, texts)
    if prune:
        rule_files.remove_files(folder, others)
    click.echo(f"{len(texts)} files written to {folder}")
    for file in others:
        shown = diagnostics.visible(file)
        note(
            f"removed {shown}"
            if prune
            else f"{shown} is not part of this version; --prune removes it"
        )


@rules.command("list")
@STORE
@click.option("--json", "as_json", is_flag=True, help="Print the rules as JSON.")
@click.pass_obj
def list_(context: Context, store_url: str | None, as_json: bool) -> None:
    """List the rules and lists of the live version."""
    with context.open_store(store_url, create=False) as store:
        live = store.live()
        objects = store.read(live.version) if live is not None else []
    if as_json:
        show_json(
            [
                {
                    "kind": each.kind,
                    "name": each.name,
                    "file": each.file,
                    "revision": each.revision,
                    "source": each.source,
                }
                for each in objects
            ]
        )
        return
    if live is None:
        note("the store holds no published rules; put some in: jobsieve rules import PATH")
        return
    show_table(
        ("kind", "name", "file", "revision"),
        [(each.kind, each.name, each.file, each.revision) for each in objects],
    )
    note(f"version {live.version}: {len(objects)} rules and lists")


def _user() -> str:
    """Who runs this process, by number where the system has no name for them, as in a container."""
    try:
        return getpass.getuser()
    # KeyError up to Python 3.12.
    except (KeyError, OSError):
        return f"user {os.getuid()}"
