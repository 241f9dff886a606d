"""The database behind a store: finds it by URL, gives out transactions, turns its errors into ours.

It knows no table of the store. Nothing that it raises holds a password or the text of a rule.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from jobsieve.errors import StoreError, StoreMissing
from jobsieve.store import schema, sqlite


class Database:
    """An open database of the newest schema. Threads may share it; each use has its own connection."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self._path = path
        self._engine = engine
        self._closed = False

    @classmethod
    def open(cls, url: str | os.PathLike[str], *, create: bool) -> Self:
        """Opens the database, creating and migrating it where needed; without `create` an empty one is
        refused too: whatever stood in it is lost."""
        path = _sqlite_path(url)
        sqlite.check_file(path, create=create)
        database = cls(path, sqlite.connect(path))
        database._migrate(create=create)
        return database

    def __str__(self) -> str:
        return str(self._path)

    def close(self) -> None:
        """Refuses further use."""
        self._closed = True
        self._engine.dispose()

    @contextmanager
    def reading(self, operation: str) -> Iterator[Connection]:
        """A transaction that sees one state of the database. `operation` completes "cannot …"."""
        with self._explained(operation), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, operation: str) -> Iterator[Connection]:
        """A transaction that no other writer runs beside; committed at the end, undone on an error."""
        with (
            self._explained(operation),
            self._engine.connect() as connection,
            sqlite.writing(connection).begin(),
        ):
            yield connection

    @contextmanager
    def _explained(self, operation: str) -> Iterator[None]:
        if self._closed:
            raise StoreError(f"cannot {operation} (rule store {self}): the store was closed")
        try:
            yield
        except DBAPIError as error:
            raise sqlite.explain(error.orig, self._path, operation) from error
        except SQLAlchemyError as error:
            raise sqlite.explain(error, self._path, operation) from error

    def _migrate(self, *, create: bool) -> None:
        with self.reading("open the store") as connection:
            current = self._current(connection)
        if current == schema.NEWEST:
            return
        if current is None and not create:
            raise StoreMissing(
                f"cannot open the rule store {self}: the file is empty; correct the path, restore it from a "
                f"backup, or make the store: {sqlite.MAKE_STORE}"
            )
        with self._explained("open the store"):
            sqlite.enter_wal(self._engine)
        with self.writing("migrate the store") as connection:
            # Another process may have done it since.
            if self._current(connection) != schema.NEWEST:
                schema.upgrade(connection)

    def _current(self, connection: Connection) -> str | None:
        try:
            return schema.current(connection)
        except StoreError as error:
            raise StoreError(f"cannot open the rule store {self}: {error}") from error


def _sqlite_path(url: str | os.PathLike[str]) -> Path:
    text = os.fspath(url)
    if "://" not in text:
        if not text or text == ":memory:":
            raise StoreError(
                f"{text!r} names no rule store; give a file path or a URL such as sqlite:///rules.db"
            )
        return _absolute(text)
    scheme = text.split("://", 1)[0]
    try:
        parsed = make_url(text)
    except (ArgumentError, ValueError):
        # The causes are left out: they quote the URL, and with it a password.
        raise StoreError(
            f"the URL of the rule store, {scheme}://…, can't be read; write it as "
            "sqlite:///folder/rules.db, with four slashes for an absolute path"
        ) from None
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise StoreError(
            f"a rule store can't be kept in {scheme}:// databases; give a file path or a URL such as "
            "sqlite:///rules.db"
        )
    # SQLAlchemy drops what follows a question mark without a word where it does not look like options.
    if parsed.host or "?" in text or parsed.database in (None, "", ":memory:"):
        raise StoreError(
            "the URL of the rule store must be sqlite:/// and a file path, without options; "
            "sqlite:////folder/rules.db, with four slashes, is an absolute path"
        )
    return _absolute(str(parsed.database))


def _absolute(text: str) -> Path:
    # Absolute, so that a later change of the working folder does not lead to another file.
    try:
        return Path(text).absolute()
    except OSError as error:
        raise StoreError(f"cannot open the rule store {text}: {error.strerror}") from error
