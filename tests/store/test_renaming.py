"""What is renamed, or leaves and comes back, stays the same object; categories have lasting ids."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from jobsieve.errors import StoreError
from jobsieve.store import Category, Committed, ObjectText, Store


def rule(name: str, source: str = "text") -> ObjectText:
    return ObjectText("rule", name, source, "a.rules")


def put(store: Store, objects: Iterable[ObjectText]) -> Committed:
    return store.commit(objects, base_version=store.head(), author="ann", publish=True)


def texts(objects: Iterable[ObjectText]) -> list[ObjectText]:
    return [ObjectText(item.kind, item.name, item.source, item.file) for item in objects]


def rename(store: Store, old: str, new: str, objects: Iterable[ObjectText]) -> Committed:
    return store.commit(
        objects,
        base_version=store.head(),
        author="ann",
        publish=True,
        renamed={("rule", new): ("rule", old)},
    )


def ids(store: Store, version: int) -> dict[str, int]:
    return {item.name: item.object_id for item in store.read(version)}


def test_a_renamed_rule_is_the_same_object_with_its_history(store: Store) -> None:
    put(store, [rule("a", "one"), rule("b")])

    done = rename(store, "a", "c", [rule("c", "two"), rule("b")])

    assert (done.added, done.changed, done.removed) == ((), (("rule", "c"),), ())
    assert ids(store, 2) == {"c": ids(store, 1)["a"], "b": ids(store, 1)["b"]}
    revisions = [(item.number, item.name, item.source) for item in store.history("rule", "c")]
    assert revisions == [(1, "a", "one"), (2, "c", "two")]
    assert store.history("rule", "a") == store.history("rule", "c")
    # The earlier version keeps the earlier name.
    assert [item.name for item in store.read(1)] == ["a", "b"]
    assert [item.name for item in store.changes(1, 2).closed] == ["a"]


def test_a_name_that_became_free_is_another_object(store: Store) -> None:
    put(store, [rule("a", "first")])
    rename(store, "a", "b", [rule("b", "first")])
    put(store, [rule("b", "first"), rule("a", "second")])

    assert len(set(ids(store, 3).values())) == 2
    assert [item.source for item in store.history("rule", "a")] == ["second"]
    # Back to where the name was the first one's: nobody is taken for another.
    store.rollback(1, "ann")
    put(store, [rule("a", "third"), rule("b", "new")])
    assert ids(store, 4)["a"] == ids(store, 1)["a"]
    assert len(set(ids(store, 4).values())) == 2
    assert texts(store.read(4)) == [rule("a", "third"), rule("b", "new")]


def test_a_rename_onto_a_name_that_is_taken_is_refused(store: Store) -> None:
    put(store, [rule("a"), rule("b")])

    with pytest.raises(StoreError, match="'a' can't be renamed 'b': there is a rule of that name"):
        rename(store, "a", "b", [rule("b")])
    with pytest.raises(StoreError, match="'x' can't be renamed 'y'"):
        rename(store, "x", "y", [rule("y"), rule("a"), rule("b")])

    assert len(store.versions()) == 1


def category(path: str, name: str, status: str = "active", to: str | None = None) -> ObjectText:
    what = Category(path, name, status, to)
    return ObjectText("category", path, f"{path},{name}\n", "taxonomy.csv", category=what)


def test_a_category_keeps_its_id_through_renaming_and_return(store: Store) -> None:
    put(store, [category("it", "IT"), category("it/java", "Java")])
    store.commit(
        [category("it", "IT"), category("it/jvm", "JVM")],
        base_version=1,
        author="ann",
        publish=True,
        renamed={("category", "it/jvm"): ("category", "it/java")},
    )
    put(store, [category("it", "IT")])
    put(store, [category("it/jvm", "JVM", "retired", "it"), category("it", "IT")])

    first, second, third = (dict(store.categories(version)) for version in (1, 2, 4))
    assert [each.path for each in first.values()] == ["it", "it/java"]
    assert [each.parent for each in first.values()] == [None, "it"]
    assert list(first) == list(second) == list(third)
    assert list(third.values())[1] == Category("it/jvm", "JVM", "retired", "it")
