"""All that is peculiar to MySQL and MariaDB: connections, timeouts, locks, what the errors mean.

It knows no table of the store. The driver is PyMySQL.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
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
    from pymysql.connections import Connection as Driver
    from sqlalchemy import Connection, Engine

# Code -> reason and remedy. Where the list says so, waiting may help.
_PASSING: dict[int, tuple[str, str]] = {
    2003: ("no connection", "check that the server runs and that host and port are right"),
    2006: ("the server closed the connection", "nothing was changed; try again"),
    2013: (
        "the connection was lost, or the server did not answer in time",
        "nothing was changed; check server and network",
    ),
    1040: ("the server has too many connections", "raise its max_connections or try again"),
    1053: ("the server is shutting down", "try again when it runs"),
    1205: (
        f"another program has been writing for more than {LOCK_SECONDS} seconds",
        "nothing was changed; try again, or find that program",
    ),
    1213: ("two programs waited for each other", "nothing was changed; try again"),
}
_LASTING: dict[int, tuple[str, str]] = {
    1044: ("this user may not use the database", "grant the rights or name another user"),
    1045: ("the server refused user or password", "correct them in the URL of the store"),
    1049: ("there is no such database", "create it, or correct its name in the URL of the store"),
    1142: ("this user lacks a right", "grant it"),
    1153: ("a text is larger than the server takes", "raise its max_allowed_packet"),
    1021: ("the server's disk is full", "free some space; nothing was changed"),
    1114: ("the server's disk is full", "free some space; nothing was changed"),
    1290: ("the server takes no writes", "name the server that does in the URL of the store"),
    1792: ("the server takes no writes", "name the server that does in the URL of the store"),
    1836: ("the server takes no writes", "name the server that does in the URL of the store"),
}


class MySQL:
    """A database on a MySQL or MariaDB server; a new connection for each use."""

    shared = True

    def __init__(self, location: ServerLocation, cutoff: Cutoff) -> None:
        try:
            import pymysql.connections
        except ImportError:
            raise StoreError(
                f"cannot open the rule store {location}: the driver PyMySQL is not installed; "
                "pip install 'jobsieve[mysql]'"
            ) from None
        self._driver = pymysql.connections.Connection
        self._location = location
        self._cutoff = cutoff
        self.engine: Engine = create_engine(
            "mysql+pymysql://", creator=self._connect, poolclass=NullPool, hide_parameters=True
        )

    def __str__(self) -> str:
        return str(self._location)

    def check(self, *, create: bool) -> None:
        """Nothing to look at before a connection is made."""

    def prepare(self) -> None:
        """Nothing to set up: tables name their own engine and character set."""

    def reading(self, connection: Connection) -> Connection:
        """Makes a transaction see one state, that of its first statement."""
        return connection.execution_options(isolation_level="REPEATABLE READ")

    def writing(self, connection: Connection) -> Connection:
        """Each statement sees what was committed before it: a writer locks first and reads then."""
        return connection.execution_options(isolation_level="READ COMMITTED")

    migrating = writing

    def lock_schema(self, connection: Connection) -> None:
        """Lets one process at a time migrate. DDL commits by itself here, so a row can't be the lock; the
        connection's end is the lock's."""
        name = f"jobsieve {self._location.database}"[:64]
        statement = text("select get_lock(:name, 1)")
        wait_for_schema(self, lambda: connection.execute(statement, {"name": name}).scalar() == 1)

    def check_migrated(self, connection: Connection) -> None:
        """Nothing: the server checks each statement."""

    def explain(self, error: BaseException | None, operation: str) -> StoreError:
        """The driver's error as a sentence that names place, operation and what to do."""
        start = f"cannot {operation} (rule store {self})"
        arguments: tuple[Any, ...] = getattr(error, "args", ())
        code = arguments[0] if arguments and isinstance(arguments[0], int) else 0
        if isinstance(error, OSError):
            reason, remedy = _PASSING[2003]
            told = "timed out" if isinstance(error, TimeoutError) else error.strerror or str(error)
            return StoreUnavailable(f"{start}: {reason} ({told}); {remedy}")
        if code in _PASSING:
            reason, remedy = _PASSING[code]
            # Of a lost connection the driver's text tells how.
            told = f" ({arguments[1]})" if code in (2003, 2013) and len(arguments) > 1 else ""
            return StoreUnavailable(f"{start}: {reason}{told}; {remedy}")
        if code in _LASTING:
            reason, remedy = _LASTING[code]
            return StoreError(f"{start}: {reason} ({arguments[1]}); {remedy}")
        shown = arguments[1] if code and len(arguments) > 1 else error
        return StoreError(f"{start}: {shown}; check that the database is a rule store of Jobsieve")

    @functools.cached_property
    def _tls(self) -> ssl.SSLContext:
        options = self._location.options
        try:
            context = ssl.create_default_context(cafile=options.get("ssl_ca"))
            # Certificates that MySQL makes for itself are not quite in form.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            context.check_hostname = options.get("ssl_verify_identity") == "true"
            if "ssl_ca" not in options and not context.check_hostname:
                context.verify_mode = ssl.CERT_NONE
            if "ssl_cert" in options:
                context.load_cert_chain(options["ssl_cert"], options.get("ssl_key"))
        except (OSError, ssl.SSLError) as error:
            raise StoreError(
                f"cannot open the rule store {self}: a certificate of its URL can't be read ({error}); check "
                "ssl_ca, ssl_cert and ssl_key"
            ) from error
        return context

    def _connect(self) -> Driver:
        place = self._location
        options = dict(place.options)
        path = options.pop("unix_socket", None)
        connection = self._driver(
            host=place.host,
            port=place.port,
            user=place.user,
            password=place.password or "",
            database=place.database,
            unix_socket=path,
            charset="utf8mb4",
            # Without it a text that is too long is cut without a word.
            sql_mode="STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
            init_command=(
                f"SET SESSION innodb_lock_wait_timeout = {LOCK_SECONDS}, lock_wait_timeout = {LOCK_SECONDS}"
            ),
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            write_timeout=WRITE_SECONDS,
            defer_connect=True,
            # A context of its own would read all certificates of the system for every connection, for
            # 60 ms; without options they are not even looked at.
            ssl=self._tls if options else None,
            ssl_disabled=not options,
        )
        if not options:
            # Encrypted where the server can, as is the driver's default.
            connection.ssl, connection.ctx = True, self._tls
        if path is not None:
            connection.connect()
            return connection
        # A socket of our own can be cut, and its connecting has one deadline for all addresses.
        sock = socket.create_connection((place.host, place.port), CONNECT_SECONDS)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._cutoff.watch(sock)
            connection.connect(sock)
        except BaseException:
            with contextlib.suppress(OSError):
                sock.close()
            raise
        return connection
