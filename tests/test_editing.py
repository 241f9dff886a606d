from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobsieve.editing import DEFAULT_FILE, Edit, Editor
from jobsieve.errors import RuleError, StaleBase, StoreError, TaxonomyError
from jobsieve.publishing import export_files, import_files
from jobsieve.store import Store, open_store

ANN, BEN = Edit("ann", "because"), Edit("ben")


def rule(name: str, word: str = "python") -> str:
    return f'rule "{name}": when "{word}" then add category "it/{name}";\n'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "rules.db") as opened:
        import_files(opened, {"a.rules": "# head\n" + rule("a") + rule("b")}, author="eve")
        yield opened


def test_an_edit_changes_one_rule_and_is_published(store: Store) -> None:
    done = Editor(store, ANN).edit("rule", "a", "# why\n" + rule("a", "java"))

    assert (done.changed, done.added, done.removed) == ((("rule", "a"),), (), ())
    assert export_files(store) == {"a.rules": "# why\n" + rule("a", "java") + rule("b")}
    last = store.history("rule", "a")[-1]
    assert (last.number, last.author, last.note) == (2, "ann", "because")


def test_of_two_who_edit_one_rule_the_second_is_told(store: Store) -> None:
    started = Editor(store, BEN).find("rule", "a").revision
    Editor(store, ANN).edit("rule", "a", rule("a", "java"))

    with pytest.raises(StaleBase, match=r'"a": you started from revision 1.*at 2 by ann of 2'):
        Editor(store, BEN).edit("rule", "a", rule("a", "rust"), revision=started)
    with pytest.raises(StaleBase):
        Editor(store, BEN).rename("rule", "a", "c", revision=started)

    assert [item.source for item in store.history("rule", "a")][1:] == [rule("a", "java")]
    # Another rule is nobody else's affair.
    Editor(store, BEN).edit("rule", "b", rule("b", "rust"), revision=1)
    assert export_files(store) == {"a.rules": rule("a", "java") + rule("b", "rust")}


class Overtaken(Store):
    """A store in which somebody else edits a rule between our reading and our writing."""

    def __init__(self, path: Path, name: str) -> None:
        self._inner = open_store(path)
        super().__init__(self._inner._database)
        self._name = name

    def head(self) -> int | None:
        base = self._inner.head()
        name, self._name = self._name, ""
        if name:
            Editor(self._inner, BEN).edit("rule", name, rule(name, "overtaken"))
        return base


def test_who_is_overtaken_by_an_edit_of_another_rule_does_not_notice(
    store: Store, tmp_path: Path
) -> None:
    edit = functools.partial(Editor.edit, kind="rule", name="a", text=rule("a", "java"), revision=1)

    edit(Editor(Overtaken(tmp_path / "rules.db", "b"), ANN))
    assert export_files(store) == {"a.rules": rule("a", "java") + rule("b", "overtaken")}

    with pytest.raises(StaleBase, match="at 3 by ben"):
        Editor(Overtaken(tmp_path / "rules.db", "a"), ANN).edit(
            "rule", "a", rule("a", "rust"), revision=2
        )
    assert export_files(store) == {"a.rules": rule("a", "overtaken") + rule("b", "overtaken")}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (rule("c"), 'that of rule "c", not "a".*rules rename'),
        (rule("a") + rule("c"), 'must hold rule "a" and nothing else'),
        ('list "a": "x";\n', 'must hold rule "a" and nothing else'),
        ("# nothing\n", 'must hold rule "a" and nothing else'),
    ],
)
def test_a_text_of_something_else_is_refused(store: Store, text: str, complaint: str) -> None:
    with pytest.raises(StoreError, match=complaint):
        Editor(store, ANN).edit("rule", "a", text)

    assert len(store.versions()) == 1


def test_an_edit_that_does_not_compile_writes_nothing(store: Store) -> None:
    editor = Editor(store, ANN)
    for text in ('rule "a": when "x" "y" then;', rule("a").replace('"python"', 'list "no"')):
        with pytest.raises(RuleError):
            editor.edit("rule", "a", text)
    with pytest.raises(RuleError):
        editor.add('rule "c": when "x" "y" then;')

    assert len(store.versions()) == 1


