"""What every test of the store starts from: an empty store of each database that the contract holds for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text, update

from jobsieve.store import Store, open_store, tables
from jobsieve.store.database import Database
from tests.conftest import DatabaseServers

BACKENDS = ("sqlite", "mariadb", "postgresql")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def new_url(backend: str, database_server: DatabaseServers, tmp_path: Path) -> str:
    """A database without a table."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path / 'rules.db'}"
    return database_server(backend).url()


@pytest.fixture(scope="session")
def migrated(database_server: DatabaseServers) -> Callable[[str], str]:
    """The one store of a server that most tests share: making tables takes longer than most of them."""
    made: dict[str, str] = {}

    def url(backend: str) -> str:
        if backend not in made:
            made[backend] = database_server(backend).url()
            open_store(made[backend]).close()
        return made[backend]

    return url


@pytest.fixture
def store_url(backend: str, migrated: Callable[[str], str], tmp_path: Path) -> str:
    """A store without a rule; for SQLite one that is still to be made."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path / 'rules.db'}"
    url = migrated(backend)
    with Database.open(url, create=False).writing("empty the store") as connection:
        _empty(connection)
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with open_store(store_url) as opened:
        yield opened


def _empty(connection: Connection) -> None:
    mysql = connection.dialect.name == "mysql"
    if mysql:
        # Versions refer to versions, and each row is checked by itself.
        connection.execute(text("set foreign_key_checks = 0"))
    for table in reversed(tables.metadata.sorted_tables):
        if table is tables.counters:
            connection.execute(update(table).values(next_id=1))
        else:
            connection.execute(table.delete())
