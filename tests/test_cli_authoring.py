"""The commands of those who write rules, called in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jobsieve.cli import jobsieve
from jobsieve.errors import RuleError
from jobsieve.store import open_store

GOOD = 'rule "python": when title "python" then add category "it/python" score 2;\n'
VAGUE = 'rule "managers": when title "manager" then add category "management";\n'


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(jobsieve, arguments)


def test_lint_tells_by_its_status_whether_it_found_something() -> None:
    Path("good.rules").write_text(GOOD, encoding="utf-8")
    Path("vague.rules").write_text(VAGUE, encoding="utf-8")
    assert call("lint").exit_code == 2
    done = call("lint", "good.rules")
    assert (done.exit_code, done.stdout) == (0, "1 rule in 1 file: nothing found\n")
    done = call("lint", ".")
    assert done.exit_code == 1
    assert "vague.rules:1:29: warning JS109" in done.stdout
    (found,) = json.loads(call("lint", "good.rules", "vague.rules", "--json").stdout)
    assert (found["code"], found["file"], found["column"]) == ("JS109", "vague.rules", 29)
    Path("good.rules").write_text(GOOD.replace(";", ""), encoding="utf-8")
    assert isinstance(call("lint", ".").exception, RuleError)


def test_lint_reads_a_store() -> None:
    Path("vague.rules").write_text(VAGUE, encoding="utf-8")
    assert call("rules", "import", "vague.rules", "--store", "store.db").exit_code == 0
    done = call("lint", "--store", "store.db", "--format", "github")
    assert done.exit_code == 1
    assert done.stdout.startswith("::warning file=vague.rules,line=1,")
    with open_store("other.db"):
        pass
    assert "holds no published rules" in str(call("lint", "--store", "other.db").exception)


def test_lint_counts_what_rules_cost_on_adverts() -> None:
    rare = 'rule "rare": when "manager" before/2 "python" then add category "it";\n'
    Path("some.rules").write_text(GOOD + VAGUE + rare, encoding="utf-8")
    titles = ["Python manager", "Python", "Django developer", "Cook"]
    lines = [json.dumps({"title": title}) for title in titles]
    Path("adverts.jsonl").write_text("\n".join([*lines, "{}", "no JSON"]), encoding="utf-8")
    done = call("lint", "some.rules", "--cost", "adverts.jsonl", "--json")
    assert done.exit_code == 0
    assert done.stderr == "jobsieve: 2 adverts could not be read and left out\n"
    told = json.loads(done.stdout)
    assert told["adverts"] == 4
    counts = {cost["rule"]: (cost["tried"], cost["matched"]) for cost in told["rules"]}
    # The third is tried where its words stand, and in the wrong order.
    assert counts == {"python": (2, 2), "managers": (1, 1), "rare": (1, 0)}
    spent = [cost["microseconds"] for cost in told["rules"]]
    assert spent == sorted(spent, reverse=True)
    assert spent[-1] > 0
    table = call("lint", "some.rules", "--cost", "adverts.jsonl").stdout.splitlines()
    assert len(table) == 4
    assert table[0] == "rule\ttried\tmatched\tµs\tµs a trial"
    assert call("lint", "some.rules", "--cost", "adverts.jsonl", "--format", "sarif").exit_code == 2
    Path("none.jsonl").write_text("{}\n", encoding="utf-8")
    assert call("lint", "some.rules", "--cost", "none.jsonl").exit_code == 1


def test_findings_name_files_as_they_were_given() -> None:
    folder = Path("rules") / "it"
    folder.mkdir(parents=True)
    (folder / "a.rules").write_text(GOOD.replace("when", "wen"), encoding="utf-8")
    done = call("check", "rules", "--format", "sarif")
    assert done.exit_code == 1
    (run,) = json.loads(done.stdout)["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "rules/it/a.rules"
    assert "rules/it/a.rules:1:16: error" in call("check", "rules").stdout


def test_check_explains_a_code() -> None:
    done = call("check", "--explain", "js106")
    assert done.exit_code == 0
    assert done.stdout.startswith("JS106: Rule that says the same as another\n\n")
    assert done.stdout.endswith("write directly above the rule: # allow JS106: why\n")
    assert call("check", "--explain", "JS999").exit_code == 2
