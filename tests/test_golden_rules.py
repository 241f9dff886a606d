"""Rule files and how they are read: right ones with their canonical form, wrong ones with every message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobsieve import _core, diagnostics
from tests.conftest import Golden

FOLDER = Path(__file__).parent / "golden"
OK = sorted((FOLDER / "ok").glob("*.rules"))
ERR = sorted((FOLDER / "err").glob("*.rules"))
# Every file may use a field of each kind.
FIELDS = {
    "skills": "text",
    "salary": "number",
    "location": "keyword",
    "posted": "date",
    "remote": "boolean",
}
SETTINGS = json.dumps({"fields": FIELDS}).encode()
# What the rules of `err/categories.rules` may name.
TAXONOMY = {
    "paths": ["it/developers", "it/developers/python", "healthcare/nursing", "logistics/driving"],
    "retired": {"it/coders": "it/developers", "it/mainframe": None, "healthcare": None},
}


def test_there_are_as_many_as_the_language_needs() -> None:
    right = sum(len(_core.canonical(read(file), settings=SETTINGS)) for file in OK)
    assert right >= 120
    assert sum(len(lines_with_errors(file)) for file in ERR) >= 120
    assert len(strings()) >= 30


@pytest.mark.parametrize("file", OK, ids=lambda file: file.stem)
def test_a_right_file_is_read_as_its_canonical_form(file: Path, golden: Golden) -> None:
    text = read(file)
    ruleset, found = _core.compile([(file.name, text)], settings=SETTINGS)
    assert ruleset is not None, found
    canonical = "".join(f"{line}\n" for line in _core.canonical(text, settings=SETTINGS))
    golden(f"ok/{file.stem}.txt", canonical)
    again, _ = _core.compile([(file.name, canonical)], settings=SETTINGS)
    assert again is not None
    assert again.hash == ruleset.hash


@pytest.mark.parametrize("file", ERR, ids=lambda file: file.stem)
def test_a_wrong_file_gives_every_message(file: Path, golden: Golden) -> None:
    golden(f"err/{file.stem}.txt", messages(file.name, read(file)))


@pytest.mark.parametrize("file", ERR, ids=lambda file: file.stem)
def test_what_stands_in_the_wrong_place_comes_with_advice(file: Path) -> None:
    text = read(file)
    _, found = _core.compile([(file.name, text)], settings=SETTINGS)
    told = [each for each in diagnostics.from_raw(found, [(file.name, text)]) if not each.hint]
    assert not told, "\n".join(map(str, told))


def test_ten_mistakes_are_reported_in_one_pass() -> None:
    file = FOLDER / "err" / "ten.rules"
    rules = {at for at, line in enumerate(read(file).splitlines(), 1) if line.startswith("rule")}
    assert len(rules) == 10
    assert lines_with_errors(file) == rules


def test_search_strings_are_read_as_meant_or_told_how_to_be_written(golden: Golden) -> None:
    answers = []
    for string in strings():
        rule = f'rule "r": when {string}\nthen add category "x";'
        ruleset, found = _core.compile([("", rule)], settings=SETTINGS)
        if ruleset is None:
            findings = diagnostics.from_raw(found, [("", rule)])
            errors = [finding for finding in findings if finding.severity == "error"]
            told = [advice for error in errors for advice in in_words(error)]
            assert any(error.hint for error in errors), f"no word on how to write {string}"
        else:
            (canonical,) = _core.canonical(rule, settings=SETTINGS)
            condition = canonical.removeprefix('rule "r": when ').removesuffix(
                ' then add category "x";'
            )
            told = [f"    = {condition}\n"]
        answers.append(f"{string}\n{''.join(told)}")
    golden("boolean.txt", "\n".join(answers))


def settings_for(name: str) -> bytes:
    if name != "categories.rules":
        return SETTINGS
    return json.dumps({"fields": FIELDS, "taxonomy": TAXONOMY}).encode()


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def strings() -> list[str]:
    lines = read(FOLDER / "boolean.strings").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def messages(name: str, text: str) -> str:
    ruleset, found = _core.compile([(name, text)], settings=settings_for(name))
    assert ruleset is None
    return diagnostics.as_text(diagnostics.from_raw(found, [(name, text)]))


def lines_with_errors(file: Path) -> set[int]:
    text = read(file)
    _, found = _core.compile([(file.name, text)], settings=settings_for(file.name))
    findings = diagnostics.from_raw(found, [(file.name, text)])
    return {finding.line for finding in findings if finding.severity == "error"}


def in_words(error: diagnostics.Diagnostic) -> list[str]:
    hints = (f"      {line}\n" for line in error.hint.splitlines())
    return [f"    {error.code} {error.message}\n", *hints]
