from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, inspect, text

from jobsieve.errors import StoreError
from jobsieve.store import ObjectText, migrate, open_store, schema, tables
from jobsieve.store.cutoff import Cutoff
from jobsieve.store.database import Database, _backend


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection to a database of any schema."""
    backend = _backend(url, Cutoff())
    backend.check(create=True)
    with backend.engine.connect() as connection:
        yield connection
    backend.engine.dispose()


def numbers() -> list[str]:
    return schema._known()


def test_the_newest_schema_is_the_newest_migration() -> None:
    scripts = ScriptDirectory.from_config(schema._config(None))
    assert scripts.get_heads() == [schema.NEWEST]


def test_migrations_make_the_tables_that_the_code_uses(new_url: str) -> None:
    assert migrate(new_url) == (None, schema.NEWEST)

    with connected(new_url) as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, tables.metadata) == []


def rules(text: str) -> list[ObjectText]:
    return [
        ObjectText("rule", "a", text, "a.rules"),
        ObjectText("rule", "é ✓", "other", "a.rules"),
        ObjectText("list", "a", "words", "b.rules"),
    ]


def test_every_migration_goes_down_and_up_again_with_the_rules(new_url: str) -> None:
    with open_store(new_url) as store:
        store.commit(rules("one"), base_version=None, author="ann", publish=True)
        store.commit(rules("two"), base_version=1, author="ben", publish=True)
        before = store.read(1), store.read(2), store.publications(), store.versions()

    for lower, upper in reversed(list(zip(numbers(), numbers()[1:], strict=False))):
        assert migrate(new_url, lower) == (upper, lower)
    assert migrate(new_url) == (numbers()[0], schema.NEWEST)

    with open_store(new_url) as store:
        assert (store.read(1), store.read(2), store.publications(), store.versions()) == before
        store.commit(rules("three"), base_version=2, author="ann", publish=True)
    assert migrate(new_url, "base") == (schema.NEWEST, None)
    with connected(new_url) as connection:
        assert inspect(connection).get_table_names() == [schema.VERSION_TABLE]
    assert migrate(new_url) == (None, schema.NEWEST)


class Broken(Exception):
    pass


def test_a_migration_that_breaks_off_anywhere_goes_on_the_next_time(
    backend: str, new_url: str
) -> None:
    """Where tables can't be changed in a transaction, the half that is done stays."""

    def run(target: str | None, at: int) -> bool:
        """Migrates until statement number `at` of those that change something."""
        left = at

        def stop(_: object, __: object, statement: str, *rest: object) -> None:
            nonlocal left
            if statement.split(None, 1)[0].upper() in (
                "CREATE",
                "ALTER",
                "DROP",
                "INSERT",
                "UPDATE",
            ):
                if left == 0:
                    raise Broken
                left -= 1

        backend = _backend(new_url, Cutoff())
        backend.check(create=True)
        event.listen(backend.engine, "before_cursor_execute", stop)
        try:
            Database(backend)._migrate(target)
        except Broken:
            return False
        finally:
            backend.engine.dispose()
        return True

    step = 2 if backend == "mariadb" else 9
    for target in (None, "base"):
        statements = 0
        while not run(target, statements):
            # Not each: where everything is taken back, each run begins anew.
            statements += step
        assert statements >= len(tables.metadata.tables)
    with open_store(new_url) as store:
        store.commit(rules("one"), base_version=None, author="ann", publish=True)


def test_a_schema_that_does_not_exist_is_named(new_url: str) -> None:
    migrate(new_url)

    with pytest.raises(StoreError, match="there is no schema '7777'; known are 0001"):
        migrate(new_url, "7777")


def test_a_store_of_a_newer_schema_is_refused(new_url: str) -> None:
    open_store(new_url).close()
    with connected(new_url) as connection:
        connection.execute(text(f"update {schema.VERSION_TABLE} set version_num = '9999'"))
        connection.commit()

    with pytest.raises(StoreError, match=r"'9999'.*upgrade") as raised:
        open_store(new_url)

    assert f"knows none above '{schema.NEWEST}'" in str(raised.value)


def test_a_database_of_another_application_is_left_alone(new_url: str) -> None:
    with connected(new_url) as connection:
        connection.execute(text("create table moz_cookies (id integer)"))
        connection.commit()

    for use in (open_store, migrate):
        with pytest.raises(StoreError, match=r"other tables \(moz_cookies\)"):
            use(new_url)

    with connected(new_url) as connection:
        assert inspect(connection).get_table_names() == ["moz_cookies"]


OPENER = """
import sys
from jobsieve.store import open_store

sys.stdin.readline()
open_store(sys.argv[1]).close()
"""


def test_processes_may_create_one_store_at_once(new_url: str) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", OPENER, new_url], stdin=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.close()

    assert [process.wait() for process in processes] == [0, 0]
    with open_store(new_url, create=False) as store:
        assert store.versions() == ()


def test_a_server_of_an_older_schema_is_migrated_on_demand_only(
    backend: str, new_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(new_url)
    monkeypatch.setattr(schema, "NEWEST", "0999")
    if backend == "sqlite":
        # Opening migrates; here to what does not exist.
        with pytest.raises(StoreError, match="there is no schema '0999'"):
            open_store(new_url)
        return
    with pytest.raises(StoreError, match=r"this Jobsieve needs '0999'.*jobsieve migrate"):
        open_store(new_url)
