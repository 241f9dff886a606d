"""The commands that read and change the store, as their users call them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from jobsieve.cli import jobsieve
from jobsieve.errors import StaleBase, StoreError, TaxonomyError
from jobsieve.store import open_store

Call = Callable[..., Result]
TAXONOMY = "path,name,status,redirect\nit,IT,,\nit/python,Python,,\nit/old,Old,,it/python\n"
EXAMPLES = '{"title": "Python Developer", "must": ["it/python"]}\n\n'


def rule(name: str, word: str = "python") -> str:
    return f'rule "{name}": when "{word}" then add category "it/python";\n'


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls a command over one store; a failure that is not expected is raised."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()

    def run(*arguments: str, status: int = 0, stdin: str | None = None) -> Result:
        result = runner.invoke(jobsieve, arguments, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return result

    return run


@pytest.fixture
def folder(tmp_path: Path, call: Call) -> Path:
    """A folder of rules with examples and a taxonomy, imported."""
    path = tmp_path / "mine"
    (path / "it").mkdir(parents=True)
    (path / "it" / "a.rules").write_text("# head\n" + rule("a") + rule("b"), encoding="utf-8")
    (path / "it" / "a.examples.jsonl").write_text(EXAMPLES, encoding="utf-8")
    (path / "taxonomy.csv").write_text(TAXONOMY, encoding="utf-8")
    call("rules", "import", str(path), "--author", "eve", "--note", "first")
    return path


def data(result: Result) -> Any:
    return json.loads(result.stdout)


def test_examples_and_taxonomy_travel_with_the_rules(
    call: Call, folder: Path, tmp_path: Path
) -> None:
    files = {"it/a.examples.jsonl", "it/a.rules", "taxonomy.csv"}

    call("rules", "export", "copy")
    assert {
        file.relative_to("copy").as_posix() for file in Path("copy").rglob("*") if file.is_file()
    } == files
    for name in files:
        assert (tmp_path / "copy" / name).read_bytes() == (folder / name).read_bytes()

    again = data(call("rules", "import", "copy", "--json"))
    assert (again["unchanged"], again["added"], again["version"]) == (6, [], 1)
    (folder / "it" / "a.examples.jsonl").write_text('{"title": 1', encoding="utf-8")
    with pytest.raises(StoreError, match=r"a\.examples\.jsonl, line 1: this is not JSON"):
        call("rules", "import", str(folder))
    # With --replace what is not in the folder goes.
    (folder / "it" / "a.examples.jsonl").unlink()
    call("rules", "import", str(folder), "--replace")
    result = call("rules", "export", "copy", "--prune")
    assert "removed it/a.examples.jsonl" in result.stderr


def test_rules_are_added_edited_renamed_and_retired(call: Call, folder: Path) -> None:
    by = ("--author", "ann", "--note", "asked for", "--json")
    added = call("rules", "add", "--from", "-", "--file", "it/a.rules", *by, stdin=rule("c"))
    assert data(added) == {
        "added": [["rule", "c"]],
        "changed": [],
        "removed": [],
        "version": 2,
        "published": True,
    }
    Path("new.rules").write_text(rule("c", "java"), encoding="utf-8")
    call("rules", "edit", "c", "--from", "new.rules", "--revision", "1", *by)
    with pytest.raises(StaleBase, match="started from revision 1, and it stands at 2 by ann"):
        call("rules", "edit", "c", "--from", "new.rules", "--revision", "1")
    assert data(call("rules", "rename", "c", "d", *by))["changed"] == [["rule", "d"]]
    assert call("rules", "retire", "d").stdout == "- rule d\nversion 5, published\n"

    history = data(call("rules", "history", "d", "--json"))
    assert [(each["revision"], each["name"], each["author"]) for each in history] == [
        (1, "c", "ann"),
        (2, "c", "ann"),
        (3, "d", "ann"),
    ]
    assert {each["note"] for each in history} == {"asked for"}
    lines = call("rules", "diff", "d", "1", "2").stdout.splitlines()
    assert lines[3:] == [f"-{rule('c').rstrip()}", f"+{rule('c', 'java').rstrip()}"]
    assert '+rule "d"' in call("rules", "diff", "d").stdout
    assert "--from new.rules" in call("rules", "add", "new.rules", status=2).stderr
    with pytest.raises(StoreError, match="no revision 9; it has 1 to 3"):
        call("rules", "diff", "d", "9", "1")
    with pytest.raises(StoreError, match='there never was a rule "x"'):
        call("rules", "history", "x")


def test_the_editor_shows_the_rule_and_a_refused_text_is_not_lost(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    def edit(text: str, extension: str) -> str:
        shown.append(text)
        # Somebody else is quicker.
        Path("theirs").write_text(rule("b", "rust"), encoding="utf-8")
        call("rules", "edit", "b", "--from", "theirs", "--author", "ben")
        return rule("b", "java")

    monkeypatch.setattr("click.edit", edit)
    runner = CliRunner()
    result = runner.invoke(jobsieve, ["rules", "edit", "b"])

    assert shown == [rule("b")]
    assert isinstance(result.exception, StaleBase)
    assert result.stdout.endswith(rule("b", "java"))
    with open_store("jobsieve.db") as store:
        assert store.history("rule", "b")[-1].author == "ben"


def test_versions_are_published_rolled_back_and_compared(call: Call, folder: Path) -> None:
    call("rules", "retire", "b", "--draft", "--author", "ann")
    assert "not published" in call("rules", "rename", "a", "z", "--draft").stdout

    states = {each["version"]: each for each in data(call("versions", "--json"))}
    assert [each["live"] for each in states.values()] == [True, False, False]
    call("publish", "3", "--note", "reviewed")
    assert data(call("rollback", "1", "--author", "ann", "--json"))["kind"] == "rollback"
    table = call("versions").stdout.splitlines()
    assert [line.split("\t")[4].split()[0] for line in table[1:]] == ["live", "draft", "published"]

    changes = data(call("diff", "1", "3", "--json", status=1))
    assert [(each["kind"], each["change"]) for each in changes] == [
        ("rule", "changed"),
        ("rule", "removed"),
    ]
    assert changes[0]["old"]["name"] == "a"
    text = call("diff", "1", "3", status=1).stdout
    assert "~ rule z (it/a.rules), before a, by" in text
    assert "- rule b (it/a.rules)" in text
    assert "versions 2 and 2 hold the same" in call("diff", "2", "2").stderr


def test_categories_keep_their_ids(call: Call, folder: Path) -> None:
    before = {each["path"]: each["id"] for each in data(call("categories", "list", "--json"))}
    call("categories", "add", "it/python/web", "--name", "Web")
    call("categories", "retire", "it/old")
    call("categories", "rename", "it/python", "it/snake", "--name", "Snakes")
    call("categories", "redirect", "it/old", "it")

    after = data(call("categories", "list", "--json"))
    assert [(each["path"], each["parent"], each["name"]) for each in after] == [
        ("it", None, "IT"),
        ("it/old", "it", "Old"),
        ("it/snake", "it", "Snakes"),
        ("it/snake/web", "it/snake", "Web"),
    ]
    assert [each["id"] for each in after[:3]] == [
        before[path] for path in ("it", "it/old", "it/python")
    ]
    assert (after[1]["status"], after[1]["redirect"]) == ("retired", "it")
    with pytest.raises(StoreError, match="there is no category nowhere"):
        call("categories", "redirect", "nowhere", "it")
    refused = call("categories", "retire", "--redirect", "it", "it/old", status=2)
    assert "jobsieve categories redirect it/old it" in refused.stderr


def test_commands_use_a_store_with_all_that_lies_beside_its_rules(call: Call, folder: Path) -> None:
    store = "--store", "jobsieve.db"
    done = call("explain", "--title", "Python", *store)
    assert "it/python" in done.stdout
    Path("adverts.csv").write_text("title\nPython\n", encoding="utf-8")
    assert data(call("classify", "adverts.csv", *store))["primary"] == "it/python"
    call("bundle", "build", "it.bundle", *store)
    assert "taxonomy      3 categories" in call("bundle", "inspect", "it.bundle").stdout
    assert data(call("classify", "adverts.csv", "--rules", "it.bundle"))["primary"] == "it/python"
    assert "1 example: all passed" in call("rules", "test", *store).stdout
    assert "JS106" in call("lint", *store, status=1).stdout
    assert data(call("diff", "1", "1", "--json")) == []


def test_the_taxonomy_of_a_folder_is_minded_by_the_commands(call: Call, folder: Path) -> None:
    (folder / "it" / "a.rules").write_text(rule("a").replace("it/python", "it/x"), encoding="utf-8")
    for command in (
        ["check", "mine"],
        ["lint", "mine"],
        ["rules", "import", "mine"],
        ["rules", "test", "mine"],
        ["explain", "--title", "x", "--rules", "mine"],
    ):
        result = CliRunner().invoke(jobsieve, command)
        assert "JS059" in f"{result.output}{result.exception}", command
    (folder / "taxonomy.csv").write_text("path,status\nit/x,gone\n", encoding="utf-8")
    with pytest.raises(TaxonomyError, match=r"taxonomy\.csv, line 2, column status"):
        call("check", "mine")
    (folder / "taxonomy.csv").unlink()
    assert "2 files" not in call("check", "mine").stdout


def test_a_table_goes_out_and_comes_back(call: Call, folder: Path, tmp_path: Path) -> None:
    assert "2 rows" in call("rules", "export", "--csv", "table.csv").stdout
    assert data(call("rules", "import", "table.csv", "--json"))["unchanged"] == 6

    Path("old.csv").write_text(
        'name,condition,action\nnurses,"title ""nurse""","add category ""it"""\n'
        'wrong,"""a"" ""b""","add category ""it"""\n',
        encoding="utf-8",
    )
    result = CliRunner().invoke(jobsieve, ["rules", "import", "old.csv", "--dry-run"])
    found = result.exception.diagnostics  # type: ignore[union-attr]
    assert [each.file for each in found] == ["old.csv, row 3"]

    text = Path("old.csv").read_text(encoding="utf-8")
    Path("old.csv").write_text("".join(text.splitlines(keepends=True)[:2]), encoding="utf-8")
    assert "1 added" in call("rules", "import", "old.csv", "--dry-run").stdout
    call("rules", "import", "old.csv")
    with open_store("jobsieve.db") as store:
        (revision,) = store.history("rule", "nurses")
    assert revision.source.startswith('rule "nurses":\n  Conditions: title "nurse"')


def test_the_schema_goes_down_and_up(call: Call, folder: Path) -> None:
    assert data(call("migrate", "--to", "0001", "--yes", "--json")) == {
        "before": "0002",
        "after": "0001",
    }
    assert "0001 -> 0002" in call("migrate").stdout
    assert "already" in call("migrate").stderr