def test_what_is_added_stands_at_the_end_of_its_file(store: Store) -> None:
    editor = Editor(store, ANN)
    editor.add(rule("c").rstrip("\n"), "a.rules")
    editor.add('list "words": "x";\n' + rule("d"))

    assert export_files(store) == {
        "a.rules": "# head\n" + rule("a") + rule("b") + rule("c"),
        DEFAULT_FILE: 'list "words": "x";\n' + rule("d"),
    }
    with pytest.raises(StoreError, match=r'there is a rule "c" in a\.rules already'):
        editor.add(rule("c", "other"))
    with pytest.raises(StoreError, match="holds no rule and no list"):
        editor.add("# nothing\n")


def test_what_is_retired_keeps_its_history(store: Store) -> None:
    Editor(store, ANN).retire([("rule", "a")])

    assert export_files(store) == {"a.rules": rule("b")}
    assert [item.number for item in store.history("rule", "a")] == [1]
    with pytest.raises(StoreError, match='there is no rule "a"'):
        Editor(store, ANN).retire([("rule", "b"), ("rule", "a")])
    Editor(store, ANN).add(rule("a", "again"), "a.rules")
    assert [item.number for item in store.history("rule", "a")] == [1, 2]


@pytest.mark.parametrize("written", ['"a"', "“a”", "'a'", "‘a’", "«a»", "\n\t# rule: no\n 'a'"])
@pytest.mark.parametrize("new", ["b c", 'with "quotes" \\ and ‘others’', "rule", "é ✓"])
def test_a_rename_leaves_the_rest_of_the_text_as_it_is(
    store: Store, written: str, new: str
) -> None:
    source = f'# about rule "a"\nRule {written} : when "a" then add category "a";  # "a"\n'
    Editor(store, ANN).edit("rule", "a", source)

    done = Editor(store, ANN).rename("rule", "a", new)

    assert done.changed == (("rule", new),)
    found = Editor(store, ANN).find("rule", new)
    quoted = new.replace("\\", "\\\\").replace('"', '\\"')
    # What stands before the name, a comment say, stays too.
    assert found.source == source.replace(f"{written[-3:]} :", f'"{quoted}" :')
    assert [item.name for item in store.history("rule", new)] == ["a", "a", new]


@pytest.mark.parametrize("new", ["b", "", "two\nlines", "x" * 201])
def test_a_rename_to_what_is_no_free_name_is_refused(store: Store, new: str) -> None:
    with pytest.raises((StoreError, RuleError)):
        Editor(store, ANN).rename("rule", "a", new)

    assert len(store.versions()) == 1


def test_a_list_is_renamed_only_with_the_rules_that_name_it(store: Store) -> None:
    Editor(store, ANN).add(
        'list "words": "x";\nrule "u": when list "words" then add category "u";\n'
    )

    with pytest.raises(RuleError):
        Editor(store, ANN).rename("list", "words", "terms")


def test_drafts_are_not_published_and_dry_runs_not_written(store: Store) -> None:
    foreseen = Editor(store, Edit("ann", dry_run=True)).rename("rule", "a", "c")
    assert foreseen.changed == (("rule", "c"),)
    assert len(store.versions()) == 1

    Editor(store, Edit("ann", draft=True)).rename("rule", "a", "c")
    live = store.live()
    assert (store.head(), live and live.version) == (2, 1)


TAXONOMY = "path,name,status,redirect\nit/a,A,,\nit/b,B,,\n"


