"""`jobsieve rules`: rules into the store and out of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from jobsieve import diagnostics, publishing, spreadsheet
from jobsieve import rules as rule_files
from jobsieve.cli import rule_edits, rule_tests
from jobsieve.cli.context import Context
from jobsieve.cli.edit_options import AUTHOR, DRAFT, DRY_RUN, JSON, NOTE, STORE, user
from jobsieve.cli.output import note, show_diagnostics, show_json, show_table
from jobsieve.errors import FileError, RuleError, StoreMissing
from jobsieve.store import Store

if TYPE_CHECKING:
    from jobsieve.diagnostics import Diagnostic
    from jobsieve.publishing import ImportReport
    from jobsieve.spreadsheet import Sheet


@click.group()
def rules() -> None:
    """Put rules into the store, take them out, list and edit them."""


for each_command in (*rule_edits.COMMANDS, rule_tests.test):
    rules.add_command(each_command)


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
@DRAFT
@DRY_RUN
@AUTHOR
@NOTE
@JSON
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
    as_json: bool,
) -> None:
    """Import rule files, or all *.rules files of folders, and publish them.

    The examples (NAME.examples.jsonl) and the taxonomy.csv of a folder go with its rules. A *.csv file of
    another name is a table of rules: with the columns that `export --csv` writes, or with name, condition
    and action; its faults are told by row.

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
    texts, sheets = _read(paths, name)
    if starter:
        texts = rule_files.starter_files(companions=True)
    alone = [path.name for path in paths if not path.is_dir() and not _is_table(path)]
    if name is not None:
        texts, alone = dict(zip([name], texts.values(), strict=True)), []
    with _store_for_import(context, store_url, dry_run=dry_run) as store:
        if if_empty and store.live() is not None:
            note("the store holds rules already; nothing was imported")
            return
        with _rows_named(sheets):
            report = publishing.import_files(
                store,
                texts,
                alone=alone,
                settings=settings,
                author=author or user(),
                note=message,
                draft=draft,
                replace=replace,
                withdraw=withdraw,
                dry_run=dry_run,
            )
    show_diagnostics(_located(sheets, report.warnings), err=True)
    _show_report(report, as_json=as_json, dry_run=dry_run)


def _show_report(report: ImportReport, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        show_json(
            {
                "added": report.added,
                "changed": report.changed,
                "removed": report.removed,
                "unchanged": report.unchanged,
                "version": report.version,
                "published": report.published,
                "left_out": report.left_out,
            }
        )
        return
    for file in report.left_out:
        nothing = "nothing" if rule_files.is_companion(file) else "no rule and no list"
        note(f"{file} holds {nothing}; it was left out")
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


def _is_table(path: Path) -> bool:
    return path.suffix.lower() == ".csv" and path.name != rule_files.TAXONOMY


def _read(paths: Sequence[Path], name: str | None) -> tuple[dict[str, str], list[Sheet]]:
    """The texts of what was given by name, with the tables from which some were made."""
    tables = [path for path in paths if _is_table(path)]
    texts = rule_files.read_with_companions([path for path in paths if path not in tables])
    sheets = []
    for path in tables:
        default = name or f"{path.stem}{rule_files.SUFFIX}"
        text = rule_files.read_text(path)
        sheet = spreadsheet.read(text, path.name, default_file=default)
        sheets.append(sheet)
        for file, text in sheet.files.items():
            if file in texts:
                raise FileError("read", path, f"another file of the name {file} was given before")
            texts[file] = text
    return texts, sheets


@contextmanager
def _rows_named(sheets: Sequence[Sheet]) -> Iterator[None]:
    """Findings in rules that came from tables name the row."""
    try:
        yield
    except RuleError as error:
        raise RuleError(str(error), _located(sheets, error.diagnostics)) from None


def _located(sheets: Sequence[Sheet], found: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
    for sheet in sheets:
        found = sheet.located(found)
    return found


@rules.command()
@click.argument("folder", metavar="FOLDER", required=False, type=click.Path(path_type=Path))
@STORE
@click.option(
    "--csv",
    "table",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write rules and lists as one table for spreadsheets instead.",
)
@click.option(
    "--version", type=int, metavar="N", help="Version to export; by default the live one."
)
@click.option(
    "--prune", is_flag=True, help="Remove the *.rules files below FOLDER that are not part of it."
)
@click.pass_obj
def export(
    context: Context,
    folder: Path | None,
    store_url: str | None,
    table: Path | None,
    version: int | None,
    prune: bool,
) -> None:
    """Write the rules of the store to files below FOLDER, as they were imported, with the examples and
    the taxonomy."""
    if (folder is None) == (table is None) or (prune and table is not None):
        raise click.UsageError("Give a FOLDER to write files to, or --csv FILE for a table.")
    with context.open_store(store_url, create=False) as store:
        if folder is None:
            assert table is not None
            objects = [
                (each.kind, each.name, each.file, each.source)
                for each in publishing.content(store, version)
                if each.kind in ("rule", "list")
            ]
            rule_files.write_files(table.parent, {table.name: spreadsheet.write(objects)})
            click.echo(f"{len(objects)} rows written to {table}")
            return
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
