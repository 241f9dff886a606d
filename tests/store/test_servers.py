"""What is peculiar to stores on a server: their URLs, their errors, and how long they keep us waiting."""

from __future__ import annotations

import socket
import threading
import traceback
from collections.abc import Callable

import pytest
from sqlalchemy import text

from jobsieve.errors import StoreError, StoreMissing, StoreUnavailable
from jobsieve.store import Cutoff, ObjectText, location, mysql, open_store, postgresql
from jobsieve.store.database import Database
from jobsieve.store.location import ServerLocation
from tests.conftest import DatabaseServers
from tests.database_servers import PASSWORD, QUOTED, DatabaseServer, free_port

NAMES = ("mariadb", "postgresql")


@pytest.fixture(params=NAMES)
def server(request: pytest.FixtureRequest, database_server: DatabaseServers) -> DatabaseServer:
    return database_server(request.param)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://ann:pw@db.example/rules", "mysql://ann@db.example:3306/rules"),
        ("mariadb+pymysql://db.example:3307/rules", "mysql://db.example:3307/rules"),
        ("postgres://ann:p%40w@[::1]:5433/rules", "postgresql://ann@[::1]:5433/rules"),
        ("postgresql:///rules?host=/run/pg", "postgresql://localhost:5432/rules by /run/pg"),
        ("mysql://ann@/rules?unix_socket=/run/m", "mysql://ann@localhost:3306/rules by /run/m"),
    ],
)
def test_a_url_names_a_database_and_is_shown_without_its_password(url: str, shown: str) -> None:
    place = location.read(url)

    assert str(place) == shown
    assert "pw" not in repr(place)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("oracle://ann:s3cret@db.example/rules", "can't be kept in oracle://"),
        ("mysql://ann:s3cret@x:y@db.example:port/rules", "can't be read.*write @ as %40"),
        ("mysql://ann:s3cret@db.example", "must name one host and a database"),
        ("postgresql://ann:s3cret@a,b/rules", "must name one host and a database"),
        ("mysql://ann:s3cret@db/rules?read_timeout=90", "the option 'read_timeout'.*known: unix_s"),
        ("postgresql://ann:s3cret@db/rules?sslmode=a&sslmode=b", "the option 'sslmode'"),
    ],
)
def test_a_url_that_leads_nowhere_is_refused_without_its_password(url: str, complaint: str) -> None:
    with pytest.raises(StoreError, match=complaint) as raised:
        open_store(url)

    assert "s3cret" not in "".join(traceback.format_exception(raised.value))


def test_a_database_without_tables_is_missed_and_left_alone(server: DatabaseServer) -> None:
    url = server.url()

    with pytest.raises(StoreMissing, match=r"the database is empty.*jobsieve rules import PATH"):
        open_store(url, create=False)

    with pytest.raises(StoreMissing):
        open_store(url, create=False)


def wrong_password(url: str) -> str:
    return url.replace(QUOTED, "n0tthis%40")


def wrong_database(url: str) -> str:
    return url.rsplit("/", 1)[0] + "/elsewhere"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (wrong_password, "the server refused user or password"),
        # MariaDB does not tell a user who may not use it whether a database exists.
        (wrong_database, "there is no such database|may not use the database"),
    ],
)
def test_what_is_wrong_with_a_url_is_told_without_its_password(
    server: DatabaseServer, wrong: Callable[[str], str], reason: str
) -> None:
    url = wrong(server.url())

    with pytest.raises(StoreError, match=reason) as raised:
        open_store(url)

    assert str(location.read(url)) in str(raised.value)
    assert not isinstance(raised.value, StoreUnavailable)
    told = "".join(traceback.format_exception(raised.value))
    assert all(secret not in told for secret in (PASSWORD, QUOTED, "n0tthis"))


@pytest.mark.parametrize("name", NAMES)
def test_a_port_where_nobody_listens_is_told(name: str, database_server: DatabaseServers) -> None:
    port = free_port()
    url = database_server(name).url_of("rules", port)

    with pytest.raises(StoreUnavailable, match=rf"127\.0\.0\.1:{port}/rules\): no conn") as raised:
        open_store(url)

    assert PASSWORD not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("name", NAMES)
def test_a_server_that_says_nothing_is_given_up(
    name: str, database_server: DatabaseServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql, "READ_SECONDS", 0.2)
    # libpq takes whole seconds, and at least two of them.
    monkeypatch.setattr(postgresql, "CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = database_server(name).url_of("rules", silent.getsockname()[1])

        with pytest.raises(StoreUnavailable, match="rules"):
            open_store(url)


SLOW = {"mariadb": "select sleep(60)", "postgresql": "select pg_sleep(60)"}


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_does_not_come_is_given_up(
    name: str, database_server: DatabaseServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (mysql, postgresql):
        monkeypatch.setattr(module, "READ_SECONDS", 0.5)
    database = Database.open(database_server(name).url(), create=True)

    with (
        pytest.raises(StoreUnavailable, match="cannot sleep"),
        database.reading("sleep") as connection,
    ):
        connection.execute(text(SLOW[name]))


@pytest.mark.parametrize("name", NAMES)
def test_another_thread_can_end_the_wait(name: str, database_server: DatabaseServers) -> None:
    url, cutoff = database_server(name).url(), Cutoff()
    open_store(url).close()
    database = Database.open(url, create=False, cutoff=cutoff)
    begun, errors = threading.Event(), list[StoreError]()

    def wait() -> None:
        try:
            with database.reading("sleep") as connection:
                begun.set()
                connection.execute(text(SLOW[name]))
        except StoreError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    assert begun.wait(20)
    cutoff.cut()
    thread.join(20)

    assert [type(error) for error in errors] == [StoreUnavailable]
    # It stays cut.
    with pytest.raises(StoreUnavailable), database.reading("read"):
        pass


def test_a_writer_that_never_ends_makes_others_give_up(
    server: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (mysql, postgresql):
        monkeypatch.setattr(module, "LOCK_SECONDS", 1)
    url = server.url()
    with open_store(url) as store:
        rules = [ObjectText("rule", "a", "text", "a.rules")]
        store.commit(rules, base_version=None, author="ann", publish=True)
        with Database.open(url, create=False).writing("block") as blocker:
            blocker.execute(text("select * from counters for update"))

            with pytest.raises(StoreUnavailable, match="another program has been writing"):
                store.commit([], base_version=1, author="ben", publish=True)
            # Readers are not held up.
            assert store.head() == 1
        store.commit([], base_version=1, author="ben", publish=True)


@pytest.mark.parametrize("kind", [mysql.MySQL, postgresql.PostgreSQL])
def test_a_driver_that_is_not_installed_is_named(
    kind: type[mysql.MySQL | postgresql.PostgreSQL], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pymysql.connections", None)
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    place = location.read("mysql://ann@db.example/rules")
    assert isinstance(place, ServerLocation)

    with pytest.raises(StoreError, match=r"not installed; pip install 'jobsieve\[(mysql|post)"):
        kind(place, Cutoff())
