from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobsieve.errors import RuleError, StaleBase, StoreError
from jobsieve.publishing import ImportReport, export_files, import_files
from jobsieve.store import ObjectText, Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "rules.db") as opened:
        yield opened


def rule(name: str, word: str = "python") -> str:
    return f'rule "{name}": when "{word}" then add category "it/{name}";\n'


put = functools.partial(import_files, author="ann")


NEVER_TIDIED = (
    "\ufeff# Head of the file\r\n\r\n"
    '  # about ünits\nrule "a" :\n\twhen  "python"  then add category "it/a"  ;  # same line\r\n'
    '# about the list\n\n\nlist "words": "x",\r"y";;list "more": “z”;\n'.replace(";;", ";")
    + "# the end, without a line break"
)


def test_a_file_comes_out_as_it_went_in(store: Store) -> None:
    report = put(store, {"it/a.rules": NEVER_TIDIED})

    assert report == ImportReport(
        added=('list "more"', 'list "words"', 'rule "a"'),
        changed=(),
        removed=(),
        unchanged=0,
        version=1,
        published=True,
    )
    assert export_files(store) == {"it/a.rules": NEVER_TIDIED}


gaps = st.sampled_from(
    ["", " ", "\n", "\r\n", "\n\n\t", "# ünused; rule\n", "#\r\n# two\n", "  # x\n"]
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    names=st.lists(st.sampled_from("abcdefg"), min_size=1, unique=True),
    between=st.lists(gaps, min_size=8, max_size=8),
    gone=st.sets(st.integers(0, 6)),
)
def test_what_is_removed_leaves_the_rest_verbatim(
    store: Store, names: list[str], between: list[str], gone: set[int]
) -> None:
    parts = [gap + rule(name) for gap, name in zip(between, names, strict=False)]
    put(store, {"a.rules": "".join(parts)}, replace=True)
    assert export_files(store) == {"a.rules": "".join(parts)}

    left = [part for index, part in enumerate(parts) if index not in gone]
    put(store, {"a.rules": "".join(left)}, withdraw=True)

    assert export_files(store) == ({"a.rules": "".join(left)} if left else {})


def test_named_files_are_mirrored_and_others_stay(store: Store) -> None:
    put(store, {"a.rules": rule("a1") + rule("a2"), "b.rules": rule("b")})

    report = put(store, {"a.rules": rule("a0") + rule("a2", "django")})

    assert (report.added, report.changed, report.removed, report.unchanged) == (
        ('rule "a0"',),
        ('rule "a2"',),
        ('rule "a1"',),
        1,
    )
    assert export_files(store) == {
        "a.rules": rule("a0") + rule("a2", "django"),
        "b.rules": rule("b"),
    }
    assert export_files(store, 1)["a.rules"] == rule("a1") + rule("a2")


def test_replace_leaves_these_files_alone(store: Store) -> None:
    put(store, {"a.rules": rule("a"), "b.rules": rule("b")})

    report = put(store, {"c.rules": rule("c")}, replace=True)

    assert report.removed == ('rule "a"', 'rule "b"')
    assert export_files(store) == {"c.rules": rule("c")}


def test_an_object_that_stood_in_another_file_moves(store: Store) -> None:
    put(store, {"a.rules": rule("a") + rule("b") + rule("c")})

    report = put(store, {"b.rules": rule("b")})

    assert report.changed == ('rule "b"',)
    assert report.removed == ()
    assert export_files(store) == {"a.rules": rule("a") + rule("c"), "b.rules": rule("b")}
    assert [revision.number for revision in store.history("rule", "b")] == [1]


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "# nothing yet\n", rule("other")])
def test_all_rules_of_a_file_leave_only_on_demand(store: Store, text: str) -> None:
    put(store, {"a.rules": rule("a"), "b.rules": rule("b")})

    with pytest.raises(StoreError, match=r'all rules of a\.rules .*"a".*--withdraw'):
        put(store, {"a.rules": text})
    assert len(store.versions()) == 1

    report = put(store, {"a.rules": text}, withdraw=True)
    assert report.removed == ('rule "a"',)
    assert set(export_files(store)) == {"b.rules"} | ({"a.rules"} if "rule" in text else set())


