"""`jobsieve check`: whether rule files compile, with every finding in one pass."""

from __future__ import annotations

from pathlib import Path

import click

from jobsieve import _core, diagnostics, lint, rules, snapshot
from jobsieve.cli.context import Context
from jobsieve.cli.output import FORMAT, JSON, counted, note, show_findings
from jobsieve.errors import RuleError


@click.command()
@click.argument("paths", nargs=-1, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("--explain", "code", metavar="CODE", help="Explain a finding, such as JS007.")
@FORMAT
@JSON
@click.pass_obj
def check(context: Context, paths: tuple[Path, ...], code: str | None, form: str) -> None:
    """Check rule files, or all *.rules files of folders, together.

    The exit status is 1 if there is an error; warnings alone leave it at 0.
    """
    if code is not None:
        text = diagnostics.explanation(code)
        if text is None:
            raise click.BadParameter(
                f"there is no finding {code}; findings have codes such as JS007",
                param_hint="--explain",
            )
        click.echo(text, nl=False)
        return
    if not paths:
        raise click.UsageError("Say which files or folders to check.")
    texts = rules.read_in_place(paths)
    settings = context.settings()
    built = None
    try:
        built = snapshot.build(list(texts.items()), settings=settings)
        found = lint.silenced(built.sources, built.diagnostics, settings.for_rules())
    except RuleError as error:
        found = error.diagnostics
    show_findings(found, form)
    if built is None:
        raise click.exceptions.Exit(1)
    if form == "text":
        for file, text in built.sources:
            if not _core.split(text, settings=settings.for_rules()):
                note(f"{file} holds no rule and no list")
        click.echo(
            f"{counted(built.ruleset.rule_count, 'rule')} for "
            f"{counted(built.ruleset.category_count, 'category', 'categories')} "
            f"in {counted(len(built.sources), 'file')}: no errors"
        )
