"""The database behind a store: finds it by URL, gives out transactions, turns its errors into ours.

It knows no table of the store. Nothing that it raises holds a password or the text of a rule.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from jobsieve.errors import StoreError, StoreMissing
from jobsieve.store import location, schema
from jobsieve.store.cutoff import Cutoff
from jobsieve.store.sqlite import MAKE_STORE, SQLite

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


class Backend(Protocol):
    """What differs between databases. `reading`, `writing` and `migrating` prepare a connection for a
    transaction of their kind; the text is the place for messages, without a password."""

    @property
    def engine(self) -> Engine: ...
    @property
    def shared(self) -> bool:
        """Whether services on several machines may use it: then its schema is changed on demand only."""

    def check(self, *, create: bool) -> None: ...
    def prepare(self) -> None:
        """Sets up what must stand before the first table; refuses what can't be a store."""

    def reading(self, connection: Connection) -> Connection: ...
    def writing(self, connection: Connection) -> Connection: ...
    def migrating(self, connection: Connection) -> Connection: ...
    def lock_schema(self, connection: Connection) -> None:
        """Waits for another process that migrates."""

    def check_migrated(self, connection: Connection) -> None: ...
    def explain(self, error: BaseException | None, operation: str) -> StoreError: ...


class Database:
    """An open database of the newest schema. Threads may share it; each use has its own connection."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._closed = False

    @classmethod
    def open(
        cls, url: str | os.PathLike[str], *, create: bool, cutoff: Cutoff | None = None
    ) -> Self:
        """Opens the database. An empty one gets the tables with `create` and is refused without: whatever
        stood in it is lost. A file of an older schema is migrated; of a server's only `migrate` is."""
        database = cls(_backend(url, cutoff or Cutoff()))
        database._backend.check(create=create)
        database._require_schema(create=create)
        return database

    @classmethod
    def check_url(cls, url: str | os.PathLike[str]) -> None:
        """Finds the backend and opens nothing."""
        _backend(url, Cutoff())

    @classmethod
    def migrate(
        cls, url: str | os.PathLike[str], target: str | None
    ) -> tuple[str | None, str | None]:
        """Brings the schema to `target`, by default the newest; gives where it stood and stands."""
        database = cls(_backend(url, Cutoff()))
        database._backend.check(create=target is None)
        return database._migrate(target)

    def __str__(self) -> str:
        return str(self._backend)

    def close(self) -> None:
        """Refuses further use."""
        self._closed = True
        self._backend.engine.dispose()

    @contextmanager
    def reading(self, operation: str) -> Iterator[Connection]:
        """A transaction that sees one state of the database. `operation` completes "cannot …"."""
        with (
            self._explained(operation),
            self._backend.engine.connect() as connection,
            self._backend.reading(connection).begin(),
        ):
            yield connection

    @contextmanager
    def writing(self, operation: str) -> Iterator[Connection]:
        """A transaction whose statements see all that was committed; it ends on an error undone. Writers
        exclude each other by the lock that they take first (`commits.Ids`)."""
        with (
            self._explained(operation),
            self._backend.engine.connect() as connection,
            self._backend.writing(connection).begin(),
        ):
            yield connection

    @contextmanager
    def _explained(self, operation: str) -> Iterator[None]:
        if self._closed:
            raise StoreError(f"cannot {operation} (rule store {self}): the store was closed")
        try:
            yield
        except DBAPIError as error:
            raise self._backend.explain(error.orig, operation) from error
        except (SQLAlchemyError, OSError) as error:
            raise self._backend.explain(error, operation) from error

    def _require_schema(self, *, create: bool) -> None:
        with self.reading("open the store") as connection:
            current = self._current(connection)
        if create and current not in (None, schema.NEWEST) and self._backend.shared:
            current = self._settled_schema()
        if current == schema.NEWEST:
            return
        if current is None and not create:
            what = "database" if self._backend.shared else "file"
            raise StoreMissing(
                f"cannot open the rule store {self}: the {what} is empty; correct the path, restore it from "
                f"a backup, or make the store: {MAKE_STORE}"
            )
        if current is not None and self._backend.shared:
            raise StoreError(
                f"cannot open the rule store {self}: its schema is {current!r}, and this Jobsieve needs "
                f"{schema.NEWEST!r}; when no older Jobsieve uses it any more: jobsieve migrate"
            )
        self._migrate(None)

    def _settled_schema(self) -> str | None:
        """The schema once nobody migrates: MySQL commits each step, so that another process which is just
        making the store may have come half the way."""
        with (
            self._explained("open the store"),
            self._backend.engine.connect() as connection,
            self._backend.migrating(connection).begin(),
        ):
            self._backend.lock_schema(connection)
            return self._current(connection)

    def _migrate(self, target: str | None) -> tuple[str | None, str | None]:
        with self._explained("migrate the store"):
            self._backend.prepare()
            with (
                self._backend.engine.connect() as connection,
                self._backend.migrating(connection).begin(),
            ):
                self._backend.lock_schema(connection)
                # Read under the lock: another process may have done it since.
                before = self._current(connection)
                try:
                    schema.migrate(connection, before, target or schema.NEWEST)
                except StoreError as error:
                    raise StoreError(f"cannot migrate the rule store {self}: {error}") from error
                self._backend.check_migrated(connection)
                return before, self._current(connection)

    def _current(self, connection: Connection) -> str | None:
        try:
            return schema.current(connection)
        except StoreError as error:
            raise StoreError(f"cannot open the rule store {self}: {error}") from error


def _backend(url: str | os.PathLike[str], cutoff: Cutoff) -> Backend:
    # A driver is imported where it is used: each takes its time.
    place = location.read(url)
    if isinstance(place, Path):
        return SQLite(place)
    if place.product == "mysql":
        from jobsieve.store.mysql import MySQL

        return MySQL(place, cutoff)
    from jobsieve.store.postgresql import PostgreSQL

    return PostgreSQL(place, cutoff)
