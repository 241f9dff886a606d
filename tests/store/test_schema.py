from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from jobsieve.errors import StoreError
from jobsieve.store import ObjectText, open_store, schema, tables


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'rules.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


def scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(schema._config(None))


def test_the_newest_schema_is_the_newest_migration() -> None:
    assert scripts().get_heads() == [schema.NEWEST]


def test_migrations_make_the_tables_that_the_code_uses(connection: Connection) -> None:
    schema.upgrade(connection)

    context = MigrationContext.configure(
        connection, opts={"version_table": schema.VERSION_TABLE, "compare_type": True}
    )
    assert compare_metadata(context, tables.metadata) == []


def test_migrations_go_down_and_up_again(connection: Connection) -> None:
    schema.upgrade(connection)
    assert schema.current(connection) == schema.NEWEST

    schema.downgrade(connection, "base")
    assert inspect(connection).get_table_names() == [schema.VERSION_TABLE]
    assert schema.current(connection) is None

    schema.upgrade(connection)
    assert set(inspect(connection).get_table_names()) == {
        schema.VERSION_TABLE,
        *tables.metadata.tables,
    }


@pytest.mark.parametrize("dialect", ["mysql", "mariadb", "postgresql"])
def test_migrations_can_be_written_for_other_databases(dialect: str) -> None:
    written = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=dialect, opts={"as_sql": True, "output_buffer": written}
    )

    with Operations.context(context):
        for script in reversed(list(scripts().walk_revisions())):
            script.module.upgrade()

    sql = written.getvalue()
    assert sql.count("CREATE TABLE") == len(tables.metadata.tables)
    if dialect != "postgresql":
        assert sql.count("utf8mb4") == len(tables.metadata.tables)
        assert "source MEDIUMTEXT" in sql


def test_a_store_of_a_newer_schema_is_refused(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    open_store(path).close()
    with engine.begin() as connection:
        connection.execute(text(f"update {schema.VERSION_TABLE} set version_num = '9999'"))

    with pytest.raises(StoreError, match=r"rules\.db.*'9999'.*upgrade") as raised:
        open_store(path)

    assert f"knows none above '{schema.NEWEST}'" in str(raised.value)


def test_a_database_of_another_application_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(text("create table moz_cookies (id integer)"))

    with pytest.raises(StoreError, match=r"rules\.db.*other tables \(moz_cookies\)"):
        open_store(tmp_path / "rules.db")

    assert inspect(engine).get_table_names() == ["moz_cookies"]


def test_opening_again_keeps_what_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    with open_store(path) as store:
        store.commit(
            [ObjectText("rule", "a", "text", "a.rules")],
            base_version=None,
            author="ann",
            publish=True,
        )
    with open_store(path, create=False) as store:
        assert [item.source for item in store.read(1)] == ["text"]


OPENER = """
import sys
from jobsieve.store import open_store

sys.stdin.readline()
open_store(sys.argv[1]).close()
"""


def test_processes_may_create_one_store_at_once(tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, str(path)], stdin=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.close()

    assert [process.wait() for process in processes] == [0, 0, 0]
    with open_store(path, create=False) as store:
        assert store.versions() == ()
