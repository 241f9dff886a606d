"""What the commands say: notes and complaints on standard error, data and tables on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from jobsieve import diagnostics

if TYPE_CHECKING:
    from jobsieve.diagnostics import Diagnostic


def note(text: str) -> None:
    """Something worth knowing that is not the answer."""
    click.echo(f"jobsieve: {text}", err=True)


def complain(text: str) -> None:
    """Why the command failed."""
    click.echo(click.style("jobsieve: error: ", fg="red", bold=True) + text, err=True)


def complain_of_rules(found: Sequence[Diagnostic]) -> None:
    """Findings in rules, each with its place and what to do."""
    show_diagnostics(found, err=True)


def show_diagnostics(found: Sequence[Diagnostic], *, err: bool = False) -> None:
    """Findings with source line and caret, and their count; in colour on a terminal."""
    if not found:
        return
    stream = sys.stderr if err else sys.stdout
    if stream.isatty():
        # Imported where it is used: a tenth of a second.
        from rich.console import Console

        Console(file=stream, highlight=False).print(diagnostics.for_terminal(found))
    else:
        click.echo(diagnostics.as_text(found), file=stream, nl=False)
    click.echo(diagnostics.summary(found), file=stream)


# How findings are shown: --json is short for --format json.
FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="text for people; json; sarif for code scanning; github for notes in pull requests.",
)
JSON = click.option("--json", "form", flag_value="json", help="Short for --format json.")


def counted(count: int, one: str, several: str = "") -> str:
    """`1 rule`, `2 rules`."""
    return f"{count} {one if count == 1 else several or one + 's'}"


def show_findings(found: Sequence[Diagnostic], form: str) -> None:
    """The answer of a command whose answer is findings."""
    if form == "json":
        show_json([diagnostics.as_data(each) for each in found])
    elif form == "sarif":
        show_json(diagnostics.as_sarif(found))
    elif form == "github":
        click.echo(diagnostics.as_github(found), nl=False)
        note(diagnostics.summary(found))
    else:
        show_diagnostics(found)


def show_json(value: object) -> None:
    """One JSON document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table: aligned on a terminal, tab-separated elsewhere."""
    cells = [[diagnostics.visible(str(cell)) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in [list(head), *cells]:
            click.echo("\t".join(line))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*head, box=None, header_style="bold")
    for line in cells:
        table.add_row(*line)
    Console(highlight=False).print(table)
