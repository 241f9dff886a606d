"""Values of declared fields that are none of their kind: in requests, in Python and in tables."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import jobsieve
from jobsieve import spreadsheet, taxonomy
from jobsieve.cli import adverts
from jobsieve.cli import jobsieve as command
from jobsieve.config import FieldKind, Settings
from jobsieve.errors import FileError, TaxonomyError

KINDS: dict[str, FieldKind] = {
    "company": "text",
    "location": "keyword",
    "salary": "number",
    "posted": "date",
    "remote": "boolean",
}
RULE = (
    'rule "r": when company "acme" or location = "Leeds" or salary >= 30k\n'
    '  or posted > "2026-01-01" or remote = true then add category "x";\n'
)
TAKES = {
    "company": "a string or null",
    "location": "a string, an array of strings or null",
    "salary": "a number or null",
    "posted": 'a date such as "2026-11-25" or null',
    "remote": "true, false or null",
}


@pytest.fixture(scope="module")
def rules() -> jobsieve.RuleSet:
    return jobsieve.compile(RULE, settings=Settings(fields=KINDS))


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("company", 1, "a number"),
        ("company", True, "a boolean"),
        ("company", ["Acme"], "an array"),
        ("company", {"name": "Acme"}, "an object"),
        ("location", 1, "a number"),
        ("location", {"town": "Leeds"}, "an object"),
        ("location", ["Leeds", 1], "a number"),
        ("location", ["Leeds", None], "an array that holds null"),
        ("location", [["Leeds"]], "an array"),
        ("salary", "30000", "a string"),
        ("salary", True, "a boolean"),
        ("salary", [30_000], "an array"),
        ("posted", 20_260_101, "a number"),
        ("posted", "yesterday", "another string"),
        ("posted", "01/02/2026", "another string"),
        ("posted", "2026-02-30", "a day that no calendar has"),
        ("posted", "2026-01-01T00:00:00", "another string"),
        ("posted", ["2026-01-01"], "an array"),
        ("remote", "true", "a string"),
        ("remote", 1, "a number"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_its_key(
    rules: jobsieve.RuleSet, field: str, value: Any, found: str
) -> None:
    body = json.dumps({"title": "x", "fields": {field: value}}).encode()
    with pytest.raises(jobsieve.AdvertError) as refused:
        rules.classify_json(body)
    key = f"fields.{field}"
    assert (refused.value.code, refused.value.key) == ("wrong-type", key)
    told = f'The value of "{key}" must be {TAKES[field]}, not {found} (line 1, column '
    assert str(refused.value).startswith(told)
    # Python's values are held to the same.
    with pytest.raises(jobsieve.AdvertError) as refused:
        rules.classify(title="x", **{field: value})
    assert (refused.value.code, refused.value.key) == ("wrong-type", key)
    assert f"must be {TAKES[field]}, not " in str(refused.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("salary", float("nan")),
        ("salary", float("inf")),
        ("salary", 10**400),
        ("posted", datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)),
        ("location", [b"Leeds"]),
        ("remote", object()),
    ],
)
def test_what_json_has_no_word_for_is_refused_too(
    rules: jobsieve.RuleSet, field: str, value: Any
) -> None:
    with pytest.raises(jobsieve.AdvertError) as refused:
        rules.classify(title="x", **{field: value})
    assert (refused.value.code, refused.value.key) == ("wrong-type", f"fields.{field}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("company", "<p>ACME</p>"),
        ("location", ("York", "LEEDS")),
        ("salary", 3e4),
        ("posted", datetime.date(2026, 5, 1)),
        ("posted", "2026-05-01"),
        ("remote", True),
    ],
)
def test_right_values_meet_the_rule_and_none_is_no_value(
    rules: jobsieve.RuleSet, field: str, value: Any
) -> None:
    assert rules.classify(title="x", **{field: value}).primary == "x"
    assert rules.classify(title="x", **{field: None}).primary is None


# --- Tables.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    settings = "".join(f'{name} = "{kind}"\n' for name, kind in KINDS.items())
    Path("jobsieve.toml").write_text(f"[fields]\n{settings}", encoding="utf-8")
    Path("a.rules").write_text(RULE, encoding="utf-8")
    return tmp_path


def classified(table: str) -> list[dict[str, Any]]:
    Path("adverts.csv").write_text(table, encoding="utf-8")
    done = CliRunner().invoke(command, ["classify", "adverts.csv", "--rules", "a.rules"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_wrong_cell_refuses_its_row_by_the_column_and_the_others_go_on(folder: Path) -> None:
    rows = [
        ("salary", " 30000 ", "matched"),
        ("salary", "-0", "unmatched"),
        ("salary", "30k", "fields.salary"),
        ("salary", '"30,000"', "fields.salary"),
        ("salary", "£30000", "fields.salary"),
        ("salary", "1e5", "fields.salary"),
        ("posted", " 2026-03-01 ", "matched"),
        ("posted", "2026-02-30", "fields.posted"),
        ("posted", "01/02/2026", "fields.posted"),
        ("remote", "TRUE", "matched"),
        ("remote", "yes", "fields.remote"),
        ("remote", "1", "fields.remote"),
        ("location", "York | LEEDS", "matched"),
        ("location", "|", "unmatched"),
        ("company", "acme", "matched"),
    ]
    columns = list(KINDS)
    table = "id,title," + ",".join(columns) + "\n"
    for number, (field, cell, _) in enumerate(rows):
        cells = [cell if column == field else "" for column in columns]
        table += f"{number},x,{','.join(cells)}\n"
    found = classified(table)
    assert [int(each["id"]) for each in found] == list(range(len(rows)))
    told = [each.get("error", {}).get("key", each["status"]) for each in found]
    assert told == [outcome for _, _, outcome in rows]
    assert {each["error"]["code"] for each in found if "error" in each} == {"wrong-type"}


def test_columns_are_known_by_name_in_any_case(folder: Path) -> None:
    assert [each["status"] for each in classified("Title,SALARY\nx,30000\n")] == ["matched"]
    for head, found in (
        ("title,sallary", "it names 'title', 'sallary'"),
        ("title,salary,Salary", "it names 'salary' more than once"),
        ("salary,location", "it names 'salary', 'location'"),
    ):
        with pytest.raises(FileError, match="its first line must name the columns") as refused:
            classified(f"{head}\n1,2,3\n")
        assert str(refused.value).endswith(found)


def test_a_wrong_cell_is_told_by_file_line_column_and_header(folder: Path) -> None:
    table = 'id,title,salary,posted\n1,"two\nlines",40000,2026-05-01\n2,x,30k,0000-02-29\n3,x,1,1900-02-29\n'
    _, salary, posted = classified(table)
    assert salary["id"] == "2"
    told = 'adverts.csv, line 4, column 3 (salary): a number such as 40000 or 2.5 is due, not "30k"'
    assert salary["error"]["detail"] == told
    told = (
        'adverts.csv, line 5, column 4 (posted): a day such as 2026-11-25 is due, not "1900-02-29"'
    )
    assert posted["error"]["detail"] == told


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_a_table_with_other_signs_between_cells_is_told_how_to_be_saved(
    tmp_path: Path, sign: str, name: str
) -> None:
    told = f"; {name} stand between its cells: save it as CSV with commas"
    table = tmp_path / "adverts.csv"
    table.write_text(f"id{sign}title\r\n1{sign}x\r\n", encoding="utf-8")
    with pytest.raises(FileError, match=told):
        list(adverts.read(str(table), largest_cell=100))
    with pytest.raises(TaxonomyError, match=told):
        taxonomy.read(f"path{sign}name\r\nit{sign}IT\r\n")
    with pytest.raises(spreadsheet.SpreadsheetError, match=told):
        spreadsheet.read(f"name{sign}condition{sign}action\r\n", "x.csv", default_file="x.rules")


# --- The command line.


def explained(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, ["explain", "--rules", "a.rules", *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, " ".join(done.output.split())


def test_an_advert_given_by_options_has_its_declared_fields(folder: Path) -> None:
    for given in ("salary=30000", "posted=2026-05-01", "remote=TRUE", "company=Acme"):
        code, told = explained("--title", "x", "--field", given)
        assert (code, told[:22]) == (0, "x score 1 (primary) r "), given
    code, told = explained("--title", "x", "--field", "location=York", "--field", "location=Leeds")
    assert 'location: "York", "Leeds"' in told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            ["salary=30k"],
            'salary is declared as number: a number such as 40000 or 2.5 is due, not "30k"',
        ),
        (["salry=1"], 'salary (number); did you mean "salary"?'),
        (["salary"], 'write NAME=VALUE, not "salary"'),
        (["title=x"], 'write --title "x"'),
        (["salary=1", "salary=2"], "salary is given twice"),
        (["posted=1.2.2026"], "posted is declared as date"),
    ],
)
def test_a_wrong_option_is_told_with_the_fields_kind(
    folder: Path, given: list[str], told: str
) -> None:
    options = [word for each in given for word in ("--field", each)]
    code, found = explained("--title", "x", *options)
    assert code == 2
    assert told in found


def test_fields_belong_to_an_advert_given_by_options(folder: Path) -> None:
    Path("adverts.jsonl").write_text('{"title": "x"}\n', encoding="utf-8")
    assert explained("adverts.jsonl", "--field", "salary=1")[0] == 2
