from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobsieve.errors import TaxonomyError
from jobsieve.taxonomy import Table, for_rules, read

FILE = '\ufeffpath,status,name,redirect\r\nit,,IT,\r\n\r\n"it/a, b",retired,"two\nlines",it\r\nx,hidden,,'


def test_rows_are_read_and_keep_their_bytes() -> None:
    rows = read(FILE)

    assert "".join(row.source for row in rows) == FILE
    assert [(row.path, row.name, row.status, row.redirect) for row in rows] == [
        ("it", "IT", "active", None),
        ("it/a, b", "two\nlines", "retired", "it"),
        ("x", "x", "hidden", None),
    ]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("name\nx\n", ["line 1: the first row must name the columns"]),
        ("path,path\nx,y\n", ["line 1"]),
        (
            "path\na//b\n c\n",
            ["line 2, column path: 'a//b' is no path", "line 3, column path: ' c' is no path"],
        ),
        ("path\na\nb\na\n", ["line 4, column path: a stands in line 2 already"]),
        (
            "path,status\na,gone\n",
            ["line 2, column status: 'gone' is none of active, hidden, retired"],
        ),
        (
            "path,redirect\na,b\nc,c\n",
            ["line 2, column redirect: there is no category b", "line 3, column redirect: c can't"],
        ),
        (
            "path\na/b/c/d/e/f/g/h/i\n",
            ["line 2, column path: a/b/c/d/e/f/g/h/i has 9 parts; at most 8"],
        ),
        ("path\na,b\n", ["line 2: there are 2 cells for 1 columns"]),
        ('path\n"a\n', ["line 2: this is not CSV"]),
    ],
)
def test_every_faulty_row_is_named(text: str, faults: list[str]) -> None:
    with pytest.raises(TaxonomyError) as raised:
        read(text)

    for fault in faults:
        assert f"taxonomy.csv, {fault}" in str(raised.value)


def test_a_retired_path_leads_to_the_end_of_its_redirects() -> None:
    rows = read(
        "path,status,redirect\na,,\nb,retired,c\nc,retired,a\nd,hidden,a\ne,retired,\n"
        "x,retired,y\ny,retired,x\nz,retired,x\n"
    )
    assert for_rules(rows) == {
        "paths": ["a", "d"],
        "retired": {"b": "a", "c": "a", "e": None, "x": None, "y": None, "z": None},
    }


def test_rows_that_are_not_changed_keep_their_bytes() -> None:
    table = Table(FILE)

    table.add(path="new", name='a "b"')
    table.change({"it": {"name": "Computing"}})
    table.move({"it": "ict", "it/a, b": "ict/a, b"})

    assert table.text == (
        "\ufeffpath,status,name,redirect\r\nict,,Computing,\r\n"
        '"ict/a, b",retired,"two\nlines",ict\r\nx,hidden,,\r\nnew,,"a ""b""",\r\n'
    )


def test_a_missing_file_is_begun() -> None:
    table = Table("")
    table.add(path="it", status="active")
    assert table.text == "path,name,status,redirect\nit,,active,\n"


def test_an_edit_that_breaks_the_file_changes_nothing() -> None:
    table = Table(FILE)
    with pytest.raises(TaxonomyError, match="it stands in line 2 already"):
        table.add(path="it")
    assert table.text == FILE


def test_a_column_that_is_filled_first_is_named_in_the_head() -> None:
    table = Table("path\r\nit\r\nold\r\n")
    table.change({"old": {"status": "retired", "redirect": "it"}})
    table.add(path="it/x", name="X")
    assert table.text == ("path,status,redirect,name\r\nit\r\nold,retired,it\r\nit/x,,,X\r\n")


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(st.lists(cells, unique=True, max_size=6))
def test_names_of_any_text_come_back(names: list[str]) -> None:
    table = Table("")
    for number, name in enumerate(names):
        table.add(path=f"c/{number}", name=name)

    rows = read(table.text)
    assert [row.name for row in rows] == [name or str(number) for number, name in enumerate(names)]
    assert "".join(row.source for row in rows) == (table.text if rows else "")
