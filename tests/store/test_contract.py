"""What every database must do alike, seen through `Store` alone."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobsieve.errors import StaleBase, StoreError
from jobsieve.store import Committed, Difference, Kind, ObjectText, Store, open_store

# The store of a test is shared by hypothesis' examples on purpose: versions pile up in it.
SHARED_STORE = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def rule(name: str, source: str = "text", file: str = "a.rules") -> ObjectText:
    return ObjectText("rule", name, source, file)


def put(store: Store, objects: Iterable[ObjectText], *, publish: bool = True) -> Committed:
    return store.commit(objects, base_version=store.head(), author="ann", note="", publish=publish)


def texts(objects: Iterable[ObjectText]) -> list[ObjectText]:
    return [ObjectText(item.kind, item.name, item.source, item.file) for item in objects]


def by_file(objects: Iterable[ObjectText]) -> list[ObjectText]:
    """The order in which the store gives back what was committed."""
    return sorted(objects, key=lambda item: item.file)


hostile = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.sampled_from(
        [
            "'; drop table objects; --",
            "100% _like_ \\",
            ":name %(name)s {name} ?",
            "a\r\nb\rc\n",
            "\r\n",
            " ",
            "trailing ",
            "\ufeffbom",
            "👩‍💻 \U0010ffff",
            "e\u0301 é",
            "NULL",
            "0012",
        ]
    ),
)
contents = st.lists(
    st.builds(
        ObjectText,
        kind=st.sampled_from(("rule", "list")),
        name=hostile.filter(bool),
        source=hostile,
        file=st.sampled_from(("a.rules", "B.rules", "it/ü 'x'.rules")),
    ),
    max_size=12,
    unique_by=lambda item: (item.kind, item.name),
)


@SHARED_STORE
@given(objects=contents)
def test_gives_back_every_name_and_text_as_committed(
    store: Store, objects: list[ObjectText]
) -> None:
    committed = put(store, objects)

    assert texts(store.read(committed.version)) == by_file(objects)


@settings(SHARED_STORE, max_examples=5)
@given(steps=st.lists(contents, min_size=2, max_size=3))
def test_every_version_stays_as_it_was_and_changes_lead_from_any_to_any_other(
    store: Store, steps: list[list[ObjectText]]
) -> None:
    made = {put(store, objects).version: objects for objects in steps}

    found = {version: store.read(version) for version in made}
    for old, before in found.items():
        assert texts(before) == by_file(made[old])
        for new, after in found.items():
            changes = store.changes(old, new)
            assert set(changes.opened) == set(after) - set(before)
            assert set(changes.closed) == set(before) - set(after)


def test_names_that_a_collation_takes_for_equal_are_different_objects(store: Store) -> None:
    names = ["Cafe", "cafe", "café", "cafe\u0301", "cafe ", " cafe", "ｃafe", "straße", "strasse"]

    committed = put(store, [rule(name, source=name) for name in names])

    assert len(committed.added) == len(names)
    assert [item.source for item in store.read(committed.version)] == names


def test_a_list_may_have_the_name_of_a_rule(store: Store) -> None:
    put(store, [rule("same", "r1"), ObjectText("list", "same", "l1", "a.rules")])
    put(store, [rule("same", "r2"), ObjectText("list", "same", "l1", "a.rules")])

    assert [item.source for item in store.history("rule", "same")] == ["r1", "r2"]
    assert [item.source for item in store.history("list", "same")] == ["l1"]


@pytest.mark.parametrize(
    ("objects", "complaint"),
    [
        ([rule("a\0b")], "NUL"),
        ([rule("a", source="x\0")], "NUL"),
        ([rule("a", source="\ud800")], "surrogate"),
        ([rule("")], "no name"),
        ([rule("a" * 201)], "at most 200"),
        ([rule("a"), rule("a", file="b.rules")], "twice, in 'a.rules' and in 'b.rules'"),
        ([rule("a", file="")], "relative path"),
        ([rule("a", file="/etc/passwd")], "relative path"),
        ([rule("a", file="x/../../y.rules")], "relative path"),
        ([rule("a", file="..\\y.rules")], "relative path"),
        ([rule("a", file="C:\\y.rules")], "relative path"),
        ([rule("a", file="x//y.rules")], "relative path"),
        ([ObjectText("rules", "a", "", "a.rules")], "no kind of object"),  # type: ignore[arg-type]
    ],
)
def test_refuses_what_no_database_could_give_back(
    store: Store, objects: list[ObjectText], complaint: str
) -> None:
    with pytest.raises(StoreError, match=complaint):
        put(store, [rule("fine", file="z.rules"), *objects])

    assert store.versions() == ()


def test_an_empty_store_has_nothing_live_and_no_version(store: Store) -> None:
    assert store.live() is None
    assert store.head() is None
    assert store.publications() == ()
    assert store.history("rule", "a") == ()
    with pytest.raises(StoreError, match="no version 1: the store has none yet"):
        store.read(1)


@pytest.mark.parametrize("version", [0, -1, 2, 2**70])
def test_names_the_newest_version_where_one_does_not_exist(store: Store, version: int) -> None:
    put(store, [rule("a")])

    for use in (
        lambda: store.read(version),
        lambda: store.changes(1, version),
        lambda: store.publish(version, "ann"),
        lambda: store.rollback(version, "ann"),
    ):
        with pytest.raises(StoreError, match=f"no version {version}: the newest is 1"):
            use()


def test_reports_what_a_commit_did_and_keeps_earlier_versions(store: Store) -> None:
    first = [rule("stays"), rule("edited"), rule("goes"), rule("leaves")]
    second = [rule("new"), rule("stays"), rule("edited", "other"), rule("leaves", file="b.rules")]
    put(store, first)

    foreseen = store.compare(second, base_version=1)
    committed = put(store, second)

    assert foreseen == Difference(
        committed.added, committed.changed, committed.removed, committed.unchanged
    )
    assert committed.version == 2
    assert committed.added == (("rule", "new"),)
    assert committed.changed == (("rule", "edited"), ("rule", "leaves"))
    assert committed.removed == (("rule", "goes"),)
    assert committed.unchanged == (("rule", "stays"),)
    assert texts(store.read(1)) == first
    assert texts(store.read(2)) == second
    assert [version.rule_count for version in store.versions()] == [4, 4]
    assert [version.base_version for version in store.versions()] == [None, 1]


def test_a_version_costs_rows_only_for_what_changed(store: Store) -> None:
    objects = [rule(f"rule {number}") for number in range(500)]
    put(store, objects)

    put(store, [rule("on top"), *objects[:250], rule("in the middle"), *objects[250:-1]])

    changes = store.changes(1, 2)
    assert [item.name for item in changes.opened] == ["on top", "in the middle"]
    assert [item.name for item in changes.closed] == ["rule 499"]


def test_two_objects_that_swap_are_one_change(store: Store) -> None:
    put(store, [rule("a"), rule("b"), rule("c")])

    committed = put(store, [rule("b"), rule("a"), rule("c")])

    assert len(committed.changed) == 1
    assert [item.name for item in store.read(2)] == ["b", "a", "c"]


def test_revisions_are_appended_only_for_other_texts(store: Store) -> None:
    put(store, [rule("a", "one"), rule("b", "b")])
    put(store, [rule("b", "b"), rule("a", "two", file="elsewhere.rules")])
    put(store, [rule("b", "b"), rule("a", "two", file="a.rules")])
    put(store, [rule("b", "b")])
    put(store, [rule("b", "b"), rule("a", "two")])

    assert [(item.number, item.source) for item in store.history("rule", "a")] == [
        (1, "one"),
        (2, "two"),
        (3, "two"),
    ]
    assert [item.number for item in store.history("rule", "b")] == [1]
    assert {item.object_id for item in (*store.read(1), *store.read(5)) if item.name == "a"} == {
        next(item.object_id for item in store.read(1) if item.name == "a")
    }


def test_records_who_did_what_and_why(store: Store) -> None:
    store.commit([rule("a")], base_version=None, author="ann", note="first 🙂", publish=False)
    store.publish(1, "ben", "looks good")

    version, publication, revision = (
        store.versions()[0],
        store.publications()[0],
        store.history("rule", "a")[0],
    )
    assert (version.author, version.note) == ("ann", "first 🙂")
    assert (publication.author, publication.note) == ("ben", "looks good")
    assert (revision.author, revision.note) == ("ann", "first 🙂")
    assert revision.created_at == version.created_at <= publication.created_at
    # Milliseconds, not seconds: after 2020 and before 2200.
    assert 1_577_836_800_000 < version.created_at < 7_258_118_400_000


def test_identical_content_makes_no_version(store: Store) -> None:
    draft = put(store, [rule("a"), rule("b")], publish=False)

    again = put(store, [rule("a"), rule("b")], publish=True)
    and_again = put(store, [rule("a"), rule("b")], publish=True)

    assert draft.publication is None
    assert again.version == and_again.version == 1
    assert again.unchanged == (("rule", "a"), ("rule", "b"))
    assert again.publication is not None
    assert and_again.publication is None
    assert store.publications() == (again.publication,)


def test_a_draft_is_not_live_until_it_is_published(store: Store) -> None:
    put(store, [rule("a")])
    put(store, [rule("a", "two")], publish=False)

    live = store.live()
    assert live is not None
    assert live.version == 1
    assert store.head() == 2

    published = store.publish(2, "ann")

    assert store.live() == published
    assert (published.version, published.kind) == (2, "publish")
    assert store.publish(2, "ann") == published


def test_a_stale_base_is_told_and_nothing_is_written(store: Store) -> None:
    put(store, [rule("a")])
    put(store, [rule("a", "ben's")])

    with pytest.raises(StaleBase, match=r"you started from version 1.*version 2.*by ann"):
        store.commit([rule("a", "mine")], base_version=1, author="cid", publish=True)
    with pytest.raises(StaleBase, match="you started from an empty store"):
        store.commit([rule("a", "mine")], base_version=None, author="cid", publish=True)
    with pytest.raises(StaleBase):
        store.compare([rule("a", "mine")], base_version=1)

    assert len(store.versions()) == 2
    assert [item.source for item in store.history("rule", "a")] == ["text", "ben's"]


def test_after_a_rollback_an_edit_starts_from_what_is_live(store: Store) -> None:
    put(store, [rule("a", "good"), rule("b")])
    put(store, [rule("a", "bad"), rule("b")])

    rolled_back = store.rollback(1, "ann", "complaints")

    assert (rolled_back.version, rolled_back.kind) == (1, "rollback")
    assert store.live() == rolled_back
    assert store.head() == 1
    with pytest.raises(StaleBase):
        store.commit([rule("a", "worse"), rule("b")], base_version=2, author="ben", publish=True)

    committed = put(store, [rule("a", "good"), rule("b", "edited")])

    assert (committed.version, committed.changed) == (3, (("rule", "b"),))
    assert store.versions()[-1].base_version == 1
    assert store.head() == 3
    assert [item.source for item in store.read(3)] == ["good", "edited"]
    # The good text returns as the revision that it was.
    assert [item.source for item in store.history("rule", "a")] == ["good", "bad"]
    assert [item.name for item in store.changes(1, 3).opened] == ["b"]


def test_what_was_withdrawn_can_be_published_again(store: Store) -> None:
    for text in ("one", "two", "three"):
        put(store, [rule("a", text)])
    store.rollback(1, "ann")

    store.publish(2, "ann")

    assert [item.version for item in store.publications()] == [1, 2, 3, 1, 2]
    # Version 3 is the newest again: the rollback is over.
    assert store.head() == 3


def test_publish_goes_forward_and_rollback_back(store: Store) -> None:
    put(store, [rule("a")], publish=False)
    with pytest.raises(StoreError, match="nothing is live; publish it instead"):
        store.rollback(1, "ann")
    put(store, [rule("a", "two")])

    with pytest.raises(StoreError, match="older than the live version 2; roll back to it instead"):
        store.publish(1, "ann")
    store.rollback(1, "ann")
    with pytest.raises(StoreError, match="version 1 is live; publish it instead"):
        store.rollback(2, "ann")


def test_all_rules_may_be_removed(store: Store) -> None:
    put(store, [rule("a")])

    committed = put(store, [])

    assert committed.removed == (("rule", "a"),)
    assert store.read(committed.version) == []


def test_threads_that_write_lose_no_acknowledged_edit(store: Store) -> None:
    edits = 8

    def edit(writer: int) -> None:
        for number in range(edits):
            _add(store, f"writer {writer} edit {number}")

    threads = [threading.Thread(target=edit, args=(writer,)) for writer in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    _assert_each_edit_made_one_version(store, 3 * edits)


WRITER = """
import sys
from jobsieve.errors import StaleBase
from jobsieve.store import ObjectText, open_store

