"""Where categories are named, and texts with other paths in place."""

from __future__ import annotations

import pytest

from jobsieve import mentions
from jobsieve.config import Settings

RULES = """\
# category "it/a" stays here
rule "r \\"it/a\\"": WHEN "it/a" and (CATEGORY # "it/a"
    “it/a/b” or category 'it' or category "it/ab") and salary > 1
  UNLESS category „it/a“
  THEN add category «it/a», remove category "it/a/*", set "it/a" = "it/a";
list "it/a": "it/a";
"""
MOVED = """\
# category "it/a" stays here
rule "r \\"it/a\\"": WHEN "it/a" and (CATEGORY # "it/a"
    "x \\"y\\"/b" or category 'it' or category "it/ab") and salary > 1
  UNLESS category "x \\"y\\""
  THEN add category "x \\"y\\"", remove category "x \\"y\\"/*", set "it/a" = "it/a";
list "it/a": "it/a";
"""


def test_paths_are_moved_and_all_else_stays() -> None:
    settings = Settings(fields={"salary": "number"})
    assert mentions.moved(RULES, "it/a", 'x "y"', settings) == MOVED
    back = mentions.moved(MOVED, 'x "y"', "it/a", settings)
    assert mentions.moved(back, "it/a", 'x "y"', settings) == MOVED
    assert mentions.moved(RULES, "a", "b", settings) == RULES


def test_in_use_is_what_a_taxonomy_must_list() -> None:
    sources = [
        (
            "a",
            'rule "a": when "x" and category "b" then add category "a/b", remove category "c/*";',
        ),
        ("b", 'rule "b": when category "a" then remove category "d", remove category "e/f/*";'),
        ("c", 'rule "c": when "y" then add category "e/f/g", set "z" = "z";'),
    ]
    assert mentions.in_use(sources) == ["a/b", "b", "c", "d", "e/f/g"]


@pytest.mark.parametrize(
    ("line", "moved"),
    [
        ('{"must" : ["a/b","c"], "title":"a"}\r', '{"must": ["x/b", "c"], "title": "a"}\r'),
        ('\ufeff{"must_not": ["a"]}', '\ufeff{"must_not": ["x"]}'),
        ('{"primary": "a", "note": "é"}', '{"primary": "x", "note": "é"}'),
        ('{"title":"a",  "must": ["ab", {"rule": "a"}]}', None),
        ("\r", None),
        ("", None),
    ],
)
def test_examples_are_moved_line_by_line(line: str, moved: str | None) -> None:
    assert (
        mentions.moved_in_examples(f"{line}\n", "a", "x") == f"{line if moved is None else moved}\n"
    )