def test_a_category_is_moved_with_the_rules_and_examples_that_name_it(store: Store) -> None:
    rules = rule("a") + 'rule "c": when category “it/a” and "x" then remove category "it/b";\n'
    examples = (
        '{"title": "é", "must": ["it/a"], "must_not": ["it/b"]}\n{ "title":"x", "must":["it/b"] }\n'
    )
    files = {
        "taxonomy.csv": TAXONOMY + "it/old,,retired,it/a\n",
        "a.rules": rules + rule("b"),
        "a.examples.jsonl": examples,
    }
    import_files(store, files, author="eve")
    before = {each.path: number for number, each in store.categories(2)}
    editor = Editor(store, ANN)

    done = editor.move_category("it/a", "tech/a", "Tech")

    names = {name for _, name in done.changed}
    assert names == {"tech/a", "it/old", "a.examples.jsonl", "a", "c"}
    after = {each.path: number for number, each in store.categories(3)}
    assert after == {
        "tech/a": before["it/a"],
        "it/b": before["it/b"],
        "it/old": before["it/old"],
    }
    assert export_files(store) == {
        "taxonomy.csv": TAXONOMY.replace("it/a,A", "tech/a,Tech") + "it/old,,retired,tech/a\n",
        "a.rules": rules.replace('"it/a"', '"tech/a"').replace("“it/a”", '"tech/a"') + rule("b"),
        "a.examples.jsonl": examples.replace('"it/a"', '"tech/a"'),
    }
    # A branch need not be listed itself, and a path that is taken can't be moved to.
    editor.move_category("it", "ict")
    assert 'remove category "ict/b"' in export_files(store)["a.rules"]
    with pytest.raises(TaxonomyError, match="line 3, column path: tech/a stands in line 2"):
        editor.move_category("ict/b", "tech/a")
    with pytest.raises(StoreError, match="there is no category it"):
        editor.move_category("it", "ict")
    assert len(store.versions()) == 4


def test_the_first_category_brings_those_along_that_rules_name(store: Store) -> None:
    editor = Editor(store, ANN)
    editor.add('rule "c": when category "it" and category "no" then remove category "x/y";\n')

    editor.add_category("care", "Care")

    paths = [each.path for _, each in store.categories(3)]
    assert paths == ["care", "it/a", "it/b", "no", "x/y"]
    editor.add_category("care/homes")
    with pytest.raises(RuleError, match="JS059: the taxonomy has no category it/d"):
        editor.add(rule("d"))
    with pytest.raises(StoreError, match="there is a category care already"):
        editor.add_category("care")
    assert len(store.versions()) == 4


def test_a_category_that_rules_name_is_not_retired(store: Store) -> None:
    import_files(store, {"taxonomy.csv": TAXONOMY}, author="eve")
    editor = Editor(store, ANN)
    with pytest.raises(RuleError, match=r"JS060: the category it/b is retired"):
        editor.retire_category("it/b", "it/a")
    with pytest.raises(StoreError, match="there is no category it/c"):
        editor.retire_category("it/b", "it/c")
    editor.retire([("rule", "b")])
    editor.retire_category("it/b", "it/a")
    (last,) = [each for _, each in store.categories(4) if each.path == "it/b"]
    assert (last.status, last.redirect) == ("retired", "it/a")


def test_a_name_that_is_not_there_comes_with_the_one_that_is_meant(store: Store) -> None:
    editor = Editor(store, ANN)
    editor.add(
        'rule "java developers": when "java" then add category "it/java";\nlist "cooks": "cook";\n'
    )
    editor.add_category("it/kotlin")
    for failing, told in (
        (lambda: editor.find("rule", "java developer"), 'did you mean "java developers"?'),
        (lambda: editor.find("rule", "cooks"), "there is a list of this name: add --list"),
        (lambda: editor.find("list", "java developers"), "leave out --list"),
        (lambda: editor.find("rule", "zzz"), "what there is: jobsieve rules list"),
        (lambda: editor.retire_category("it/kotln"), 'did you mean "it/kotlin"?'),
        (lambda: editor.add_category("it/kotlin"), "there is a category it/kotlin already"),
        (
            lambda: editor.edit("rule", "a", rule("a"), revision=7),
            'rule "a" has no revision 7: it stands',
        ),
    ):
        with pytest.raises(StoreError) as raised:
            failing()
        assert told in str(raised.value)
        assert not isinstance(raised.value, StaleBase)
