"""What other rules would change, and how the command tells it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from jobsieve import changes, corpus, reports, snapshot
from jobsieve.store import open_store
from tests.service import run

OLD = """
rule "nurse": when title "nurse" then add category "care/nursing";
rule "chef": when title "chef" then add category "food/chefs";
rule "it": when title "python" then add category "it";
"""
NEW = """
rule "vet nurse": when title "vet nurse" then add category "animals" score 2;
rule "nurse": when title "nurse" then add category "care/nursing";
rule "cook": when title "cook" then add category "food/chefs";
rule "it": when title "python" then add category "it", set "level" = "any";
"""
ADVERTS = [
    {"id": "a", "title": "Staff nurse"},
    {"id": "b", "title": "Vet nurse"},
    {"id": "c", "title": "Head chef"},
    {"id": "d", "title": "Cook <i>live in</i>"},
    {"id": "e", "title": "Python developer"},
]


def given() -> list[corpus.Advert]:
    return list(corpus.adverts([msgspec.json.encode(row) for row in ADVERTS], "rows"))


def found() -> changes.Impact:
    old, new = (snapshot.build([("test.rules", text)]) for text in (OLD, NEW))
    return changes.impact(old, new, given())


def ids(listed: list[changes.Change]) -> list[str]:
    return [each.advert.id for each in listed]


def test_each_advert_gains_loses_moves_or_changes_beside() -> None:
    impact = found()
    assert ids(impact.gained) == ["d"]
    assert ids(impact.lost) == ["c"]
    assert ids(impact.moved) == ["b"]
    assert ids(impact.beside) == ["e"]
    assert [(old, new, ids(moved)) for old, new, moved in impact.flows] == [
        ("care/nursing", "animals", ["b"]),
        ("food/chefs", None, ["c"]),
        (None, "food/chefs", ["d"]),
    ]


def test_categories_count_who_came_and_went() -> None:
    chefs, animals, nursing = found().categories
    assert (chefs.path, chefs.before, chefs.after, chefs.moves) == ("food/chefs", 1, 1, 2)
    assert (len(chefs.gained), len(chefs.lost)) == (1, 1)
    assert (animals.path, animals.before, animals.after) == ("animals", 0, 1)
    assert (nursing.path, len(nursing.moved_out)) == ("care/nursing", 1)


def test_the_report_shows_the_adverts_escaped() -> None:
    page = reports.impact(found(), title="old → new")
    assert "Cook &lt;i&gt;live in" in page
    assert "food/chefs" in page


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "old.rules").write_text(OLD, encoding="utf-8")
    (tmp_path / "new.rules").write_text(NEW, encoding="utf-8")
    lines = "\n".join(json.dumps(row) for row in ADVERTS)
    (tmp_path / "adverts.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def test_the_command_compares_files_versions_and_the_starter_rules(files: Path) -> None:
    adverts, store = str(files / "adverts.jsonl"), f"sqlite:///{files / 'rules.db'}"
    old, new = str(files / "old.rules"), str(files / "new.rules")
    done = run("impact", old, new, adverts, "--json", "--html", str(files / "report.html"))
    data = json.loads(done.stdout)
    assert [each["id"] for each in data["moved"]] == ["b"]
    assert (files / "report.html").exists()
    run("rules", "import", old, "--as", "a.rules", "--store", store)
    run("rules", "import", new, "--as", "a.rules", "--store", store)
    with open_store(store) as opened:
        live = opened.live()
    assert live is not None
    done = run("impact", "1", "live", adverts, "--store", store)
    assert (
        "1 gain their first category, 1 lose their last, 1 move, 1 change in other" in done.stdout
    )
    done = run("impact", "starter", "starter", adverts)
    assert "5 keep their primary category" in done.stdout
    failed = run("impact", "nowhere", "live", adverts, check=False)
    assert failed.returncode == 2
    assert 'nor "starter", "live" or the number of a version' in failed.stderr
