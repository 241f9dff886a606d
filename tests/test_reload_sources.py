"""Where rules come from: what of a store is fetched, when a folder counts, what is set aside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobsieve import snapshot
from jobsieve.errors import FileError, RuleError, StoreError, TaxonomyError
from jobsieve.reloader import Edition, FilesRead, FolderSource, StoreSource, aside
from jobsieve.store import (
    Category,
    Changes,
    Cutoff,
    Fetched,
    ObjectText,
    Publication,
    Store,
    open_store,
)


def rule(name: str, text: str = "x", file: str = "a.rules") -> ObjectText:
    return ObjectText("rule", name, f'rule "{name}": when "{text}" then add category "c";\n', file)


class Watched(Store):
    """A store that says what was fetched from it."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner._database)
        self.fetched: list[Fetched] = []

    def fetch(self, known: Publication | None) -> Fetched:
        self.fetched.append(super().fetch(known))
        return self.fetched[-1]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Watched]:
    with open_store(tmp_path / "rules.db") as opened:
        yield Watched(opened)


def put(store: Store, *objects: ObjectText) -> None:
    store.commit(objects, base_version=store.head(), author="ann", publish=True)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.lists(
            st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy"), st.sampled_from("pq")),
            unique_by=lambda item: item[0],
        ),
        min_size=2,
        max_size=6,
    ),
    back=st.integers(1, 3),
)
def test_what_is_fetched_step_by_step_is_what_is_there(
    store: Watched, steps: list[list[tuple[str, str, str]]], back: int
) -> None:
    source = StoreSource(lambda _: store, "s")
    known = None
    for number, step in enumerate(steps):
        put(store, *(rule(name, text, f"{file}.rules") for name, text, file in step))
        live = store.live()
        assert live is not None
        if number % 3 == 2 and live.version > back:
            store.rollback(live.version - back, "ann")
        known = source.look(known)
        live = store.live()
        assert known is not None
        assert live is not None
        assert known.publication == live
        assert list(known.objects) == store.read(live.version)


def test_only_what_changed_is_fetched(store: Watched) -> None:
    rules = [rule(f"{number}") for number in range(50)]
    source = StoreSource(lambda _: store, "s")
    put(store, *rules)
    first = source.look(None)
    put(store, *rules[:-1], rule("49", "changed"))

    assert source.look(first) is not first
    changes = store.fetched[-1].changes
    assert changes is not None
    assert [item.name for item in (*changes.opened, *changes.closed)] == ["49", "49"]
    again = source.look(first)
    assert again is not None
    assert source.look(again) is again


def test_examples_are_not_fetched(store: Watched) -> None:
    put(store, rule("a"), ObjectText("examples", "a.examples.jsonl", "{}\n", "a.examples.jsonl"))

    edition = StoreSource(lambda _: store, "s").look(None)

    assert edition is not None
    assert [item.kind for item in edition.objects] == ["rule"]


def test_categories_are_fetched_with_what_changes_them(store: Watched) -> None:
    rows = [
        ObjectText(
            "category",
            name,
            f"{name}\n",
            "taxonomy.csv",
            category=Category(name, name, "active", None),
        )
        for name in ("a", "b")
    ]
    head = replace(rows[0], source="path\na\n")
    put(store, rule("r"), head)
    source = StoreSource(lambda _: store, "s")
    first = source.look(None)
    put(store, rule("r"), head, rows[1])
    second = source.look(first)
    assert first is not None
    assert second is not None
    assert dict(first.sources())["taxonomy.csv"] == "path\na\n"
    assert dict(second.sources())["taxonomy.csv"] == "path\na\nb\n"


def test_what_is_known_of_another_store_is_not_built_upon(store: Watched, tmp_path: Path) -> None:
    """The store was restored from a backup, say, and went another way from there."""
    put(store, rule("a"))
    put(store, rule("a"), rule("b"))
    known = StoreSource(lambda _: store, "s").look(None)
    with open_store(tmp_path / "other.db") as opened:
        other = Watched(opened)
        for name in ("x", "y", "z"):
            put(other, rule(name))

        edition = StoreSource(lambda _: other, "s").look(known)

    assert edition is not None
    assert [item.name for item in edition.objects] == ["z"]


class Lossy(Watched):
    """A store that loses changes, and then whole rules."""

    miscounts = False

    def fetch(self, known: Publication | None) -> Fetched:
        found = super().fetch(known)
        if self.miscounts:
            return Fetched(found.live, 9, objects=[])
        if found.changes is not None:
            return Fetched(found.live, found.rule_count, changes=Changes((), ()))
        return found


def test_an_edition_that_does_not_add_up_is_fetched_anew(store: Watched) -> None:
    put(store, rule("a"))
    lossy = Lossy(store)
    source = StoreSource(lambda _: lossy, "s")
    known = source.look(None)
    put(store, rule("a"), rule("b"))

    edition = source.look(known)

    assert edition is not None
    assert len(edition.objects) == 2
    put(store)
    lossy.miscounts = True
    with pytest.raises(StoreError, match="holds 9 rules in version 3 by its own account"):
        source.look(edition)


