"""The command line: thin commands over the package, one module each.

Answers go to standard output, everything else to standard error. Exit status: 0 fine, 1 something was
found or failed, 2 the call itself is wrong.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import click

from jobsieve import config
from jobsieve.cli.context import Context
from jobsieve.cli.output import complain, complain_of_rules
from jobsieve.errors import ConfigError, JobsieveError, RuleError

COMMANDS = (
    "analyze",
    "bundle",
    "categories",
    "check",
    "classify",
    "config",
    "diff",
    "evaluate",
    "explain",
    "impact",
    "lint",
    "migrate",
    "publish",
    "replay",
    "rollback",
    "rules",
    "serve",
    "suggest",
    "versions",
)
# Commands whose module is named after another.
MODULES = {"diff": "versions", "publish": "versions", "rollback": "versions"}


class _Commands(click.Group):
    """Each command is imported when it is called: together they take half a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click gives it
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  click gives it
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"jobsieve.cli.{MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help=f"Settings file; by default ./{config.DEFAULT_FILE} where it exists.",
)
@click.version_option(package_name="jobsieve", message="%(prog)s %(version)s")
@click.pass_context
def jobsieve(context: click.Context, config_file: Path | None) -> None:
    """Sorts job adverts into categories by rules that domain experts write, and says why."""
    context.obj = Context(config_file)


def main() -> None:
    """Runs the command line and ends the process."""
    _fill_standard_streams()
    # Python has none where the process was started with a closed one.
    if sys.stdout is None:
        complain("standard output is closed; send it somewhere, if only to /dev/null")
        sys.exit(1)
    try:
        status = jobsieve.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        complain("interrupted")
        status = 130
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except ConfigError as error:
        complain(str(error))
        status = 2
    except RuleError as error:
        complain_of_rules(error.diagnostics)
        status = 1
    except JobsieveError as error:
        complain(str(error))
        status = 1
    except BrokenPipeError:
        # The reader of our output has gone, as `| head` does.
        _give_up_standard_output()
        status = 1
    except OSError as error:
        # What is read from and written to files has errors of its own.
        complain(f"cannot write to standard output: {error.strerror or error}")
        _give_up_standard_output()
        status = 1
    sys.exit(status)


def _fill_standard_streams() -> None:
    """Opens nothing in place of closed streams: a database must not get the number of one."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)


def _give_up_standard_output() -> None:
    """The interpreter, in ending, must not flush into it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
