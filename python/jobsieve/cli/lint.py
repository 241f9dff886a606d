"""`jobsieve lint`: what is legal in rules and probably not meant."""

from __future__ import annotations

import gc
from pathlib import Path

import click

from jobsieve import _core, rules, snapshot
from jobsieve import lint as linter
from jobsieve.cli import adverts
from jobsieve.cli.context import Context
from jobsieve.cli.output import FORMAT, JSON, counted, note, show_findings, show_json, show_table


@click.command()
@click.argument("paths", nargs=-1, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("--store", "store_url", metavar="URL", help="Lint the live rules of this store.")
@click.option(
    "--cost",
    "sample",
    metavar="ADVERTS",
    help="Show instead what each rule costs on these adverts: JSON lines or CSV.",
)
@FORMAT
@JSON
@click.pass_obj
def lint(
    context: Context, paths: tuple[Path, ...], store_url: str | None, sample: str | None, form: str
) -> None:
    """Find rules that never match, say the same as others, or look for words that say little.

    PATHs are rule files, or folders with all *.rules files below them; they are taken together. A finding is
    proven, not guessed. `jobsieve check --explain JS106` tells more of one. A comment directly above a rule
    or list silences a finding there: # allow JS106: why

    The exit status is 1 if anything is found.

    With --cost, rules are tried on a sample of adverts, and the table shows of each, the dearest first, on
    how many adverts it was tried, how many it matched, and what its trials took in microseconds, all in
    all and for each trial, in the best of five passes. A rule that is tried often and seldom matches wants
    a rarer word. What several rules ask for counts for the first of them.
    """
    if bool(paths) == (store_url is not None):
        raise click.UsageError("Say which files or folders to lint, or which --store.")
    if sample is not None and form not in ("text", "json"):
        raise click.UsageError("What rules cost is shown as text or json.")
    # Looking for garbage among the parts of 50,000 rules takes a third of the time, and there is none.
    gc.disable()
    settings = context.settings()
    if store_url is not None:
        texts = context.live_files(store_url)
    else:
        texts = rules.read_in_place(paths)
    built = snapshot.build(list(texts.items()), settings=settings)
    if sample is not None:
        largest_cell = context.settings().server.max_body_bytes
        _show_cost(built.ruleset, sample, largest_cell, form)
        return
    found = linter.lint(built.ruleset, built.sources, built.diagnostics)
    show_findings(found, form)
    if found:
        raise click.exceptions.Exit(1)
    if form == "text":
        rules_read = counted(built.ruleset.rule_count, "rule")
        click.echo(f"{rules_read} in {counted(len(built.sources), 'file')}: nothing found")


def _show_cost(ruleset: _core.RuleSet, sample: str, largest_cell: int, form: str) -> None:
    rows = list(adverts.read(sample, largest_cell=largest_cell, fields=ruleset.fields))
    lines = [row for row in rows if isinstance(row, bytes)]
    # A rule's best pass counts: whatever else the machine does only ever adds to it.
    passes = [ruleset.costs(lines) for _ in range(5)]
    refused = passes[0][1]
    same_rule = zip(*(costs for costs, _ in passes), strict=True)
    costs = [min(each, key=lambda cost: cost[3]) for each in same_rule]
    unread = len(rows) - len(lines) + refused
    if unread == len(rows):
        raise click.ClickException(f"{sample} holds no advert that can be read.")
    if unread:
        note(f"{counted(unread, 'advert')} could not be read and left out")
    costs.sort(key=lambda cost: (-cost[3], cost[0]))
    if form == "json":
        rules_told = [
            {"rule": name, "tried": tried, "matched": matched, "microseconds": spent / 1000}
            for name, tried, matched, spent in costs
        ]
        show_json({"adverts": len(rows) - unread, "rules": rules_told})
        return
    show_table(
        ("rule", "tried", "matched", "µs", "µs a trial"),
        [
            (name, tried, matched, f"{spent / 1e3:.1f}", f"{spent / 1e3 / max(tried, 1):.3f}")
            for name, tried, matched, spent in costs
        ],
    )