def test_after_an_error_the_store_is_opened_anew(store: Watched, tmp_path: Path) -> None:
    put(store, rule("a"))
    opened: list[Cutoff] = []

    def open_(cutoff: Cutoff) -> Store:
        opened.append(cutoff)
        return open_store(tmp_path / "rules.db")

    source = StoreSource(open_, "s")
    known = source.look(None)
    source.look(known)
    source.cut()
    assert opened[0].happened
    assert source.look(known) is known
    assert len(opened) == 2
    assert not opened[1].happened


# --- A folder of files.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "rules"
    path.mkdir()
    write(path / "a.rules", rule("a").source)
    return path


def write(file: Path, text: str) -> None:
    """Another content with another time, however coarse the clock of the file system."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text, encoding="utf-8")
    later = max(file.stat().st_mtime_ns, before + 1_000_000)
    os.utime(file, ns=(later, later))


def names(edition: Edition | None) -> list[str]:
    assert edition is not None
    return [item.name for item in edition.objects]


def test_files_are_read_when_they_change_and_rest(folder: Path) -> None:
    source = FolderSource([folder])
    first = source.look(None)
    assert names(first) == ["a"]
    assert source.look(first) is first

    write(folder / "b.rules", rule("b").source)
    # It may be half written.
    assert source.look(first) is first
    write(folder / "b.rules", rule("b").source + rule("c").source)
    assert source.look(first) is first
    second = source.look(first)
    assert names(second) == ["a", "b", "c"]
    assert source.look(second) is second

    (folder / "b.rules").unlink()
    source.look(second)
    assert names(source.look(second)) == ["a"]


def test_files_that_were_only_touched_are_the_same(folder: Path) -> None:
    source = FolderSource([folder])
    first = source.look(None)
    write(folder / "a.rules", rule("a").source)
    source.look(first)

    assert source.look(first) is first
    assert first is not None
    assert isinstance(first.publication, FilesRead)
    assert first.publication.version is None


def test_a_folder_that_is_gone_or_empty_is_an_error(folder: Path) -> None:
    source = FolderSource([folder])
    first = source.look(None)
    (folder / "a.rules").unlink()
    with pytest.raises(FileError, match="holds no"):
        source.look(first)
    folder.rmdir()
    with pytest.raises(FileError, match=r"rules"):
        source.look(first)


def test_a_file_that_does_not_parse_is_left_to_the_compiler(folder: Path) -> None:
    write(folder / "b.rules", "nonsense")
    edition = FolderSource([folder]).look(None)
    assert edition is not None
    assert dict(edition.sources())["b.rules"] == "nonsense"


def test_the_taxonomy_of_a_folder_is_watched_too(folder: Path) -> None:
    source = FolderSource([folder])
    first = source.look(None)
    write(folder / "taxonomy.csv", "path\nx\n")
    source.look(first)
    second = source.look(first)
    assert second is not None
    with pytest.raises(RuleError, match=r"a\.rules:1:\d+: error JS059"):
        snapshot.build(second.sources())
    write(folder / "taxonomy.csv", "path\nc\n")
    source.look(second)
    third = source.look(second)
    assert third is not None
    snapshot.build(third.sources())


# --- Rules that are set aside.


def reduced(*objects: ObjectText) -> aside.Reduced:
    ordered = sorted(objects, key=lambda item: item.file)
    return aside.build(Edition.of(FilesRead("", 0), ordered), snapshot.build)


def text(kind: str, name: str, source: str, file: str = "a.rules") -> ObjectText:
    return ObjectText("list" if kind == "list" else "rule", name, source, file)


def test_rules_with_errors_and_those_that_need_them_are_set_aside() -> None:
    found = reduced(
        rule("good"),
        text("rule", "bad", 'rule "bad": when ("x" then add category "c";\n'),
        rule("after", file="a.rules"),
        text("list", "words", 'list "words": ;\n', "l.rules"),
        text("rule", "uses", 'rule "uses": when list "words" then add category "c";\n', "l.rules"),
        rule("good", "twice", file="z.rules"),
    )

    assert sorted(found.snapshot.ruleset.rule_names) == ["after", "good"]
    assert [(each.kind, each.name, each.file) for each in found.set_aside] == [
        ("rule", "bad", "a.rules"),
        ("list", "words", "l.rules"),
        ("rule", "good", "z.rules"),
        ("rule", "uses", "l.rules"),
    ]
    assert all(each.diagnostics for each in found.set_aside)


def test_rules_that_name_an_unlisted_category_are_set_aside() -> None:
    other = text("rule", "other", 'rule "other": when "x" then add category "d";\n')
    rows = [ObjectText("category", "c", row, "taxonomy.csv") for row in ("path\nc\n", "e\n")]
    found = reduced(rule("good"), other, *rows)
    assert found.snapshot.ruleset.rule_names == ["good"]
    assert [each.name for each in found.set_aside] == ["other"]
    with pytest.raises(TaxonomyError):
        reduced(rule("good"), ObjectText("category", "c", "path\nc\nc\n", "taxonomy.csv"))


def test_where_nothing_is_right_nothing_is_served() -> None:
    with pytest.raises(RuleError):
        reduced(text("rule", "bad", "nonsense"), text("list", "l", 'list "l": "x";\n'))
