"""`jobsieve explain`: why an advert got its categories, and why a rule did not match."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from jobsieve.cli import adverts
from jobsieve.cli.context import RULES, STORE, Context
from jobsieve.diagnostics import closest
from jobsieve.errors import AdvertError, JobsieveError


@click.command()
@click.argument("file", required=False, metavar="[FILE]")
@click.option(
    "--id", "advert_id", metavar="ID", help="The advert of this id in FILE; else the first."
)
@click.option("--title", metavar="TEXT", help="An advert given here instead of in a file.")
@click.option("--description", metavar="TEXT", help="Its description, plain or HTML.")
@click.option(
    "--field",
    "given_fields",
    multiple=True,
    metavar="NAME=VALUE",
    help="Its declared fields, as in salary=40000; may be repeated.",
)
@click.option("--rule", metavar="NAME", help="Say also why this rule matched or did not.")
@RULES
@STORE
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
@click.pass_obj
def explain(
    context: Context,
    file: str | None,
    advert_id: str | None,
    title: str | None,
    description: str | None,
    given_fields: tuple[str, ...],
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
    if given_fields and file is not None:
        raise click.UsageError("--field belongs to an advert given by --title and --description.")
    if advert_id is not None and file is None:
        raise click.UsageError("--id names an advert in a FILE, and none was given.")
    rules = context.snapshot(rule_paths, store_url)
    names = rules.ruleset.rule_names
    if rule is not None and rule not in names:
        near = closest(rule, names)
        hint = f'; did you mean "{near}"?' if near else ""
        raise click.BadParameter(f'there is no rule "{rule}"{hint}', param_hint="--rule")
    if file is None:
        values = _values(given_fields, rules.ruleset.fields)
        advert = explaining.Advert(title or "", description or "", values)
        body, where = msgspec.json.encode(advert), ""
    else:
        largest_cell = context.settings().server.max_body_bytes
        body, where = _find(file, advert_id, largest_cell, rules.ruleset.fields)
    try:
        answer = rules.ruleset.explain_json(body, rule=rule, version=rules.version)
    except AdvertError as error:
        raise JobsieveError(f"cannot explain the advert{where}: {error}") from error
    if as_json:
        click.echo(json.dumps(json.loads(answer), ensure_ascii=False, indent=2))
        return
    given_texts = msgspec.json.decode(body, type=dict[str, Any])
    advert = explaining.Advert(
        given_texts.get("title") or "",
        given_texts.get("description") or "",
        given_texts.get("fields") or {},
    )
    page = explaining.drawn(msgspec.json.decode(answer, type=explaining.Explanation), advert)
    if not sys.stdout.isatty():
        click.echo(explaining.plain(page), nl=False)
        return
    from rich.console import Console

    Console(file=sys.stdout, highlight=False, soft_wrap=True).print(page, end="")


def _values(given: tuple[str, ...], fields: Mapping[str, str]) -> dict[str, object]:
    """The declared fields of an advert that is given by options."""
    values: dict[str, object] = {}
    for each in given:
        name, equals, cell = each.partition("=")
        name = name.strip()
        if not equals:
            raise click.BadParameter(f'write NAME=VALUE, not "{each}"', param_hint="--field")
        if name in adverts.COLUMNS:
            raise click.BadParameter(f'write --{name} "{cell}"', param_hint="--field")
        if name not in fields:
            raise click.BadParameter(_undeclared(name, fields), param_hint="--field")
        kind = fields[name]
        value = adverts.value(cell, kind)
        if value is None:
            raise click.BadParameter(
                f'{name} is declared as {kind}: {adverts.KINDS[kind]} is due, not "{cell}"',
                param_hint="--field",
            )
        if name in values and kind != "keyword":
            raise click.BadParameter(
                f"{name} is given twice; only keywords may be several, and it is declared as {kind}",
                param_hint="--field",
            )
        before = values.get(name)
        if isinstance(before, list) and isinstance(value, list):
            before.extend(value)
        else:
            values[name] = value
    return values


def _undeclared(name: str, fields: Mapping[str, str]) -> str:
    if not fields:
        return f'"{name}" is not declared; [fields] in jobsieve.toml declares fields: {name} = "number"'
    near = closest(name, fields)
    hint = f'; did you mean "{near}"?' if near else ""
    known = ", ".join(f"{field} ({kind})" for field, kind in fields.items())
    return f'"{name}" is not one of the declared fields: {known}{hint}'


class _Named(msgspec.Struct):
    id: str | int | None = None


def _find(
    file: str, advert_id: str | None, largest_cell: int, fields: Mapping[str, str]
) -> tuple[bytes, str]:
    """The advert as JSON, and where it stands, for messages."""
    rows = adverts.read(file, largest_cell=largest_cell, fields=fields)
    for number, row in enumerate(rows, start=1):
        where = f" (number {number} in {file})"
        if isinstance(row, adverts.Unreadable):
            if advert_id is None or row.id == advert_id:
                raise JobsieveError(f"cannot explain the advert: {row.reason}")
        elif advert_id is None or _id(row) == advert_id:
            return row, where
    wanted = "no advert" if advert_id is None else f'no advert of the id "{advert_id}"'
    raise JobsieveError(f"cannot explain: {file} holds {wanted}")


def _id(row: bytes) -> str | None:
    """The id as text, None also where the row can't be read: it is not the one that is looked for."""
    try:
        named = msgspec.json.decode(row, type=_Named).id
    except msgspec.MsgspecError:
        return None
    return None if named is None else str(named)
