"""The tutorial as its reader goes through it: files are written, commands run, adverts tried."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from jobsieve import _core
from jobsieve.cli import jobsieve

PAGE = Path(__file__).parent.parent / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_tutorial_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With JOBSIEVE_TEST_WRITE_GOLDEN=1 the answers are written into the page, and the test fails."""
    text = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    seen = dict.fromkeys(("rules", "adverts", "console", "json"), 0)
    latest = ""

    def follow(block: re.Match[str]) -> str:
        nonlocal latest
        kind, file, body = block.groups()
        seen[kind] += 1
        if kind == "console":
            body = "".join(map(answered, re.findall(r"^\$ (.*)\n", body, re.MULTILINE)))
        elif kind == "adverts":
            tried(latest, body.splitlines())
        else:
            Path(file).write_text(body, encoding="utf-8")
            latest = body
        return f"```{kind}{f' {file}' if file else ''}\n{body}```"

    followed = BLOCK.sub(follow, text)
    assert min(seen.values()) >= 1
    assert (seen["console"], seen["adverts"]) >= (6, 5)
    if os.environ.get("JOBSIEVE_TEST_WRITE_GOLDEN"):
        PAGE.write_text(followed, encoding="utf-8")
        pytest.fail("wrote the answers into the tutorial: read them, then run without the switch")
    assert followed == text


def answered(command: str) -> str:
    program, *arguments = shlex.split(command)
    assert program == "jobsieve"
    done = CliRunner().invoke(jobsieve, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return f"$ {command}\n{done.output.rstrip()}\n"


def tried(rules: str, adverts: list[str]) -> None:
    ruleset, found = _core.compile([("tutorial.rules", rules)])
    assert ruleset is not None, found
    for advert in adverts:
        mark, _, text = advert.partition(" ")
        title, _, description = text.partition(" | ")
        answer = ruleset.classify(title=title, description=description)
        assert answer.status == {"✓": "matched", "✗": "unmatched"}[mark], advert
