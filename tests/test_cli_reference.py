"""The reference of the command line is that of the program, and every command and option is told."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import click

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "scripts" / "write_cli_reference.py"


def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_cli_reference", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date() -> None:
    page = reference().page()
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == written, "run: .venv/bin/python scripts/write_cli_reference.py"


def test_every_command_and_option_has_help() -> None:
    from jobsieve.cli import jobsieve

    found = list(reference().commands(jobsieve))
    assert len(found) > 10
    for context in found:
        assert context.command.help, context.command_path
        for option in context.command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{context.command_path} {option.opts[0]}"
