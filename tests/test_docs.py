"""What the documents say is so: examples run, commands exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jobsieve import _core
from jobsieve.cli import COMMANDS

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w+)(?: wrong (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(slots=True)
class Example:
    line: int
    rules: str
    wrong: str | None
    adverts: list[str] = field(default_factory=list)


def examples() -> Iterator[Example]:
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    current: Example | None = None
    for block in BLOCK.finditer(text):
        kind, wrong, body = block.groups()
        if kind == "rules":
            if current is not None:
                yield current
            current = Example(text.count("\n", 0, block.start()) + 1, body, wrong)
        elif kind == "adverts":
            assert current is not None
            current.adverts += body.splitlines()
    if current is not None:
        yield current


EXAMPLES = list(examples())


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) >= 10
    assert sum(len(example.adverts) for example in EXAMPLES) >= 20
    assert any(example.wrong for example in EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"line {example.line}")
def test_example(example: Example) -> None:
    ruleset, diagnostics = _core.compile([("language.md", example.rules)])
    assert [each[0] for each in diagnostics] == ([example.wrong] if example.wrong else [])
    if ruleset is None:
        assert example.wrong is not None
        return
    assert example.adverts
    for advert in example.adverts:
        mark, _, text = advert.partition(" ")
        assert mark in "✓✗"
        title, _, description = text.partition(" | ")
        answer = ruleset.classify(title=title, description=description)
        assert answer.status == ("matched" if mark == "✓" else "unmatched"), advert


def test_the_readme_names_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    used = set(re.findall(r"^jobsieve (\w+)", readme, re.MULTILINE))
    assert len(used) >= 4
    assert used <= set(COMMANDS)


def test_every_code_of_the_engine_is_explained() -> None:
    from jobsieve import diagnostics

    codes = _core.diagnostic_codes()
    assert len(codes) > 20
    assert all(diagnostics.explanation(code) for code in codes)
