"""`jobsieve lint`: what is legal in rules and probably not meant."""

from __future__ import annotations

import gc
from pathlib import Path

import click

from jobsieve import lint as linter
from jobsieve import rules, snapshot
from jobsieve.cli.context import Context
from jobsieve.cli.output import FORMAT, JSON, counted, show_findings


@click.command()
@click.argument("paths", nargs=-1, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("--store", "store_url", metavar="URL", help="Lint the live rules of this store.")
@FORMAT
@JSON
@click.pass_obj
def lint(context: Context, paths: tuple[Path, ...], store_url: str | None, form: str) -> None:
    """Find rules that never match, say the same as others, or look for words that say little.

    PATHs are rule files, or folders with all *.rules files below them; they are taken together. A finding is
    proven, not guessed. `jobsieve check --explain JS106` tells more of one. A comment directly above a rule
    or list silences a finding there: # allow JS106: why

    The exit status is 1 if anything is found.
    """
    if bool(paths) == (store_url is not None):
        raise click.UsageError("Say which files or folders to lint, or which --store.")
    # Looking for garbage among the parts of 50,000 rules takes a third of the time, and there is none.
    gc.disable()
    settings = context.settings()
    if store_url is not None:
        sources = context.live_sources(store_url)
    else:
        sources = list(rules.read_in_place(paths).items())
    built = snapshot.build(sources, settings=settings)
    found = linter.lint(built.ruleset, sources, built.diagnostics)
    show_findings(found, form)
    if found:
        raise click.exceptions.Exit(1)
    if form == "text":
        rules_read = counted(built.ruleset.rule_count, "rule")
        click.echo(f"{rules_read} in {counted(len(sources), 'file')}: nothing found")
