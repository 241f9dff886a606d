"""`jobsieve explain`: why an advert got its categories, and why a rule did not match."""

from __future__ import annotations

import difflib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from jobsieve.cli.classify import read_lines
from jobsieve.cli.context import Context
from jobsieve.errors import JobsieveError

if TYPE_CHECKING:
    from jobsieve.explain import Advert


@click.command()
@click.argument("file", required=False, metavar="[FILE]")
@click.option(
    "--id", "advert_id", metavar="ID", help="The advert of this id in FILE; else the first."
)
@click.option("--title", metavar="TEXT", help="An advert given here instead of in a file.")
@click.option("--description", metavar="TEXT", help="Its description, plain or HTML.")
@click.option("--rule", metavar="NAME", help="Say also why this rule matched or did not.")
@click.option(
    "--rules",
    "rule_paths",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Rule file or folder to use; may be given several times.",
)
@click.option("--store", "store_url", metavar="URL", help="Store whose live rules are used.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
@click.pass_obj
def explain(
    context: Context,
    file: str | None,
    advert_id: str | None,
    title: str | None,
    description: str | None,
    rule: str | None,
    rule_paths: tuple[Path, ...],
    store_url: str | None,
    as_json: bool,
) -> None:
    """Explain one advert: its categories, their rules, and the words that decided, in context."""
    from jobsieve import explain as explaining

    given = title is not None or description is not None
    if given == (file is not None):
        raise click.UsageError("Give a FILE, or an advert by --title and --description.")
    advert = (
        explaining.Advert(title or "", description or "")
        if file is None
        else _find(file, advert_id)
    )
    ruleset = context.snapshot(rule_paths, store_url).ruleset
    if rule is not None and rule not in ruleset.rule_names:
        near = difflib.get_close_matches(rule, ruleset.rule_names, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise click.BadParameter(f'there is no rule "{rule}"{hint}', param_hint="--rule")
    if as_json:
        answer = ruleset.explain_json(msgspec.json.encode(advert), rule=rule)
        click.echo(json.dumps(json.loads(answer), ensure_ascii=False, indent=2))
        return
    from rich.console import Console

    page = explaining.drawn(explaining.explain(ruleset, advert, rule), advert)
    Console(file=sys.stdout, highlight=False, soft_wrap=True).print(page, end="")


class _Row(msgspec.Struct):
    id: str | int | None = None
    title: str | None = None
    description: str | None = None


def _find(file: str, advert_id: str | None) -> Advert:
    from jobsieve.explain import Advert

    for number, line in enumerate(read_lines(file), start=1):
        try:
            row = msgspec.json.decode(line, type=_Row)
        except msgspec.MsgspecError as error:
            raise JobsieveError(f"cannot read advert {number} of {file}: {error}") from error
        if advert_id is None or str(row.id) == advert_id:
            return Advert(row.title or "", row.description or "")
    wanted = "no advert" if advert_id is None else f'no advert of the id "{advert_id}"'
    raise JobsieveError(f"cannot explain: {file} holds {wanted}")
