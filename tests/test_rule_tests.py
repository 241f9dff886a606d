"""Examples beside rules: how they are read and run, and what a failure says."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from jobsieve.cli import jobsieve
from jobsieve.errors import FileError
from tests.conftest import Golden

RULES = """\
list "programmers": "developer", "programmer", "software engineer";
rule "python developers":
  when   title "python" and list "programmers"
  unless title "trainer"
  then   add category "it/developers/python" score 2;
rule "python": when "python" then add category "it/languages";
rule "snakes": when "snake" and "zoo" then add category "animals/snakes";
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("it.rules").write_text(RULES, encoding="utf-8")
    return tmp_path


def examples(*lines: object, file: str = "it.examples.jsonl") -> None:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    Path(file).write_text(text, encoding="utf-8")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(jobsieve, ["rules", "test", *arguments])


def test_examples_are_held_to_the_taxonomy() -> None:
    listed = "it/developers/python\nit/languages\nanimals/snakes\n"
    Path("taxonomy.csv").write_text(f"path\n{listed}", encoding="utf-8")
    examples(GOOD, {"title": "Cook", "must_not": ["it", "animals/snake"]})
    done = call()
    assert isinstance(done.exception, FileError)
    assert str(done.exception).endswith(
        'line 2: there is no category animals/snake in the taxonomy; did you mean "animals/snakes"?'
    )
    examples({"title": "Python", "primary": "it"}, {"title": "Cook", "must_not": ["it"]})
    assert "1 failed" in call().stdout


GOOD = {
    "title": "Senior Python Developer",
    "must": ["it/developers", {"rule": "python developers"}],
    "must_not": ["animals", {"rule": "snakes"}],
    "primary": "it/developers/python",
}
WRONG = [
    {
        "title": "Python Trainer",
        "description": "you were a developer",
        "must": ["it/developers/python"],
        "note": "trainers count",
    },
    {
        "title": "Programming in Python",
        "must": [{"rule": "python developers"}],
        "must_not": ["it", {"rule": "python"}],
    },
    {"title": "Python keeper", "primary": "animals/snakes"},
    {"title": "Cook", "must": ["kitchen"]},
]


def test_examples_that_pass() -> None:
    examples(GOOD, "", {"title": "Zoo snake keeper", "must_not": ["it"], "id": 7})
    for paths in ((), (".",), ("it.rules",)):
        done = call(*paths)
        assert (done.exit_code, done.stdout) == (0, "2 examples: all passed\n")


def test_a_misspelt_category_that_must_not_come_is_an_error() -> None:
    examples({"title": "Cook", "must_not": ["it/langages"]})
    done = call()
    assert isinstance(done.exception, FileError)
    assert str(done.exception).endswith(
        'line 1: there is no category it/langages that a rule adds; did you mean "it/languages"?'
    )


def test_a_failure_says_what_came_and_why(golden: Golden) -> None:
    examples(GOOD, *WRONG)
    done = call()
    assert done.exit_code == 1
    golden("rule_tests/failures.txt", done.stdout)


def test_for_programs() -> None:
    examples(GOOD, *WRONG)
    found = json.loads(call("--json", "--junit", "report.xml").stdout)
    assert [each["passed"] for each in found["examples"]] == [True, False, False, False, False]
    first, wrong, *_ = found["examples"]
    assert (first["file"], first["line"]) == ("it.examples.jsonl", 1)
    assert first["matched_rules"] == ["python", "python developers"]
    assert wrong["failures"] == [
        {"expected": "must have it/developers/python", "found": "has it/languages"}
    ]
    assert found["coverage"]["uncovered"] == ["snakes"]
    suite = ElementTree.parse("report.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("5", "4")
    assert [len(case) for case in suite] == [0, 1, 3, 1, 1]


def test_coverage_of_rules_by_examples() -> None:
    examples(GOOD)
    done = call("--coverage", "--fail-under", "70")
    assert done.exit_code == 1
    assert "2 of 3 rules matched (66.7 %)\n  no example matches snakes\n" in done.stdout
    assert "66.7 % of the rules, fewer than 70 %" in done.stderr
    assert call("--fail-under", "60").exit_code == 0


def test_without_rules_there_is_no_coverage() -> None:
    Path("it.rules").write_text("# None yet.\n", encoding="utf-8")
    examples({"title": "Cook", "must_not": ["it"]})
    done = call("--coverage")
    assert "there are no rules that examples could match" in done.stdout
    assert call("--fail-under", "1").exit_code == 1
    assert json.loads(call("--json").stdout)["coverage"]["percent"] is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"title": "x", "must": ["it"]', "line 2: input data was truncated; write it as {"),
        ('{"title": "x", "must": "it"}', "line 2: must: expected `array`, got `str`"),
        ('{"title": "x", "must": [7]}', "line 2: must[0]: expected `str | object`, got `int`"),
        (
            '{"title": "x", "musst": []}',
            "line 2: object contains unknown field `musst`; there are title, description,",
        ),
        ('{"title": "x"}', "line 2: it says nothing of the answer"),
        ('{"must": ["it"]}', "line 2: it is no advert"),
        ('{"title": "x", "must": ["a"], "must_not": ["a"]}', "line 2: a stands in `must` and in"),
        ('{"title": "x", "must": [{"rule": "snake"}]}', 'no rule "snake"; did you mean "snakes"?'),
        ('{"title": "x", "fields": {"salry": 1}, "must": ["a"]}', "line 2: "),
    ],
)
def test_a_malformed_example_is_named_by_file_line_and_key(line: str, says: str) -> None:
    examples(GOOD, line)
    error = call().exception
    assert isinstance(error, FileError)
    assert "it.examples.jsonl" in str(error)
    assert says in str(error)


def test_no_examples_are_no_success() -> None:
    error = call().exception
    assert isinstance(error, FileError)
    assert "it.examples.jsonl" in str(error)
    assert call(".", "--store", "x.db").exit_code == 2


def test_the_examples_of_a_store() -> None:
    examples(GOOD, *WRONG[:1])
    done = CliRunner().invoke(jobsieve, ["rules", "import", ".", "--store", "store.db"])
    assert done.exit_code == 0, done.output
    done = call("--store", "store.db")
    assert done.exit_code == 1
    assert "2 examples: 1 failed" in done.stdout
    lint = CliRunner().invoke(jobsieve, ["lint", "--store", "store.db"])
    assert lint.exit_code == 0, lint.output
