"""The door to the compiler: what of files is compiled, and the taxonomy that lies beside rules."""

from __future__ import annotations

from pathlib import Path

import pytest

import jobsieve
from jobsieve import config, rules, snapshot
from jobsieve.errors import FileError, RuleError, TaxonomyError

RULE = 'rule "r": when title "python" then add category "it/python";\n'
TAXONOMY = "path,status\nit/python,\nit/java,retired\n"


def test_rules_are_held_to_the_taxonomy_beside_them() -> None:
    sources = [
        ("x/taxonomy.csv", TAXONOMY),
        ("x/a.examples.jsonl", "nonsense"),
        ("x/a.rules", RULE),
    ]
    settings = config.Settings(fields={"salary": "number"})

    built = snapshot.build(sources, settings=settings)

    assert built.sources == (("x/a.rules", RULE),)
    assert built.ruleset.fields == {"salary": "number"}
    assert b'"taxonomy"' in built.ruleset.settings
    sources[-1] = ("x/a.rules", RULE.replace("it/python", "it/pyton") + "rule")
    with pytest.raises(RuleError) as raised:
        snapshot.build(sources, settings=settings)
    found = [(each.file, each.line, each.code) for each in raised.value.diagnostics]
    assert found == [("x/a.rules", 1, "JS059"), ("x/a.rules", 2, "JS006")]
    assert "did you mean `it/python`?" in raised.value.diagnostics[0].hint


def test_a_changed_taxonomy_is_minded_by_the_next_build() -> None:
    first = snapshot.build([("a.rules", RULE)]).ruleset
    for status, right in (("active", True), ("retired", False), ("hidden", True)):
        listed = ("taxonomy.csv", f"path,status\nit/python,{status}\n")
        if right:
            built = snapshot.build([("a.rules", RULE), listed], previous=first)
            assert built.ruleset.hash != first.hash
        else:
            with pytest.raises(RuleError, match="JS060"):
                snapshot.build([("a.rules", RULE), listed], previous=first)


def test_a_build_after_a_changed_row_is_that_of_a_fresh_process() -> None:
    rows = [f"it/part{number},\n" for number in range(50)]
    rule = RULE + 'rule "s": when "java" then add category "it/part7";\n'
    before = "path,status\nit/python,\n" + "".join(rows)
    after = before.replace("it/part8,", "it/part8,retired")
    changed = rule.replace("java", "jvm")
    first = snapshot.build([("a.rules", rule), ("taxonomy.csv", before)]).ruleset
    for text, listed in ((rule, after), (changed, before), (changed, after)):
        sources = [("a.rules", text), ("taxonomy.csv", listed)]
        rebuilt = snapshot.build(sources, previous=first).ruleset
        snapshot._categories.cache_clear()
        built = snapshot.build(sources).ruleset
        assert (rebuilt.hash, rebuilt.settings) == (built.hash, built.settings)
        assert rebuilt.hash != first.hash
        found = [each.classify(title="jvm java").matched_rules for each in (rebuilt, built)]
        assert found == [["s"], ["s"]]


def test_a_wrong_taxonomy_is_no_taxonomy() -> None:
    with pytest.raises(TaxonomyError, match=r"x/taxonomy\.csv, line 3, column status: 'gone'"):
        jobsieve.compile({"x/taxonomy.csv": "path,status\na,\nb,gone\n", "a.rules": RULE})
    with pytest.raises(TaxonomyError, match=r"^taxonomy\.csv and x/taxonomy\.csv both list"):
        jobsieve.compile({"taxonomy.csv": TAXONOMY, "x/taxonomy.csv": TAXONOMY})


def test_files_bring_the_taxonomy_of_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("x", "y"):
        Path(folder).mkdir()
        Path(folder, f"{folder}.rules").write_text(RULE, encoding="utf-8")
        Path(folder, "z.rules").write_text("", encoding="utf-8")
        Path(folder, "taxonomy.csv").write_text(TAXONOMY, encoding="utf-8")
    Path("free.rules").write_text("", encoding="utf-8")

    named = rules.read_files([Path("x/x.rules"), Path("x/z.rules"), Path("free.rules")])
    assert list(named) == ["x.rules", "z.rules", "free.rules", "taxonomy.csv"]
    in_place = rules.read_in_place([Path("x"), Path("x/x.rules")])
    assert list(in_place) == ["x/x.rules", "x/z.rules", "x/taxonomy.csv"]
    # To the store a file goes alone.
    assert list(rules.read_with_companions([Path("x/x.rules")])) == ["x.rules"]
    assert list(rules.read_with_companions([Path("x/taxonomy.csv")])) == ["taxonomy.csv"]
    for read in (rules.read_files, rules.read_in_place, rules.read_with_companions):
        with pytest.raises(TaxonomyError, match=r"^x/taxonomy\.csv and y/taxonomy\.csv both list"):
            read([Path("x"), Path("y")])
    Path("y/taxonomy.csv").unlink()
    with pytest.raises(FileError, match=r"another file of the name z\.rules"):
        rules.read_files([Path("x"), Path("y")])
