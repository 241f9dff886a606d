"""All that is peculiar to SQLite: its file, its connections, what its errors mean.

It knows no table of the store.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from jobsieve.errors import StoreError, StoreMissing, StoreUnavailable
from jobsieve.store.timeouts import SCHEMA_SECONDS

BUSY_SECONDS = 5.0
# What makes a store, for messages.
MAKE_STORE = "jobsieve rules import PATH"

# Beginning of the error's name -> reason and remedy.
_REASONS = {
    "SQLITE_CANTOPEN": (
        "the file can't be opened",
        "check that it exists and that this user may read and write it and its folder",
    ),
    "SQLITE_NOTADB": (
        "it is not an SQLite database",
        "give another file, which is created where it does not exist",
    ),
    "SQLITE_READONLY": (
        "it can't be written",
        "give this user write permission on the file and on its folder, which holds the log",
    ),
    "SQLITE_FULL": ("the disk is full", "free some space; nothing was changed"),
    "SQLITE_IOERR": ("reading or writing the disk failed", "check the disk and the file system"),
    "SQLITE_CORRUPT": ("the file is damaged", "restore it from a backup"),
    "SQLITE_AUTH": ("access was denied", "check the permissions of the file"),
    "SQLITE_PERM": ("access was denied", "check the permissions of the file"),
}


class SQLite:
    """A database file; a new connection for each use.

    Without a pool nothing is shared between threads or across a fork, and a file that was replaced is
    seen at once. Writers wait at most `BUSY_SECONDS` for each other.
    """

    # The file belongs to this installation: opening brings its schema up to date.
    shared = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self.engine: Engine = create_engine(
            "sqlite://", creator=self._connect, poolclass=NullPool, hide_parameters=True
        )
        event.listen(self.engine, "begin", _begin)

    def __str__(self) -> str:
        return str(self._path)

    def check(self, *, create: bool) -> None:
        """Sees to it that there is a file, creating an empty one on demand; else says what is wrong."""
        path = self._path
        try:
            if path.is_dir():
                raise StoreError(
                    f"cannot open the rule store {path}: it is a folder; name a file in it"
                )
            if path.exists():
                return
            if not path.parent.is_dir():
                raise StoreError(
                    f"cannot open the rule store {path}: the folder {path.parent} does not exist; create "
                    "it or correct the path"
                )
            if not create:
                raise StoreMissing(
                    f"cannot open the rule store {path}: there is no such file; correct the path, or make "
                    f"the store: {MAKE_STORE}"
                )
            path.touch()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise StoreError(
                f"cannot open the rule store {path}: {reason}; check the path and its permissions"
            ) from error

    def prepare(self) -> None:
        """Lets readers go on while somebody writes. The file remembers it.

        Where the file system can't do it (some network ones), the store works with the older journal.
        """
        end = time.monotonic() + BUSY_SECONDS
        while True:
            raw = self.engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                # For this statement SQLite does not wait for other processes itself.
                if not _name(error).startswith("SQLITE_BUSY") or time.monotonic() >= end:
                    raise OperationalError("PRAGMA journal_mode", None, error) from error
                time.sleep(0.02)
            finally:
                raw.close()

    def reading(self, connection: Connection) -> Connection:
        """Every transaction sees one state, that of its first statement."""
        return connection

    def writing(self, connection: Connection) -> Connection:
        """Makes the transactions of `connection` take the write lock when they begin."""
        return connection.execution_options(jobsieve_writing=True)

    def migrating(self, connection: Connection) -> Connection:
        """As `writing`, with foreign keys unchecked: a table that is rebuilt goes away for a moment."""
        return connection.execution_options(jobsieve_writing=True, jobsieve_unchecked=True)

    def lock_schema(self, connection: Connection) -> None:
        """Nothing: the transaction began as the only writer."""

    def check_migrated(self, connection: Connection) -> None:
        """Makes up for the checks that were left out."""
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise StoreError(
                f"cannot migrate the store (rule store {self}): rows of {broken[0][0]} refer to rows that "
                "are missing; nothing was changed; restore the file from a backup"
            )

    def explain(self, error: BaseException | None, operation: str) -> StoreError:
        """The driver's error as a sentence that names the file, the operation and what to do."""
        name = _name(error)
        start = f"cannot {operation} (rule store {self})"
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreUnavailable(
                f"{start}: another process has been writing for more than {BUSY_SECONDS:g} seconds; "
                "nothing was changed; try again, or find that process"
            )
        for beginning, (reason, remedy) in _REASONS.items():
            if name.startswith(beginning):
                return StoreError(f"{start}: {reason}; {remedy}")
        return StoreError(f"{start}: {error}; check that the file is a rule store of this Jobsieve")

    def _connect(self) -> sqlite3.Connection:
        # It never creates the file. No isolation level: the driver begins no transaction of its own.
        uri = self._path.as_uri() + "?mode=rw"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            # An acknowledged edit survives a loss of power.
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    # Within a transaction this would do nothing.
    if options.get("jobsieve_unchecked", False):
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        # Another process that migrates is worth waiting for.
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {SCHEMA_SECONDS * 1000}")
    # A transaction that reads first and locks later can fail half-way where another wrote in between.
    exclusive = options.get("jobsieve_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if exclusive else "BEGIN")


def _name(error: Any) -> str:
    return str(getattr(error, "sqlite_errorname", ""))