def test_a_file_whose_rules_moved_may_get_others(store: Store) -> None:
    put(store, {"a.rules": rule("a"), "b.rules": rule("b")})

    put(store, {"a.rules": rule("new"), "b.rules": rule("a") + rule("b")})

    assert export_files(store) == {"a.rules": rule("new"), "b.rules": rule("a") + rule("b")}


@pytest.mark.parametrize("files", [{"a.rules": "# none\n"}, {"l.rules": 'list "l": "x";\n'}])
def test_no_import_leaves_a_store_without_rules_by_accident(
    store: Store, files: dict[str, str]
) -> None:
    put(store, {"a.rules": rule("a"), "b.rules": rule("b")})

    with pytest.raises(StoreError, match="no rules after this import; .*--withdraw"):
        put(store, files, replace=True)

    assert put(store, files, replace=True, withdraw=True).removed == ('rule "a"', 'rule "b"')


def test_a_file_without_a_rule_is_left_out(store: Store) -> None:
    files = {"a.rules": rule("a"), "todo.rules": "# nothing yet\n", "empty.rules": ""}

    assert put(store, files).left_out == ("todo.rules", "empty.rules")

    assert list(export_files(store)) == ["a.rules"]
    with pytest.raises(StoreError, match="no rules after this import"):
        put(store, {"todo.rules": "# nothing yet\n"}, replace=True)


TWO = {"it/general.rules": rule("it") + rule("it 2"), "sales/general.rules": rule("sales")}


def test_a_file_given_alone_takes_the_place_of_the_one_that_holds_its_rules(store: Store) -> None:
    put(store, TWO)
    edited = rule("it", "java") + rule("it 2") + rule("it 3")

    report = put(store, {"general.rules": edited}, alone=["general.rules"])

    assert report.placed == (("general.rules", "it/general.rules"),)
    assert (report.added, report.changed) == (('rule "it 3"',), ('rule "it"',))
    assert export_files(store) == {**TWO, "it/general.rules": edited}


@pytest.mark.parametrize("text", [rule("new"), rule("it") + rule("sales")])
def test_a_file_given_alone_whose_place_is_not_clear_is_refused(store: Store, text: str) -> None:
    put(store, TWO)

    with pytest.raises(StoreError, match=r"it/general\.rules, sales/general\.rules.* --as NAME"):
        put(store, {"general.rules": text}, alone=["general.rules"])

    assert export_files(store) == TWO
    # Under a name that nothing has yet it takes nothing's place.
    put(store, {"new.rules": rule("new")}, alone=["new.rules"])
    assert export_files(store) == {**TWO, "new.rules": rule("new")}


def test_one_folder_does_not_take_the_place_of_another(store: Store) -> None:
    put(store, {"general.rules": rule("it")})

    with pytest.raises(StoreError, match=r"all rules of general\.rules"):
        put(store, {"general.rules": rule("sales")})


def test_warnings_of_the_imported_files_are_told(store: Store) -> None:
    warned = 'rule "w": when "a" or "b" and "c" then add category "w";\n'
    assert [each.file for each in put(store, {"w.rules": warned}).warnings] == ["w.rules"]
    assert put(store, {"a.rules": rule("a")}).warnings == ()


def test_nothing_is_written_where_any_file_has_an_error(store: Store) -> None:
    put(store, {"a.rules": rule("a")})

    with pytest.raises(RuleError) as raised:
        put(store, {"b.rules": rule("b"), "c.rules": 'rule "c": when then;', "d.rules": "nonsense"})

    assert {found.file for found in raised.value.diagnostics} == {"c.rules", "d.rules"}
    assert len(store.versions()) == 1


def test_the_imported_files_must_compile_with_those_that_stay(store: Store) -> None:
    put(store, {"lists.rules": 'list "words": "x";\n', "a.rules": rule("a")})
    put(store, {"uses.rules": 'rule "u": when list "words" then add category "c";\n'})

    with pytest.raises(RuleError) as raised:
        put(store, {"lists.rules": 'list "other": "x";\n'})

    assert [found.file for found in raised.value.diagnostics] == ["uses.rules"]
    assert "lists.rules" in export_files(store)


