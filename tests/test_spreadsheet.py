from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobsieve import snapshot, spreadsheet
from jobsieve.errors import RuleError
from jobsieve.spreadsheet import SpreadsheetError

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
hostile = st.one_of(
    cells, st.sampled_from(["=1+1", "'=x", "''@x", "+", "-", "\tx", "\rx", "'", '"', "a\r\nb"])
)


@given(st.lists(hostile.filter(str.strip), min_size=1, max_size=5))
def test_no_cell_is_a_formula_and_all_come_back(sources: list[str]) -> None:
    text = spreadsheet.write(
        ("rule", source, f"{n}.rules", source) for n, source in enumerate(sources)
    )

    assert not any(cell in text for cell in (",=", ',"=', ",@", ',"@', ",+", ",-"))
    sheet = spreadsheet.read(text, "t.csv", default_file="x.rules")
    assert list(sheet.files.values()) == sources


def test_columns_of_the_original_become_rules() -> None:
    table = (
        "Name,Condition,Actions,File\r\n"
        'python developers,"title ""python"" and (""developer"" or ""programmer"")",'
        '"add category ""it/python"" score 2",it.rules\r\n'
        '"a ""quoted"" one","""nurse""","add category ""care"";",\r\n'
    )

    sheet = spreadsheet.read(table, "old.csv", default_file="old.rules")

    built = snapshot.build(list(sheet.files.items()))
    assert sorted(built.ruleset.rule_names) == ['a "quoted" one', "python developers"]
    assert list(sheet.files) == ["it.rules", "old.rules"]
    answer = built.ruleset.classify(title="Python Programmer")
    assert answer.primary == "it/python"
    # The field holds for all three terms.
    assert built.ruleset.classify(title="Python", description="programmer").primary is None


def test_faults_name_their_rows() -> None:
    table = 'name,condition,action\n,"""x""",\nfine,"""x""","add category ""c"""\na,b,c,d\n'

    with pytest.raises(SpreadsheetError) as raised:
        spreadsheet.read(table, "old.csv", default_file="old.rules")

    told = str(raised.value)
    assert "row 2: name is empty; row 2: action is empty; row 4: 4 cells for 3 columns" in told


def test_findings_in_rules_name_their_rows() -> None:
    table = (
        'name,condition,action\nfine,"""x""","add category ""c"""\n\n'
        'wrong,"""a""\n""b""","add category ""c"""\n'
    )
    sheet = spreadsheet.read(table, "old.csv", default_file="old.rules")

    with pytest.raises(RuleError) as raised:
        snapshot.build(list(sheet.files.items()))

    (found,) = sheet.located(raised.value.diagnostics)
    assert (found.file, found.line) == ("old.csv, row 4", 3)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "row 1: the first row must name the columns.*it has a, b"),
        ('source\n"x', "line 2: this is not CSV"),
        ("source\n \n", "row 2: source is empty"),
    ],
)
def test_what_is_no_table_of_rules_is_told(text: str, complaint: str) -> None:
    with pytest.raises(SpreadsheetError, match=complaint):
        spreadsheet.read(text, "t.csv", default_file="t.rules")
