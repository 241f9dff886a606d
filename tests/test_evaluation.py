"""Judging rules by labelled adverts: what counts, how sure it is, and how it is shown."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from jobsieve import corpus, reports, snapshot
from jobsieve.errors import FileError, JobsieveError
from jobsieve.evaluation import Evaluation, LabelMap, Share, compare, evaluate, history
from jobsieve.evaluation.figures import macro_f1, mcnemar
from tests.service import run

RULES = """
rule "python": when title "python" then add category "it/python" score 2;
rule "nurse": when "nurse" then add category "care/nursing";
rule "chef": when title "chef" then add category "food/chefs";
rule "never": when "xylophone" then add category "arts";
"""
MAP = LabelMap(
    {"IT": ("it",), "Health": ("care",), "Food": ("food/chefs", "food/bars"), "Other": ()}
)
ROWS = [
    {"id": "a", "title": "Python developer", "labels": ["IT"], "site": "one"},
    {"id": "b", "title": "Python trainer", "description": "for nurses", "labels": ["Health"]},
    {"id": "c", "title": "Bar <b>staff</b>", "label": "Food", "url": "https://example.org/c"},
    {"id": "d", "title": "Head chef", "labels": "Food|Health"},
    {"id": "e", "title": "Odd jobs", "labels": ["Other"]},
    {"title": "No label"},
]


def built(rules: str = RULES) -> snapshot.Snapshot:
    return snapshot.build([("test.rules", rules)])


def given() -> list[corpus.Advert]:
    return list(corpus.adverts([msgspec.json.encode(row) for row in ROWS], "rows"))


def judged(rules: str = RULES) -> Evaluation:
    return evaluate(built(rules), given(), MAP)


def test_the_primary_category_decides_and_none_is_wrong() -> None:
    found = judged()
    assert [each.right for each in found.outcomes] == [True, False, False, True]
    assert found.accuracy == Share(2, 4)
    assert found.coverage == Share(3, 4)
    # "Python trainer" has nursing among its categories.
    assert found.anywhere == Share(3, 4)
    assert found.left_out == {'label "Other"': 1, "no label": 1}


def test_scores_of_labels_categories_and_rules() -> None:
    found = judged()
    health = found.by_label["Health"]
    # Wanted by b and d; both got something else.
    assert (health.right, health.given, health.wanted) == (0, 0, 2)
    assert found.by_label["IT"].precision == Share(1, 2)
    assert (found.micro.right, found.micro.given, found.micro.wanted) == (2, 3, 5)
    assert found.by_category["it/python"] == Share(1, 2)
    figures = {each.rule: each for each in found.by_rule}
    assert (figures["python"].decided, figures["python"].gave) == (Share(1, 2), Share(1, 2))
    assert (figures["nurse"].decided, figures["nurse"].gave) == (Share(0, 0), Share(1, 1))
    assert found.silent_rules == ["never"]
    assert [(each.wanted, each.instead) for each in found.confusions] == [
        ("Food", "nothing"),
        ("Health", "IT"),
    ]


def test_a_label_without_an_entry_is_refused_by_name() -> None:
    with pytest.raises(JobsieveError, match='no entry for "Food"'):
        evaluate(built(), given(), LabelMap({"IT": ("it",), "Health": (), "Other": ()}))


def test_without_a_map_labels_are_paths() -> None:
    row = {"id": 1, "title": "Python", "labels": ["it"]}
    adverts = list(corpus.adverts([msgspec.json.encode(row)], "rows"))
    found = evaluate(built(), adverts, LabelMap.of_paths(["it", "item"]))
    assert found.accuracy == Share(1, 1)
    assert LabelMap.of_paths(["it", "it/python", "item"]).label_of("it/python") == "it/python"


def test_intervals_and_significance_are_those_of_the_textbook() -> None:
    span = Share(8, 10).span
    assert (span.low, span.high) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert Share(0, 0).span.value == 0
    assert mcnemar(0, 0) == 1
    assert mcnemar(1, 9) == pytest.approx(22 / 1024)
    assert mcnemar(9, 1) == mcnemar(1, 9)
    # Beyond the range of a float.
    assert mcnemar(2_000, 1_000) < 1e-70
    assert mcnemar(1_000, 1_000) == pytest.approx(1, abs=0.02)


def test_the_interval_of_macro_f1_holds_it_and_narrows_with_more_adverts() -> None:
    few = {("a", "a"): 8, ("a", "b"): 2, ("b", "b"): 6, ("b", None): 4}
    many = {cell: 50 * count for cell, count in few.items()}
    narrow, wide = macro_f1(many), macro_f1(few)
    assert narrow.value == pytest.approx(wide.value)
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high
    assert macro_f1(few) == wide


def test_halves_hang_on_the_id_alone() -> None:
    halves = [each.half for each in given()]
    # SHA-256 of "a" ends in bb, of "b" in 1d, of "c" in b6.
    assert halves[:3] == ["judged", "judged", "seen"]


def test_two_rule_sets_side_by_side() -> None:
    found = compare(judged(RULES.replace('"chef" then', '"cook" then')), judged())
    assert [each.after.advert.id for each in found.better] == ["d"]
    assert (found.worse, found.other, found.chance) == ((), (), 1)


def test_history_counts_how_often_the_same_adverts_were_judged(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    new = history.entry(judged(), time="now", examples="rows", half="judged", note="")
    assert [history.append(file, new) for _ in range(2)] == [1, 2]
    assert history.append(file, msgspec.structs.replace(new, adverts="others")) == 1
    file.write_text("no entry\n", encoding="utf-8")
    with pytest.raises(FileError, match="something else"):
        history.append(file, new)


def test_the_report_escapes_what_adverts_hold_and_links_where_it_can() -> None:
    page = reports.evaluation(
        judged(), compare(judged(), judged()), title="<rows>", left_out={}, times=2
    )
    assert "Bar &lt;b&gt;staff" in page
    assert "&lt;rows&gt;" in page
    assert 'href="https://example.org/c"' in page
    assert "judged 2 times" in page


def test_the_command_reads_tables_and_files_and_writes_all_it_is_told(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text(
        "id,title,labels,site\n1,Python developer,IT,here\n2,Head chef,Food|IT,here\n3,Cook,Food,there\n",
        encoding="utf-8",
    )
    (tmp_path / "my.rules").write_text(RULES, encoding="utf-8")
    (tmp_path / "map.json").write_text('{"IT": ["it"], "Food": ["food"]}', encoding="utf-8")
    call = [
        *("evaluate", str(table), "--rules", str(tmp_path / "my.rules")),
        *("--map", str(tmp_path / "map.json"), "--against", str(tmp_path / "my.rules")),
    ]
    written = tmp_path / "report.html"
    done = run(*call, "--json", "--html", str(written), "--history", str(tmp_path / "h.jsonl"))
    data = json.loads(done.stdout)
    assert (data["adverts"], data["accuracy"]["value"]) == (3, pytest.approx(2 / 3))
    assert (data["against"]["p_value"], data["times_judged"]) == (1, 1)
    assert written.read_text(encoding="utf-8").startswith("<!doctype html>")
    done = run(*call, "--without", "site=there")
    assert "1 left out: site=there" in done.stdout
    assert "accuracy of the primary category  100.0%" in done.stdout
    for flags, message in (
        (["--without", "where=x"], 'no advert has a "where"'),
        (["--without", "x"], "KEY=VALUE"),
    ):
        failed = run(*call, *flags, check=False)
        assert failed.returncode == 2
        assert message in failed.stderr


def test_a_table_of_labelled_adverts_gives_declared_fields(tmp_path: Path) -> None:
    files = {
        "jobsieve.toml": '[fields]\nsalary = "number"\n',
        "rows.csv": "title,labels,salary\nChef,low,20000\nChef,high,60000\n",
        "my.rules": """
            rule "low": when "chef" and salary < 40k then add category "low";
            rule "high": when "chef" and salary >= 40k then add category "high";
        """,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    call = ["evaluate", str(tmp_path / "rows.csv"), "--rules", str(tmp_path / "my.rules"), "--json"]
    done = run("--config", str(tmp_path / "jobsieve.toml"), *call)
    assert json.loads(done.stdout)["accuracy"]["value"] == 1
