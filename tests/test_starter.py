"""The starter taxonomy: it compiles clean and answers its adverts as a reader would."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from jobsieve import lint, rule_tests, rules, snapshot, taxonomy

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


def examples() -> list[rule_tests.Example]:
    return [
        example
        for name, text in rules.starter_files(companions=True).items()
        if name.endswith(rules.EXAMPLES_SUFFIX)
        for example in rule_tests.read(name, text)
    ]


@pytest.fixture(scope="module")
def categories() -> set[str]:
    """The categories that rules add."""
    text = "\n".join(rules.starter_files().values())
    return set(re.findall(r'add\s+category\s+"([^"]+)"', text))


def test_it_is_as_large_as_promised_and_clean(
    starter: snapshot.Snapshot, categories: set[str]
) -> None:
    assert len(categories) >= 300
    assert len({path.split("/")[0] for path in categories}) >= 30
    assert {path.count("/") for path in categories} <= {1, 2}
    assert lint.lint(starter.ruleset, starter.sources, starter.diagnostics) == ()


def test_every_category_has_a_name(categories: set[str]) -> None:
    rows = taxonomy.read(rules.starter_files()[rules.TAXONOMY])
    assert {row.path for row in rows} >= categories
    assert all(row.name.strip() for row in rows)


def test_every_category_has_examples_that_pass(
    starter: snapshot.Snapshot, categories: set[str]
) -> None:
    asked = rule_tests.Rules(starter.ruleset, starter.sources)
    outcomes = list(rule_tests.run(asked, examples()))
    assert [each.example.where for each in outcomes if not each.passed] == []
    must = Counter(path for each in outcomes for path in each.example.must)
    must_not = Counter(path for each in outcomes for path in each.example.must_not)
    assert [path for path in sorted(categories) if must[path] < 2 or must_not[path] < 1] == []


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
