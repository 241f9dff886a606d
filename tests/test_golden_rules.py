"""Rule files and how they are read: right ones with their canonical form, wrong ones with every message."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobsieve import _core, diagnostics
from tests.conftest import Golden

FOLDER = Path(__file__).parent / "golden"
OK = sorted((FOLDER / "ok").glob("*.rules"))
ERR = sorted((FOLDER / "err").glob("*.rules"))


def test_there_are_files() -> None:
    assert len(OK) >= 2
    assert len(ERR) >= 3


@pytest.mark.parametrize("file", OK, ids=lambda file: file.stem)
def test_a_right_file_is_read_as_its_canonical_form(file: Path, golden: Golden) -> None:
    text = file.read_text(encoding="utf-8")
    ruleset, found = _core.compile([(file.name, text)])
    assert ruleset is not None, found
    canonical = "".join(f"{line}\n" for line in _core.canonical(text))
    golden(f"ok/{file.stem}.txt", canonical)
    again, _ = _core.compile([(file.name, canonical)])
    assert again is not None
    assert again.hash == ruleset.hash


@pytest.mark.parametrize("file", ERR, ids=lambda file: file.stem)
def test_a_wrong_file_gives_every_message(file: Path, golden: Golden) -> None:
    text = file.read_text(encoding="utf-8")
    ruleset, found = _core.compile([(file.name, text)])
    assert ruleset is None
    golden(
        f"err/{file.stem}.txt",
        diagnostics.as_text(diagnostics.from_raw(found, [(file.name, text)])),
    )
