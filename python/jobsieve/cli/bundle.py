"""`jobsieve bundle`: rule sets as files, built once and loaded in many places."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from jobsieve import _core
from jobsieve.cli.context import BUNDLE, RULES, STORE, Context
from jobsieve.errors import FileError


@click.group()
def bundle() -> None:
    """Keep a rule set as one file."""


@bundle.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@RULES
@STORE
@click.pass_obj
def build(
    context: Context, file: Path, rule_paths: tuple[Path, ...], store_url: str | None
) -> None:
    """Write a rule set to FILE, which is replaced whole.

    Without --rules or --store it is the store's live version if there is one, else the starter rules.
    """
    if file.suffix != BUNDLE:
        raise click.BadParameter(f"a bundle has a name that ends in {BUNDLE}", param_hint="FILE")
    snapshot = context.snapshot(rule_paths, store_url)
    try:
        snapshot.ruleset.save(file, version=snapshot.version)
    except OSError as error:
        raise FileError("write", file, error.strerror or str(error)) from error
    click.echo(f"{snapshot.ruleset.rule_count} rules in {file}, {snapshot.ruleset.hash}")


@bundle.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def inspect(file: Path, as_json: bool) -> None:
    """Say what a bundle holds, after checking that all of it can be used."""
    try:
        about = _core.inspect_bundle(file)
        ruleset = _core.RuleSet.load(file)
    except OSError as error:
        raise FileError("read", file, error.strerror or str(error)) from error
    settings = msgspec.json.decode(about["settings"])
    about |= {"settings": settings, "memory_bytes": ruleset.memory_bytes}
    if as_json:
        click.echo(msgspec.json.encode(about))
        return
    listed = settings.pop("taxonomy", {}).get("paths", [])
    about["taxonomy"] = f"{len(listed)} categories" if listed else None
    for name, value in about.items():
        shown = ", ".join(value) if name == "sources" else value
        if name == "settings":
            shown = msgspec.json.encode(value).decode()
        click.echo(f"{name:13} {'none' if shown is None else shown}")
