"""Writes docs/cli.md: every command with its arguments and options, as `--help` tells them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from jobsieve.cli import jobsieve

PAGE = Path(__file__).parent.parent / "docs" / "cli.md"

HEAD = """\
# The command line

Written by `scripts/write_cli_reference.py` from the program itself; `jobsieve COMMAND --help` tells the same.

Answers go to standard output, everything else to standard error. The exit status is 0 if all is well, 1 if
something was found or failed, 2 if the call itself is wrong. `-` as a file stands for standard input or
output where a command reads or writes one.
"""


def commands(
    command: click.Command, parents: tuple[click.Context, ...] = ()
) -> Iterator[click.Context]:
    """The context of each command, a group before what is in it."""
    parent = parents[-1] if parents else None
    settings = {**command.context_settings, "terminal_width": 100}
    context = click.Context(command, info_name=command.name, parent=parent, **settings)
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from commands(found, (*parents, context))


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for context in commands(jobsieve):
        depth = "#" * min(4, len(context.command_path.split()) + 1)
        parts.append(
            f"{depth} {context.command_path}\n\n```text\n{context.get_help().rstrip()}\n```\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
