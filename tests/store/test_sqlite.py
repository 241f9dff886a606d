from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from jobsieve.errors import StoreError, StoreUnavailable
from jobsieve.store import ObjectText, Store, open_store, sqlite


def rules(count: int, text: str = "text") -> list[ObjectText]:
    return [ObjectText("rule", f"rule {number}", text, "a.rules") for number in range(count)]


def put(store: Store, objects: list[ObjectText]) -> None:
    store.commit(objects, base_version=store.head(), author="ann", publish=True)


@pytest.mark.parametrize("name", ["rules.db", "it's 100% #1 é.db", "%41.db", "what?.db"])
def test_a_path_and_a_url_name_the_same_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with open_store(path) as store:
        put(store, rules(1))

    assert path.stat().st_size > 0
    written = str(path).replace("%", "%25").replace("?", "%3F")
    for url in (str(path), f"sqlite:///{written}", f"sqlite+pysqlite:///{written}"):
        with open_store(url, create=False) as store:
            assert store.head() == 1


def test_a_relative_path_keeps_its_meaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///rules.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    put(store, rules(1))

    assert store.head() == 1
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "names no rule store"),
        (":memory:", "names no rule store"),
        ("sqlite://", "a file path"),
        ("sqlite:///:memory:", "a file path"),
        ("sqlite:///rules.db?mode=ro", "without options"),
        ("sqlite://host/rules.db", "without options"),
        ("sqlite+aiosqlite:///rules.db", r"can't be kept in sqlite\+aiosqlite://"),
    ],
)
def test_a_url_that_leads_nowhere_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(StoreError, match=complaint):
        open_store(url)

    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named_and_not_created(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere/rules\.db: the folder .*nowhere does not exist"):
        open_store(tmp_path / "nowhere" / "rules.db")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="it is a folder; name a file in it"):
        open_store(tmp_path)


def test_a_missing_file_is_created_only_on_demand(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"rules\.db: there is no such file"):
        open_store(tmp_path / "rules.db", create=False)

    assert list(tmp_path.iterdir()) == []


def test_a_path_that_no_system_takes_is_an_error_of_the_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="File name too long"):
        open_store(tmp_path / ("x" * 300))
    with pytest.raises(StoreError, match="cannot open the rule store"):
        open_store(f"{tmp_path}/a\0b")


@pytest.mark.parametrize("content", [b"rule 'a': when", b"\0" * 8192, bytes(range(256)) * 32])
def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rules.db"
    path.write_bytes(content)

    with pytest.raises(
        StoreError, match=r"cannot open the store .*rules\.db\): it is not an SQLite"
    ):
        open_store(path)

    assert path.read_bytes() == content


def test_a_damaged_store_says_so(tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    with open_store(path) as store:
        put(store, rules(200))
    raw = path.read_bytes()
    # The first page holds the schema; what follows it holds the rows.
    path.write_bytes(raw[:4096] + b"\xff" * (len(raw) - 4096))

    with pytest.raises(StoreError, match=r"rules\.db\): the file is damaged; restore it"):
        open_store(path).read(1)


def test_a_deleted_store_is_missed_and_not_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    with open_store(path) as store:
        put(store, rules(1))
        path.unlink()

        with pytest.raises(StoreError, match=r"cannot ask for the live version .*can't be opened"):
            store.live()

    assert not path.exists()


def test_a_read_only_database_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    open_store(path).close()
    # The driver's own error; the tests may run as a user whom no permission binds.
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as raised:
        connection.execute("delete from objects")
    connection.close()

    error = sqlite.SQLite(path).explain(raised.value, "commit a version")

    assert "cannot commit a version" in str(error)
    assert "write permission on the file and on its folder" in str(error)


def test_a_writer_that_never_ends_makes_others_give_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.01)
    path = tmp_path / "rules.db"
    with open_store(path) as store:
        put(store, rules(1))
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailable, match="another process has been writing"):
            put(store, rules(2))
        # Readers are not held up.
        assert store.head() == 1
        assert len(store.read(1)) == 1

        blocker.close()
        put(store, rules(2))
        assert store.head() == 2


KILLED_WRITER = """
import sys
from sqlalchemy import event, Engine
from jobsieve.store import ObjectText, open_store

store = open_store(sys.argv[1])
old = store.read(store.head())
new = [ObjectText(item.kind, item.name, item.source * 2, item.file) for item in old]

@event.listens_for(Engine, "after_cursor_execute")
def stop_in_the_middle(connection, cursor, statement, *_):
    if statement.startswith("INSERT INTO spans"):
        print("revisions, version and spans are written, nothing is committed", flush=True)
        sys.stdin.readline()

store.commit(new, base_version=store.head(), author="doomed", publish=True)
print("committed", flush=True)
"""


def test_a_writer_that_is_killed_leaves_whole_versions(tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    # More than fits into the page cache, so that part of the transaction is on disk.
    before = rules(3000, "long enough to fill some pages " * 30)
    with open_store(path) as store:
        put(store, before)
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED_WRITER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdin is not None
    assert "nothing is committed" in writer.stdout.readline()
    assert path.with_name("rules.db-wal").stat().st_size > 1_000_000
    writer.kill()
    writer.wait()
    writer.stdout.close()
    writer.stdin.close()

    with open_store(path, create=False) as store:
        assert store.head() == 1
        assert [version.author for version in store.versions()] == ["ann"]
        assert [item.source for item in store.read(1)] == [item.source for item in before]
        put(store, before[:-1])
        assert len(store.read(2)) == 2999
    check = sqlite3.connect(path)
    assert check.execute("pragma integrity_check").fetchall() == [("ok",)]
    assert check.execute("pragma foreign_key_check").fetchall() == []
    check.close()
