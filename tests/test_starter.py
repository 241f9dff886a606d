"""The starter taxonomy: it compiles clean and answers its adverts as a reader would."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from jobsieve import _core, rules, snapshot

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def starter() -> snapshot.Snapshot:
    return snapshot.build(list(rules.starter_files().items()))


def adverts() -> dict[str, bytes]:
    lines = (resources.files("jobsieve") / "starter" / "adverts.jsonl").read_bytes().splitlines()
    return {json.loads(line)["id"]: line for line in lines}


def expectations() -> Iterator[tuple[str, str]]:
    with (DATA / "starter-expectations.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file, delimiter="\t"):
            if not row[0].startswith("#"):
                yield row[0], row[1]


def test_it_is_as_large_as_promised_and_clean(starter: snapshot.Snapshot) -> None:
    assert starter.diagnostics == ()
    assert starter.ruleset.rule_count >= 120
    text = "\n".join(rules.starter_files().values())
    sectors = {path.split("/")[0] for path in _categories(text)}
    assert len(sectors) >= 12


def _categories(text: str) -> list[str]:
    return [path for item in _core.parse(text) if item[0] == "rule" for _, path, _ in item[4]]


def test_every_advert_has_an_expectation() -> None:
    expected = [advert for advert, _ in expectations()]
    assert len(expected) >= 60
    assert sorted(expected) == sorted(adverts())


def test_answers_are_those_of_a_reader(starter: snapshot.Snapshot) -> None:
    wrong = []
    lines = adverts()
    for advert, expected in expectations():
        record = json.loads(starter.ruleset.classify_json(lines[advert]))
        primary = record["primary"] or "-"
        if primary != expected and not primary.startswith(f"{expected}/"):
            wrong.append((advert, expected, primary))
    assert wrong == []
