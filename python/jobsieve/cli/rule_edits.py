"""`jobsieve rules add|edit|rename|retire|history|diff`: single rules and lists of the store."""

from __future__ import annotations

import difflib
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobsieve import rules
from jobsieve.cli.context import Context
from jobsieve.cli.edit_options import JSON, STORE, editing, show_difference
from jobsieve.cli.output import note, show_json, show_table
from jobsieve.errors import FileError, JobsieveError, StoreError

if TYPE_CHECKING:
    from jobsieve.editing import Edit
    from jobsieve.store import Kind, Revision

LIST = click.option(
    "--list", "kind", flag_value="list", default="rule", help="NAME is that of a list."
)
REVISION = click.option(
    "--revision",
    type=int,
    metavar="N",
    help="The revision you started from; refused where it is not the newest any more.",
)
SOURCE = click.option(
    "--from",
    "path",
    metavar="FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    help="File that holds the text; - is standard input. Otherwise your editor opens.",
)


@click.command(context_settings={"allow_extra_args": True})
@click.option("--file", metavar="NAME", help="File of the store to add to; by default added.rules.")
@SOURCE
@editing
@click.pass_obj
def add(
    context: Context,
    file: str | None,
    path: Path | None,
    store_url: str | None,
    by: Edit,
    as_json: bool,
) -> None:
    """Add rules and lists at the end of a file of the store."""
    from jobsieve.editing import Editor

    if extra := click.get_current_context().args:
        raise click.UsageError(f"A file is given by its option: --from {shlex.quote(extra[0])}.")

    with context.open_store(store_url) as store:
        editor = Editor(store, by, context.settings())
        if path is not None:
            done = editor.add(_text(path), file)
        else:
            form = 'rule "":\n  when\n  then add category "";\n'
            text = click.edit(form, extension=".rules")
            if text is None:
                raise click.Abort
            with _text_kept(text):
                done = editor.add(text, file)
    show_difference(done, by, as_json=as_json)


@click.command()
@click.argument("name")
@LIST
@SOURCE
@REVISION
@editing
@click.pass_obj
def edit(
    context: Context,
    name: str,
    kind: Kind,
    path: Path | None,
    revision: int | None,
    store_url: str | None,
    by: Edit,
    as_json: bool,
) -> None:
    """Give a rule another text, by your editor or from a file.

    Where somebody else edited the rule meanwhile, you are told and nothing is written.
    """
    from jobsieve.editing import Editor

    with context.open_store(store_url, create=False) as store:
        editor = Editor(store, by, context.settings())
        if path is not None:
            done = editor.edit(kind, name, _text(path), revision=revision)
        else:
            current = editor.find(kind, name)
            text = click.edit(current.source, extension=".rules")
            if text is None or text == current.source:
                note("nothing was edited")
                return
            with _text_kept(text):
                done = editor.edit(kind, name, text, revision=revision or current.revision)
    show_difference(done, by, as_json=as_json)


@click.command()
@click.argument("old")
@click.argument("new")
@LIST
@REVISION
@editing
@click.pass_obj
def rename(
    context: Context,
    old: str,
    new: str,
    kind: Kind,
    revision: int | None,
    store_url: str | None,
    by: Edit,
    as_json: bool,
) -> None:
    """Give a rule another name. It stays the same rule: its history goes with it."""
    from jobsieve.editing import Editor

    with context.open_store(store_url, create=False) as store:
        done = Editor(store, by, context.settings()).rename(kind, old, new, revision=revision)
    show_difference(done, by, as_json=as_json)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@LIST
@editing
@click.pass_obj
def retire(
    context: Context,
    names: tuple[str, ...],
    kind: Kind,
    store_url: str | None,
    by: Edit,
    as_json: bool,
) -> None:
    """Take rules out of the rule set. Their history stays, and an import or `add` brings them back."""
    from jobsieve.editing import Editor

    with context.open_store(store_url, create=False) as store:
        keys = [(kind, name) for name in names]
        done = Editor(store, by, context.settings()).retire(keys)
    show_difference(done, by, as_json=as_json)


@click.command()
@click.argument("name")
@LIST
@STORE
@JSON
@click.pass_obj
def history(context: Context, name: str, kind: Kind, store_url: str | None, as_json: bool) -> None:
    """List every text that a rule has had, with author, time and note."""
    revisions = _revisions(context, store_url, kind, name)
    if as_json:
        show_json(
            [
                {
                    "revision": each.number,
                    "name": each.name,
                    "author": each.author,
                    "note": each.note,
                    "created_at": _time(each.created_at),
                    "source": each.source,
                }
                for each in revisions
            ]
        )
        return
    show_table(
        ("revision", "time", "author", "name", "note"),
        [
            (each.number, _time(each.created_at), each.author, each.name, each.note)
            for each in revisions
        ],
    )


@click.command()
@click.argument("name")
@click.argument("old", type=int, required=False)
@click.argument("new", type=int, required=False)
@LIST
@STORE
@click.pass_obj
def diff(
    context: Context,
    name: str,
    old: int | None,
    new: int | None,
    kind: Kind,
    store_url: str | None,
) -> None:
    """Show what changed between two revisions of a rule; by default the last two."""
    revisions = {each.number: each for each in _revisions(context, store_url, kind, name)}
    after = max(revisions) if new is None else new
    before = after - 1 if old is None else old
    for number in (before, after):
        if number not in revisions and number != 0:
            known = f"1 to {max(revisions)}"
            raise StoreError(f'{kind} "{name}" has no revision {number}; it has {known}')
    for line in _difference(revisions.get(before), revisions[after]):
        click.echo(line)


def _difference(old: Revision | None, new: Revision) -> list[str]:
    def label(each: Revision | None) -> str:
        if each is None:
            return "nothing"
        return f"revision {each.number}, {_time(each.created_at)} by {each.author}"

    lines = difflib.unified_diff(
        old.source.splitlines() if old else [],
        new.source.splitlines(),
        label(old),
        label(new),
        lineterm="",
    )
    return list(lines)


def _revisions(
    context: Context, store_url: str | None, kind: Kind, name: str
) -> tuple[Revision, ...]:
    from jobsieve.editing import advice

    with context.open_store(store_url, create=False) as store:
        found = store.history(kind, name)
        if not found:
            head = store.head()
            objects = [] if head is None else store.read(head)
            hint = advice(objects, kind, name)
            if name.isdecimal():
                hint += "; two versions are compared by: jobsieve diff A B"
            raise StoreError(f'there never was a {kind} "{name}"; {hint}')
    return found


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(path: Path) -> str:
    if str(path) != "-":
        return rules.read_text(path)
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise FileError("read", path, f"byte {error.start} is not UTF-8") from None


@contextmanager
def _text_kept(text: str) -> Iterator[None]:
    """Prints a text that could not be written: nobody's work is lost with their editor."""
    try:
        yield
    except JobsieveError:
        note("your text was not written; here it is")
        click.echo(text, nl=False)
        raise


COMMANDS = (add, edit, rename, retire, history, diff)
