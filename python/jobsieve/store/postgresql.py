"""All that is peculiar to PostgreSQL: connections, timeouts, locks, what the errors mean.

It knows no table of the store. The driver is psycopg 3.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from jobsieve.errors import StoreError, StoreUnavailable
from jobsieve.store.cutoff import Cutoff
from jobsieve.store.location import ServerLocation
from jobsieve.store.timeouts import (
    CONNECT_SECONDS,
    LOCK_SECONDS,
    READ_SECONDS,
    WRITE_SECONDS,
    wait_for_schema,
)

if TYPE_CHECKING:
    from psycopg import Connection as Driver
    from sqlalchemy import Connection, Engine

# Any number that other users of advisory locks in this database don't use.
_SCHEMA_LOCK = 0x6A6F_6273

# Beginning of the SQLSTATE -> reason and remedy. Where the list says so, waiting may help.
_PASSING: dict[str, tuple[str, str]] = {
    "08": ("the connection was lost", "nothing was changed; check server and network"),
    "57P": ("the server is starting or shutting down", "try again when it runs"),
    "57014": ("the server did not answer in time", "nothing was changed; try again"),
    "53300": ("the server has too many connections", "raise its max_connections or try again"),
    "55P03": (
        f"another program has been writing for more than {LOCK_SECONDS} seconds",
        "nothing was changed; try again, or find that program",
    ),
    "40": ("two programs waited for each other", "nothing was changed; try again"),
}
_LASTING: dict[str, tuple[str, str]] = {
    "28": ("the server refused user or password", "correct them in the URL of the store"),
    "3D000": (
        "there is no such database",
        "create it, or correct its name in the URL of the store",
    ),
    "42501": ("this user lacks a right", "grant it"),
    "53100": ("the server's disk is full", "free some space; nothing was changed"),
    "25006": ("the server takes no writes", "name the server that does in the URL of the store"),
}
# Of an error while connecting there is no SQLSTATE, only a text in the server's language.
_REFUSALS = {"authentication failed": "28", "no pg_hba.conf entry": "28", "does not exist": "3D000"}


class PostgreSQL:
    """A database on a PostgreSQL server; a new connection for each use."""

    shared = True

    def __init__(self, location: ServerLocation, cutoff: Cutoff) -> None:
        try:
            import psycopg
        except ImportError:
            raise StoreError(
                f"cannot open the rule store {location}: the driver psycopg is not installed; "
                "pip install 'jobsieve[postgres]'"
            ) from None
        self._location = location
        self._cutoff = cutoff
        self._timed = _timed_connection(psycopg, cutoff)
        self.engine: Engine = create_engine(
            "postgresql+psycopg://", creator=self._connect, poolclass=NullPool, hide_parameters=True
        )

    def __str__(self) -> str:
        return str(self._location)

    def check(self, *, create: bool) -> None:
        """Nothing to look at before a connection is made."""

    def prepare(self) -> None:
        """Refuses a database that can't hold every text."""
        with self.engine.connect() as connection:
            encoding = connection.execute(text("show server_encoding")).scalar()
        if encoding != "UTF8":
            raise StoreError(
                f"the database of the rule store {self} has the encoding {encoding}; create one with UTF8"
            )

    def reading(self, connection: Connection) -> Connection:
        """Makes a transaction see one state, that of its first statement."""
        return connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def writing(self, connection: Connection) -> Connection:
        """Each statement sees what was committed before it: a writer locks first and reads then."""
        return connection.execution_options(isolation_level="READ COMMITTED")

    migrating = writing

    def lock_schema(self, connection: Connection) -> None:
        """Lets one process at a time migrate, until its transaction ends."""
        statement = text("select pg_try_advisory_xact_lock(:key)")
        wait_for_schema(
            self, lambda: bool(connection.execute(statement, {"key": _SCHEMA_LOCK}).scalar())
        )

    def check_migrated(self, connection: Connection) -> None:
        """Nothing: the server checks each statement."""

    def explain(self, error: BaseException | None, operation: str) -> StoreError:
        """The driver's error as a sentence that names place, operation and what to do."""
        start = f"cannot {operation} (rule store {self})"
        # The driver's text may have further lines: the statement, a hint.
        told = str(error).strip().split("\n")[0]
        state = str(getattr(error, "sqlstate", None) or "")
        if not state:
            refusal = next((state for words, state in _REFUSALS.items() if words in told), None)
            if refusal is None:
                return StoreUnavailable(
                    f"{start}: no connection ({told}); check that the server runs and that host and port "
                    "are right"
                )
            state = refusal
        for beginning, (reason, remedy) in _PASSING.items():
            if state.startswith(beginning):
                return StoreUnavailable(f"{start}: {reason} ({told}); {remedy}")
        for beginning, (reason, remedy) in _LASTING.items():
            if state.startswith(beginning):
                return StoreError(f"{start}: {reason} ({told}); {remedy}")
        return StoreError(f"{start}: {told}; check that the database is a rule store of Jobsieve")

    def _connect(self) -> Driver[Any]:
        if self._cutoff.happened:
            raise TimeoutError("cut at the deadline")
        place = self._location
        options: dict[str, Any] = {"host": place.host, **place.options}
        # For an idle or cut line the system's own patience is hours.
        return self._timed.connect(
            port=place.port,
            dbname=place.database,
            user=place.user,
            password=place.password,
            connect_timeout=int(CONNECT_SECONDS),
            tcp_user_timeout=int(WRITE_SECONDS * 1000),
            client_encoding="UTF8",
            application_name="jobsieve",
            options=f"-c lock_timeout={LOCK_SECONDS}s -c statement_timeout=0",
            **options,
        )


def _timed_connection(psycopg: Any, cutoff: Cutoff) -> type[Driver[Any]]:
    """The driver's connection with what it lacks: a bound on the wait for the next piece of an answer."""

    class Timed(psycopg.Connection):  # type: ignore[misc]  # the driver is loaded on demand
        def wait(self, gen: Generator[int, int, Any], *arguments: Any, **more: Any) -> Any:
            try:
                return super().wait(_patient(gen), *arguments, **more)
            except _Silence as silence:
                # In the middle of an exchange nothing more can be asked of it.
                self.pgconn.finish()
                raise psycopg.OperationalError(str(silence)) from None

    def _patient(gen: Generator[int, int, Any]) -> Generator[int, int, Any]:
        try:
            wanted = next(gen)
            last = time.monotonic()
            while True:
                ready = yield wanted
                if ready:
                    last = time.monotonic()
                elif time.monotonic() - last > READ_SECONDS:
                    raise _Silence(f"no answer for {READ_SECONDS:g} seconds")
                if cutoff.happened:
                    raise _Silence("cut at the deadline")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    return Timed


class _Silence(Exception):
    pass