url, writer, edits = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open_store(url) as store:
    for number in range(edits):
        while True:
            base = store.head()
            objects = [] if base is None else store.read(base)
            name = f"writer {writer} edit {number}"
            objects.append(ObjectText("rule", name, name, "a.rules"))
            try:
                store.commit(objects, base_version=base, author=writer, publish=True)
            except StaleBase:
                continue
            break
"""


def test_processes_that_create_the_store_and_write_lose_no_acknowledged_edit(new_url: str) -> None:
    edits = 10
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, new_url, str(writer), str(edits)])
        for writer in range(2)
    ]

    assert [process.wait() for process in processes] == [0, 0]
    with open_store(new_url, create=False) as store:
        _assert_each_edit_made_one_version(store, 2 * edits)


def test_a_closed_store_refuses_further_use(store: Store) -> None:
    store.close()

    with pytest.raises(StoreError, match="the store was closed"):
        store.live()


def _add(store: Store, name: str) -> None:
    while True:
        base = store.head()
        objects: Sequence[ObjectText] = [] if base is None else store.read(base)
        try:
            store.commit([*objects, rule(name)], base_version=base, author="t", publish=True)
        except StaleBase:
            continue
        return


def _assert_each_edit_made_one_version(store: Store, edits: int) -> None:
    assert [version.id for version in store.versions()] == list(range(1, edits + 1))
    assert [version.rule_count for version in store.versions()] == list(range(1, edits + 1))
    assert len(store.read(edits)) == edits
    assert [item.version for item in store.publications()] == list(range(1, edits + 1))


def test_records_are_immutable(store: Store) -> None:
    put(store, [rule("a")])
    kind: Kind = "list"

    with pytest.raises(dataclasses.FrozenInstanceError):
        store.read(1)[0].kind = kind  # type: ignore[misc]
