"""The command line as its users call it: answers, exit status, and what bad input is told."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jobsieve.store import open_store
from tests.service import command, run

Run = Callable[..., subprocess.CompletedProcess[str]]
RULE = 'rule "python": when title "python" then add category "it/python" score 2;\n'
BAD = """\
rule "one": when title python then add category "it";
rule "two": when "a" "b" then add category "it";
rule "three": when ("a" then add category "it";
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "mine.rules"
    path.write_text(RULE, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings, no default store: commands run in an empty folder."""
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)


def records(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_classify_answers_in_order_and_goes_on_after_a_refused_advert(
    rules: Path, tmp_path: Path
) -> None:
    adverts = tmp_path / "adverts.jsonl"
    lines = ['{"id": 1, "title": "Python Developer"}', '{"id": "b"}', "", '{"title": "Cook"}']
    adverts.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = run("classify", str(adverts), "--rules", str(rules), check=False)
    assert done.returncode == 1
    first, second, third = records(done.stdout)
    assert (first["id"], first["status"], first["primary"]) == (1, "matched", "it/python")
    assert (second["id"], second["status"]) == ("b", "error")
    assert third["status"] == "unmatched"
    assert "3 adverts, 1 matched" in done.stderr
    assert "1 refused" in done.stderr


def test_classify_reads_and_writes_compressed_files_and_csv(rules: Path, tmp_path: Path) -> None:
    adverts = tmp_path / "adverts.csv.gz"
    text = '\ufeffid,title,description\r\n7,"Python, senior","two\nlines"\r\n,Cook,\r\n'
    adverts.write_bytes(gzip.compress(text.encode()))
    output = tmp_path / "records.jsonl.gz"
    run("classify", str(adverts), "--rules", str(rules), "--output", str(output))
    found = records(gzip.decompress(output.read_bytes()).decode())
    assert [record["status"] for record in found] == ["matched", "unmatched"]
    assert found[0]["id"] == "7"


def test_classify_falls_back_to_the_starter_rules_and_says_so(tmp_path: Path) -> None:
    adverts = tmp_path / "adverts.jsonl"
    adverts.write_text('{"title": "Senior Python Developer"}\n', encoding="utf-8")
    done = run("classify", str(adverts))
    assert "starter rules" in done.stderr
    assert str(records(done.stdout)[0]["primary"]).startswith("it/developers")


def test_a_row_of_csv_that_is_no_advert_is_refused_and_the_others_go_on(
    rules: Path, tmp_path: Path
) -> None:
    adverts = tmp_path / "adverts.CSV.GZ"
    rows = [
        b"ID,Title,description",
        b"1,Python," + b"y" * 200_000,
        b"2,Python",
        b"3,Caf\xe9,x",
        b'"4"x,Python,x',
        b"5,Python," + b"y" * 2_000_000,
        b"6,Python,x",
        b'7,Python,"x',
    ]
    adverts.write_bytes(gzip.compress(b"\n".join(rows) + b"\n"))
    done = run("classify", str(adverts), "--rules", str(rules), check=False)
    assert done.returncode == 1
    found = records(done.stdout)
    assert [(each.get("id"), each["status"]) for each in found] == [
        ("1", "matched"),
        ("2", "error"),
        (None, "error"),
        (None, "error"),
        (None, "error"),
        ("6", "matched"),
        (None, "error"),
    ]
    error = found[1]["error"]
    assert isinstance(error, dict)
    assert error["code"] == "invalid-row"
    assert "line 3" in error["detail"]
    assert "5 refused" in done.stderr


def test_a_byte_order_mark_begins_a_file_and_no_advert(rules: Path, tmp_path: Path) -> None:
    adverts = tmp_path / "adverts.jsonl"
    adverts.write_text('\ufeff{"title": "Python"}\n', encoding="utf-8")
    done = run("classify", str(adverts), "--rules", str(rules))
    assert [each["status"] for each in records(done.stdout)] == ["matched"]


@pytest.mark.parametrize("way", ["../folder/adverts.jsonl", "link.jsonl", "adverts.jsonl"])
def test_an_output_that_is_an_input_is_refused(rules: Path, tmp_path: Path, way: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    adverts = folder / "adverts.jsonl"
    adverts.write_text('{"title": "Python"}\n', encoding="utf-8")
    (folder / "link.jsonl").symlink_to(adverts)
    arguments = ("classify", str(adverts), "--rules", str(rules), "--output", str(folder / way))
    done = run(*arguments, check=False)
    assert done.returncode == 2
    assert "would overwrite the input" in done.stderr
    assert adverts.read_text(encoding="utf-8") == '{"title": "Python"}\n'


def test_a_run_that_fails_leaves_the_output_of_the_last(rules: Path, tmp_path: Path) -> None:
    good, broken = tmp_path / "good.jsonl", tmp_path / "broken.jsonl.gz"
    good.write_text('{"title": "Python"}\n', encoding="utf-8")
    broken.write_bytes(gzip.compress(b'{"title": "Python"}\n' * 5_000)[:-30])
    output = tmp_path / "out" / "records.jsonl"
    output.parent.mkdir()
    arguments = ("classify", str(good), "--rules", str(rules), "--output", str(output))
    run(*arguments)
    before = output.read_bytes()
    assert before
    for files in (["gone.jsonl"], [str(broken)], [str(broken), "gone.jsonl"]):
        done = run("classify", str(good), *files, *arguments[2:], check=False)
        assert done.returncode == 1
        assert output.read_bytes() == before
    assert [file.name for file in output.parent.iterdir()] == [output.name]


def test_records_go_to_a_pipe_as_they_come(rules: Path, tmp_path: Path) -> None:
    adverts = tmp_path / "adverts.jsonl"
    adverts.write_text('{"title": "Python"}\n', encoding="utf-8")
    arguments = ("classify", str(adverts), "--rules", str(rules), "--output", "/dev/stdout")
    assert [each["status"] for each in records(run(*arguments).stdout)] == ["matched"]


@pytest.mark.parametrize("which", ["classify", "check"])
def test_an_output_that_takes_nothing_is_told(rules: Path, tmp_path: Path, which: str) -> None:
    adverts = tmp_path / "adverts.jsonl"
    adverts.write_text('{"title": "Python"}\n', encoding="utf-8")
    called = {
        "classify": command("classify", str(adverts), "--rules", str(rules)),
        "check": command("check", str(rules)),
    }
    for redirection, says in (("/dev/full", "No space left"), ("&-", "output is closed")):
        shell = ["sh", "-c", f'"$@" >{redirection}', "sh", *called[which]]
        done = subprocess.run(shell, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert says in done.stderr
        assert "Traceback" not in done.stderr
        assert "Exception" not in done.stderr


def test_check_reports_every_error_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "bad.rules"
    file.write_text(BAD, encoding="utf-8")
    done = run("check", str(file), check=False)
    assert done.returncode == 1
    for line, code in ((1, "JS009"), (2, "JS007"), (3, "JS004")):
        assert f"bad.rules:{line}:" in done.stdout
        assert code in done.stdout
    assert "^" in done.stdout
    found = json.loads(run("check", str(file), "--json", check=False).stdout)
    assert [each["code"] for each in found] == ["JS009", "JS007", "JS004"]


def test_check_is_content_with_good_rules(rules: Path) -> None:
    assert "1 rule for 1 category" in run("check", str(rules)).stdout


def test_an_import_with_an_error_imports_nothing(rules: Path, tmp_path: Path) -> None:
    store = str(tmp_path / "store.db")
    run("rules", "import", str(rules), "--store", store)
    file = tmp_path / "bad.rules"
    file.write_text(BAD, encoding="utf-8")
    done = run("rules", "import", str(file), "--store", store, check=False)
    assert done.returncode == 1
    assert "bad.rules:1:" in done.stderr
    listed = json.loads(run("rules", "list", "--json", "--store", store).stdout)
    assert [each["name"] for each in listed] == ["python"]


def test_what_was_imported_is_exported_byte_for_byte(tmp_path: Path) -> None:
    store = str(tmp_path / "store.db")
    source = tmp_path / "in"
    (source / "sub").mkdir(parents=True)
    text = "# head\r\n\r\n" + RULE + '\n# why\nlist "l": “a”, "b";  # tail\n\n# end'
    (source / "sub" / "a.rules").write_bytes(text.encode())
    (source / "b.rules").write_bytes(RULE.replace('"python":', '"other":').encode())
    run("rules", "import", str(source), "--store", store)
    run("rules", "export", str(tmp_path / "out"), "--store", store)
    for name in ("sub/a.rules", "b.rules"):
        assert (tmp_path / "out" / name).read_bytes() == (source / name).read_bytes()


def test_an_import_says_all_that_is_worth_knowing(tmp_path: Path) -> None:
    store = str(tmp_path / "store.db")
    for name, category in (("it", "it"), ("sales", "sales")):
        folder = tmp_path / "dd" / name
        folder.mkdir(parents=True)
        rule = RULE.replace('"python":', f'"{name}":').replace("it/python", category)
        (folder / "general.rules").write_text(rule, encoding="utf-8")
    (tmp_path / "dd" / "todo.rules").write_text("# nothing yet\n", encoding="utf-8")
    assert "todo.rules holds no rule and no list" in run("check", str(tmp_path / "dd")).stderr
    done = run("rules", "import", str(tmp_path / "dd"), "--store", store)
    assert "todo.rules holds no rule and no list" in done.stderr
    alone = tmp_path / "dd" / "sales" / "general.rules"
    alone.write_text(RULE.replace('"python":', '"sales":').replace("when", 'when "a" or "b" and'))
    done = run("rules", "import", str(alone), "--store", store, "--draft")
    assert "general.rules is sales/general.rules in the store" in done.stderr
    assert "warning" in done.stderr
    assert "not published" in done.stdout
    other = tmp_path / "x.rules"
    other.write_text(RULE, encoding="utf-8")
    done = run("rules", "import", str(other), "--as", "it/x.rules", "--store", store)
    assert "version 2, a draft" in done.stderr
    listed = json.loads(run("rules", "list", "--json", "--store", store).stdout)
    assert {each["name"]: each["file"] for each in listed} == {
        "it": "it/general.rules",
        "sales": "sales/general.rules",
        "python": "it/x.rules",
    }


def test_an_export_names_what_is_not_part_of_it(rules: Path, tmp_path: Path) -> None:
    store = str(tmp_path / "store.db")
    run("rules", "import", str(rules), "--store", store)
    folder = tmp_path / "out"
    (folder / "old").mkdir(parents=True)
    (folder / "old" / "gone.rules").write_text(RULE, encoding="utf-8")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    done = run("rules", "export", str(folder), "--store", store)
    assert "old/gone.rules is not part of this version" in done.stderr
    assert (folder / "old" / "gone.rules").exists()
    run("rules", "export", str(folder), "--store", store, "--prune")
    left = {file.name for file in folder.rglob("*") if file.is_file()}
    assert left == {"mine.rules", "notes.txt"}


def test_explain_names_no_reason_that_is_none(tmp_path: Path) -> None:
    rules = tmp_path / "mine.rules"
    rules.write_text(
        'rule "r": when "cook" and not ("chef" and "head") and ("grill" and "nights" or "days")\n'
        '  and not (not "kent") then add category "food";\n',
        encoding="utf-8",
    )
    title = "Cook for our head of grill, days, in Kent"
    done = run("explain", "--rules", str(rules), "--title", title)
    terms = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("    ")]
    assert terms == ['"cook"', '"days"', '"kent"']


def test_explain_reads_adverts_as_strictly_as_classify_does(rules: Path, tmp_path: Path) -> None:
    adverts = tmp_path / "adverts.jsonl"
    lines = ['{"id": 1, "title": "Python", "salary": 1}', '{"id": 2, "title": "Python"}']
    adverts.write_text("\n".join(lines), encoding="utf-8")
    arguments = ("explain", str(adverts), "--rules", str(rules))
    done = run(*arguments, check=False)
    assert done.returncode == 1
    assert "number 1 in" in done.stderr
    assert "salary" in done.stderr
    assert "it/python" in run(*arguments, "--id", "2").stdout


def test_explain_tells_the_version(rules: Path, tmp_path: Path) -> None:
    store = str(tmp_path / "store.db")
    run("rules", "import", str(rules), "--store", store)
    done = run("explain", "--title", "Python", "--store", store, "--json")
    assert json.loads(done.stdout)["ruleset"]["version"] == 1


def test_a_rules_name_does_not_steer_the_terminal(tmp_path: Path) -> None:
    rules = tmp_path / "mine.rules"
    rules.write_text(RULE.replace('"python":', '"py\x1b[2J\tthon":'), encoding="utf-8")
    store = str(tmp_path / "store.db")
    run("rules", "import", str(rules), "--store", store)
    listed = run("rules", "list", "--store", store).stdout
    explained = run("explain", "--title", "Python", "--store", store).stdout
    for shown in (listed, explained):
        assert "py␛[2J␉thon" in shown
        assert "\x1b" not in shown


def test_who_imports_needs_no_name(rules: Path, tmp_path: Path) -> None:
    """As in a container that runs under a number which no user has."""
    store = str(tmp_path / "store.db")
    script = (
        "import pwd, os; pwd.getpwuid = lambda _: {}['no user']; "
        "[os.environ.pop(n, None) for n in ('LOGNAME', 'USER', 'LNAME', 'USERNAME')]; "
        "from jobsieve.cli import main; main()"
    )
    arguments = [sys.executable, "-c", script, "rules", "import", str(rules), "--store", store]
    subprocess.run(arguments, capture_output=True, timeout=60, check=True)
    with open_store(store) as opened:
        assert opened.versions()[0].author == f"user {os.getuid()}"


def test_bytes_in_the_store_are_named(rules: Path, tmp_path: Path) -> None:
    store = str(tmp_path / "store.db")
    run("rules", "import", str(rules), "--store", store)
    with sqlite3.connect(store) as connection:
        connection.execute("update revisions set source = cast(source as blob)")
    connection.close()
    for arguments in (("rules", "list"), ("explain", "--title", "Python")):
        done = run(*arguments, "--store", store, check=False)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "'python'" in done.stderr


def test_a_rule_file_whose_name_is_not_utf_8_is_named(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"caf\xe9.rules")
    file.write_text(RULE, encoding="utf-8")
    for path in (file, tmp_path):
        done = run("check", str(path), check=False)
        assert done.returncode == 1
        assert "its name is not UTF-8" in done.stderr


def test_a_dry_run_writes_nothing_not_even_a_store(rules: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    done = run("rules", "import", "--dry-run", str(rules), "--store", str(store))
    assert "1 added" in done.stdout
    assert "nothing was written" in done.stdout
    assert not store.exists()


def test_explain_shows_what_was_found_and_what_was_not(rules: Path) -> None:
    arguments = ("explain", "--rules", str(rules), "--rule", "python")
    done = run(*arguments, "--title", "Senior Python Developer")
    assert "it/python" in done.stdout
    assert "Senior [Python] Developer" in done.stdout
    done = run(*arguments, "--title", "Cook", "--description", "python")
    assert "No category" in done.stdout
    assert "not in title" in done.stdout
    answer = json.loads(run(*arguments, "--title", "A <b>Python</b>", "--json").stdout)
    (place,) = answer["explanations"][0]["when"]["places"]
    assert (place["start"], place["end"], place["text"]) == (5, 11, "Python")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("classify", "gone.jsonl"), ("gone.jsonl", "read", "No such file")),
        (("classify", "gone.jsonl", "--rules", "gone.rules"), ("gone.rules", "No such file")),
        (("check", "gone.rules"), ("gone.rules", "read", "No such file")),
        (("check", "."), (".", "no *.rules file")),
        (("rules", "import", "gone"), ("gone", "No such file")),
        (("rules", "list", "--store", "gone.db"), ("gone.db",)),
        (("serve", "--store", "sqlite:////proc/x/y.db", "--port", "99999"), ("port", "65535")),
        (("--config", "gone.toml", "serve"), ("gone.toml",)),
        (("explain", "--title", "x", "--rule", "no such"), ("no such",)),
        (("explain",), ("FILE", "--title")),
        (("explain", "--title", "x", "--id", "1"), ("--id", "FILE")),
        (("rules", "import", "a", "b", "--as", "c.rules"), ("--as", "one file")),
        (("classify", "x", "--rules", "y", "--store", "z"), ("--rules", "--store", "both")),
        (("classify", "x", "-o", "out.parquet"), (".parquet", ".jsonl")),
        (("classify", "x.parquet"), ("x.parquet", "JSON lines and CSV")),
    ],
)
def test_bad_input_is_named(arguments: tuple[str, ...], names: tuple[str, ...]) -> None:
    done = run(*arguments, check=False)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    for name in names:
        assert name in done.stderr


def test_bad_files_are_named_with_the_place(rules: Path, tmp_path: Path) -> None:
    latin = tmp_path / "latin.rules"
    latin.write_bytes(b'# one\nlist "x": "caf\xe9";\n')
    done = run("check", str(latin), check=False)
    assert done.returncode == 1
    assert "latin.rules" in done.stderr
    assert "line 2" in done.stderr
    broken = tmp_path / "broken.jsonl.gz"
    broken.write_bytes(b"not gzip")
    done = run("classify", str(broken), "--rules", str(rules), check=False)
    assert done.returncode == 1
    assert "broken.jsonl.gz" in done.stderr
    columns = tmp_path / "columns.csv"
    for head, named in (("title,salary", "salary"), ("title,id,Title", "'title' more than once")):
        columns.write_text(f"{head}\nCook,1\n", encoding="utf-8")
        done = run("classify", str(columns), "--rules", str(rules), check=False)
        assert done.returncode == 1
        assert named in done.stderr
