"""What the documents say is so: examples run, commands exist."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jobsieve import _core, diagnostics, lint, rules, snapshot
from jobsieve.diagnostics import entries
from tests.reference_matcher import settings_of
from tests.service import command

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
    sources = [("language.md", example.rules)]
    ruleset, raw = _core.compile(sources, settings=settings_of("wordnet-plus"))
    found = lint.silenced(sources, diagnostics.from_raw(raw, sources), settings_of("wordnet-plus"))
    assert [each.code for each in found] == ([example.wrong] if example.wrong else [])
    if ruleset is None:
        assert example.wrong is not None
        return
    assert example.adverts
    for advert in example.adverts:
        mark, _, text = advert.partition(" ")
        assert mark in "✓✗"
        title, description, fields, *_ = [*text.split(" | "), "", ""]
        answer = ruleset.classify(
            title=title, description=description, **json.loads(fields or "{}")
        )
        assert answer.status == ("matched" if mark == "✓" else "unmatched"), advert


README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(kind: str, holding: str) -> str:
    """The one block of this kind in the README that holds this text."""
    (found,) = [
        body for language, _, body in BLOCK.findall(README) if language == kind and holding in body
    ]
    assert isinstance(found, str)
    return found


def test_the_readmes_request_gets_the_readmes_answer() -> None:
    request = re.search(r"-d '(.*)'", blocks("sh", "curl"))
    assert request is not None
    sources = list(rules.starter_files().items())
    ruleset = snapshot.build(sources).ruleset
    answer = json.loads(ruleset.classify_json(request[1].encode(), version=1))
    shown = json.loads(blocks("json", '"status"'))
    assert shown["ruleset"]["hash"] == "sha256:…"
    shown["ruleset"]["hash"] = ruleset.hash
    assert answer == shown


def test_the_readmes_commands_run_as_they_stand(tmp_path: Path) -> None:
    shim = tmp_path / "bin" / "jobsieve"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {shlex.join(command())} "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    folder = tmp_path / "here"
    folder.mkdir()
    # As `make run` leaves the folder.
    script = "jobsieve rules import --starter\n" + blocks("sh", "jobsieve rules import")
    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        cwd=folder,
        env=os.environ | {"PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "its exception (unless) holds" in done.stdout
    written = (folder / "my-rules" / "it.rules").read_bytes()
    assert (folder / "copy" / "it.rules").read_bytes() == written
    assert len(list((folder / "copy").iterdir())) == 1
    (record,) = gzip.decompress((folder / "records.jsonl.gz").read_bytes()).splitlines()
    assert json.loads(record)["matched_rules"] == ["python developers"]


def test_the_readmes_python_gives_what_it_says(tmp_path: Path) -> None:
    # Each "expression  # value" becomes a claim.
    script, told = re.subn(
        r"^(\S+) +# (.+)$",
        r"assert \1 == \2",
        blocks("python", "jobsieve.compile"),
        flags=re.MULTILINE,
    )
    assert told >= 2
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=60)


def test_the_page_names_every_finding_of_the_linter() -> None:
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    codes = list(entries.read(entries.LINTER))
    assert len(codes) > 10
    assert [code for code in codes if code not in page] == []


def test_every_code_of_the_engine_is_explained() -> None:
    codes = _core.diagnostic_codes()
    assert len(codes) > 20
    assert all(diagnostics.explanation(code) for code in codes)


def test_the_settings_file_explains_every_key_as_it_is() -> None:
    from jobsieve import config
    from jobsieve.cli.config import reference_lines

    file = ROOT / "docs" / "jobsieve.toml"
    wanted = "\n".join(reference_lines()) + "\n"
    assert file.read_text("utf-8") == wanted, f"jobsieve config --reference > {file}"
    # It changes nothing, and with every key taken out of its comment it still does not.
    live = re.sub(r"^# (\w+ = )", r"\1", wanted, flags=re.MULTILINE)
    assert live.count(" = ") > 20
    found = tomllib.loads(live)
    assert found.pop("fields") == {"salary": "number"}
    assert {
        f"{section}.{name}": value for section in found for name, value in found[section].items()
    } == {
        # TOML has lists.
        dotted: list(value) if isinstance(value, tuple) else value
        for dotted, key in config.keys().items()
        for value in [getattr(getattr(config.Settings(), key.section), key.name)]
    }
