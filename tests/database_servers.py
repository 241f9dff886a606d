"""Real database servers for the tests: private, in a temporary folder, as quick as can be.

Nothing of what runs on the machine is touched: each server has a folder, a port and a socket of its own,
and ends with the tests. Nothing is synced to disk, but each commit reaches the kernel before it is
acknowledged: the tests kill servers, never the machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60.0
USER = "jobsieve"
# A canary: it must turn up in no message.
PASSWORD = "s3cret/p@ss"
QUOTED = "s3cret%2Fp%40ss"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class DatabaseServer(ABC):
    """A server process. `url` makes a new, empty database."""

    scheme: str
    programs: tuple[str, ...]
    package: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.databases = 0
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    @abstractmethod
    def found(cls, program: str) -> str | None:
        """Where a program is, None where it is missing."""

    @classmethod
    def missing(cls) -> list[str]:
        return [program for program in cls.programs if cls.found(program) is None]

    @abstractmethod
    def prepare(self) -> None:
        """Makes the files of a server that has never run."""

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def execute(self, statement: str) -> None:
        """Runs a statement as the administrator."""

    def start(self) -> None:
        """Starts the server, for the first time or again, and waits until it answers."""
        log = self.folder / "server.log"
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=out,
                **self.as_user(),  # type: ignore[call-overload]
            )
        end = time.monotonic() + PATIENCE
        while not self._answers():
            told = log.read_text(errors="replace")
            assert self.process.poll() is None, f"{self.scheme} ended: {told}"
            assert time.monotonic() < end, f"{self.scheme} does not answer: {told}"
            time.sleep(0.05)

    def _answers(self) -> bool:
        if not _in_use(self.port):
            return False
        try:
            self.execute("select 1")
        # It listens before it serves.
        except Exception:  # noqa: BLE001  of any driver
            return False
        return True

    def as_user(self) -> dict[str, object]:
        """By which user the process runs."""
        return {}

    def kill(self) -> None:
        """The server dies."""
        assert self.process is not None
        self.signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Freezes it (SIGSTOP) or lets it go on (SIGCONT)."""
        assert self.process is not None
        self.process.send_signal(number)

    def url(self, port: int | None = None) -> str:
        """The URL of a new, empty database, if need be through another port."""
        self.databases += 1
        name = f"store_{self.databases}"
        self.create(name)
        return self.url_of(name, port)

    @abstractmethod
    def create(self, database: str) -> None:
        """Makes a database that the tests' user may use."""

    def url_of(self, database: str, port: int | None = None) -> str:
        return f"{self.scheme}://{USER}:{QUOTED}@127.0.0.1:{port or self.port}/{database}"


class MariaDB(DatabaseServer):
    scheme = "mysql"
    programs = ("mariadbd", "mariadb-install-db")
    package = "mariadb-server"

    @classmethod
    def found(cls, program: str) -> str | None:
        return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")

    def prepare(self) -> None:
        subprocess.run(
            [
                str(self.found("mariadb-install-db")),
                "--no-defaults",
                f"--datadir={self.folder / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--innodb-flush-method=nosync",
                *self._user(),
            ],
            check=True,
            capture_output=True,
            timeout=PATIENCE,
        )

    def command(self) -> list[str]:
        return [
            str(self.found("mariadbd")),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.folder / 'socket'}",
            f"--pid-file={self.folder / 'pid'}",
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            "--innodb-flush-method=nosync",
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-buffer-pool-size=64M",
            "--skip-name-resolve",
            "--max-connections=200",
            *self._user(),
        ]

    def start(self) -> None:
        super().start()
        self.execute(f"create user if not exists {USER}@'127.0.0.1' identified by '{PASSWORD}'")

    def create(self, database: str) -> None:
        self.execute(f"create database {database}")
        self.execute(f"grant all on {database}.* to {USER}@'127.0.0.1'")

    def execute(self, statement: str) -> None:
        import pymysql

        with (
            pymysql.connect(
                unix_socket=str(self.folder / "socket"), user="root", autocommit=True
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def _user(self) -> list[str]:
        # It runs as root only when told so by name.
        return ["--user=root"] if os.geteuid() == 0 else []


class PostgreSQL(DatabaseServer):
    scheme = "postgresql"
    programs = ("initdb", "postgres")
    package = "postgresql"

    @classmethod
    def found(cls, program: str) -> str | None:
        # Debian keeps the programs of each release in a folder of its own.
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        return shutil.which(
            program, path=":".join([os.environ.get("PATH", ""), *map(str, folders)])
        )

    def prepare(self) -> None:
        self._give_away()
        subprocess.run(
            [
                str(self.found("initdb")),
                f"--pgdata={self.folder / 'data'}",
                "--username=root",
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            timeout=PATIENCE,
            cwd=self.folder,
            **self.as_user(),  # type: ignore[call-overload]
        )

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": "200",
        }
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.found("postgres")), "-D", str(self.folder / "data"), *given]

    def start(self) -> None:
        # What a killed server leaves behind its successor takes over.
        super().start()
        with contextlib.suppress(Exception):
            self.execute(f"create role {USER} login password '{PASSWORD}'")

    def create(self, database: str) -> None:
        self.execute(f"create database {database} owner {USER}")

    def execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(
            host=str(self.folder),
            port=self.port,
            user="root",
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        ) as connection:
            connection.execute(statement)

    def as_user(self) -> dict[str, object]:
        # PostgreSQL refuses to run as root.
        return {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}

    def _give_away(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody", "nogroup")

    def kill(self) -> None:
        # Its children end by themselves once they notice; a frozen one would not.
        super().kill()
        end = time.monotonic() + PATIENCE
        while (self.folder / "data" / "postmaster.pid").exists() and _in_use(self.port):
            assert time.monotonic() < end
            time.sleep(0.02)


def _in_use(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


SERVERS: dict[str, type[DatabaseServer]] = {"mariadb": MariaDB, "postgresql": PostgreSQL}


@contextmanager
def running(name: str) -> Iterator[DatabaseServer]:
    """A new server, which ends with the block."""
    # Not pytest's folder: another user must be able to reach it, and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="jobsieve-"))
    server = SERVERS[name](folder)
    try:
        server.prepare()
        server.start()
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