def test_one_name_in_two_imported_files_is_an_error(store: Store) -> None:
    with pytest.raises(RuleError) as raised:
        put(store, {"a.rules": rule("same"), "b.rules": rule("same")})

    (found,) = raised.value.diagnostics
    assert found.related is not None
    assert {found.file, found.related.place.file} == {"a.rules", "b.rules"}


def test_a_draft_is_not_published(store: Store) -> None:
    put(store, {"a.rules": rule("a")})

    report = put(store, {"a.rules": rule("a", "django")}, draft=True)

    assert (report.version, report.published) == (2, False)
    assert export_files(store) == {"a.rules": rule("a")}
    assert report.draft is None
    # The same files again, this time for good.
    report = put(store, {"a.rules": rule("a", "django")})
    assert (report.version, report.published, report.unchanged) == (2, True, 1)
    assert report.draft == 2
    # A draft of what is live already is live.
    report = put(store, {"a.rules": rule("a", "django")}, draft=True)
    assert (report.published, report.draft) == (True, None)


def test_an_import_over_a_draft_publishes_it_and_says_so(store: Store) -> None:
    put(store, {"a.rules": rule("a")})
    put(store, {"b.rules": rule("draft")}, draft=True)

    assert put(store, {"c.rules": rule("c")}, dry_run=True).draft == 2
    assert put(store, {"c.rules": rule("c")}).draft == 2

    assert list(export_files(store)) == ["a.rules", "b.rules", "c.rules"]
    assert put(store, {"d.rules": rule("d")}).draft is None


def test_a_dry_run_tells_and_writes_nothing(store: Store) -> None:
    first = put(store, {"a.rules": rule("a")}, dry_run=True)
    assert (first.added, first.version, first.published) == (('rule "a"',), None, False)
    assert store.head() is None
    put(store, {"a.rules": rule("a")})

    report = put(store, {"a.rules": rule("b")}, dry_run=True, withdraw=True)

    assert (report.added, report.removed, report.version) == (('rule "b"',), ('rule "a"',), 1)
    assert len(store.versions()) == 1
    with pytest.raises(RuleError):
        put(store, {"a.rules": "nonsense"}, dry_run=True)


class Overtaken(Store):
    """A store into which somebody else commits between an import's reading and its writing."""

    def __init__(self, path: Path, overtake: Callable[[Store, int], bool]) -> None:
        self._inner = open_store(path)
        super().__init__(self._inner._database)
        self._overtake = overtake
        self.reads = 0

    def head(self) -> int | None:
        base = self._inner.head()
        self.reads += 1
        if self._overtake(self._inner, self.reads):
            objects = self._inner.read(base) if base is not None else []
            other = ObjectText("rule", "other", rule("other", f"w{self.reads}"), "other.rules")
            self._inner.commit(
                [*(item for item in objects if item.file != "other.rules"), other],
                base_version=base,
                author="ben",
                publish=True,
            )
        return base


def test_who_is_overtaken_lays_the_files_over_the_new_state(tmp_path: Path) -> None:
    store = Overtaken(tmp_path / "rules.db", lambda _, reads: reads == 1)

    report = put(store, {"a.rules": rule("a")})

    assert report.version == 2
    assert export_files(store) == {"a.rules": rule("a"), "other.rules": rule("other", "w1")}


def test_who_is_overtaken_again_and_again_gives_up(tmp_path: Path) -> None:
    store = Overtaken(tmp_path / "rules.db", lambda _, reads: True)

    with pytest.raises(StaleBase, match="by ben"):
        put(store, {"a.rules": rule("a")})

    assert store.reads == 5
    assert list(export_files(store)) == ["other.rules"]


def test_after_a_rollback_an_import_does_not_bring_the_withdrawn_rules_back(store: Store) -> None:
    put(store, {"a.rules": rule("a")})
    put(store, {"a.rules": rule("a", "wrong")})
    store.rollback(1, "ann")

    put(store, {"b.rules": rule("b")})

    assert export_files(store) == {"a.rules": rule("a"), "b.rules": rule("b")}


def test_export_needs_something_published(store: Store) -> None:
    put(store, {"a.rules": rule("a")}, draft=True)

    with pytest.raises(StoreError, match="holds no published rules; put some in"):
        export_files(store)
    assert export_files(store, 1) == {"a.rules": rule("a")}
