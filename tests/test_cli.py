"""The command line as its users call it: answers, exit status, and what bad input is told."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.service import run

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
    assert "1 rules for 1 categories" in run("check", str(rules)).stdout


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


def test_explain_shows_what_was_found_and_what_was_not(rules: Path) -> None:
    arguments = ("explain", "--rules", str(rules), "--rule", "python")
    done = run(*arguments, "--title", "Senior Python Developer")
    assert "it/python" in done.stdout
    assert "Senior Python Developer" in done.stdout
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
    columns.write_text("title,salary\nCook,1\n", encoding="utf-8")
    done = run("classify", str(columns), "--rules", str(rules), check=False)
    assert done.returncode == 1
    assert "salary" in done.stderr
