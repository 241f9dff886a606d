"""`jobsieve config`: what is set, and by whom."""

from __future__ import annotations

import textwrap
import typing
from collections.abc import Iterator

import click

from jobsieve import config as settings
from jobsieve.cli.context import Context
from jobsieve.cli.output import show_json, show_table

_WIDTH = 96


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the settings as JSON.")
@click.option(
    "--reference", is_flag=True, help="Print a settings file with every key, its default explained."
)
@click.pass_obj
def config(context: Context, as_json: bool, reference: bool) -> None:
    """Print every setting, its value, and what set it.

    Settings come from jobsieve.toml, then the environment, then flags; the later wins. Passwords and
    tokens are not shown.
    """
    if reference:
        click.echo("\n".join(reference_lines()))
        return
    rows = list(context.settings().rows())
    if as_json:
        show_json({key: {"value": value, "origin": origin} for key, value, origin, _ in rows})
    else:
        show_table(
            ("key", "value", "set by"),
            [(key, _toml(value), origin) for key, value, origin, _ in rows],
        )


def reference_lines() -> Iterator[str]:
    """A settings file that changes nothing: every key with its default, commented out."""
    yield "# Every setting of Jobsieve with its default. Remove the # in front of what you change."
    yield "# Each can also be set in the environment, as JOBSIEVE_SERVER_PORT=8000. An empty"
    yield '# variable counts as unset; to set something to nothing, write "" here.'
    values = {key: value for key, value, _, _ in settings.Settings().rows()}
    section = ""
    for dotted, key in settings.keys().items():
        if key.section != section:
            section = key.section
            yield from ("", f"[{section}]")
        yield ""
        meaning = f"{key.meaning} ({key.expected})" if key.expected else key.meaning
        yield from textwrap.wrap(meaning, _WIDTH, initial_indent="# ", subsequent_indent="# ")
        yield f"# {key.name} = {_toml(values[dotted])}"
    kinds = ", ".join(f'"{kind}"' for kind in typing.get_args(settings.FieldKind))
    yield from ("", "[fields]", "", "# what adverts may have beside title and description, by name")
    yield f"# (one of {kinds})"
    yield '# salary = "number"'


def _toml(value: object) -> str:
    """As it would stand in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        inner = ", ".join(f"{_toml(key)} = {_toml(each)}" for key, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return str(value)
