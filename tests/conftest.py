"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from tests import database_servers
from tests.database_servers import DatabaseServer

DatabaseServers: TypeAlias = Callable[[str], DatabaseServer]
RequireComponent: TypeAlias = Callable[[str, bool, str], None]
Golden: TypeAlias = Callable[[str, str], None]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def require_component() -> RequireComponent:
    """`require_component(name, present, how_to_get)` skips the test where a component is missing.

    Under JOBSIEVE_TEST_REQUIRE_ALL, which `.ci/run` sets, it fails instead: a check that is never run
    must not look like one that passed.
    """

    def require(name: str, present: bool, how_to_get: str) -> None:
        if present:
            return
        message = f"{name} is missing; {how_to_get}"
        if os.environ.get("JOBSIEVE_TEST_REQUIRE_ALL"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)

    return require


@pytest.fixture(scope="session")
def database_server(require_component: RequireComponent) -> Iterator[DatabaseServers]:
    """`get("mariadb")`: a running server of that name, started when it is first asked for."""
    started: dict[str, DatabaseServer] = {}
    with ExitStack() as stack:

        def get(name: str) -> DatabaseServer:
            if name not in started:
                kind = database_servers.SERVERS[name]
                missing = ", ".join(kind.missing())
                require_component(missing or name, not missing, f"apt-get install {kind.package}")
                started[name] = stack.enter_context(database_servers.running(name))
            return started[name]

        yield get


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture
def golden() -> Iterator[Golden]:
    """`golden("diagnostics/tabs.txt", text)` compares with the file under tests/golden.

    With JOBSIEVE_TEST_WRITE_GOLDEN=1 it writes the files and the test fails, so that a run that writes
    is never taken for one that compares.
    """
    written = []

    def compare(name: str, text: str) -> None:
        file = ROOT / "tests" / "golden" / name
        if os.environ.get("JOBSIEVE_TEST_WRITE_GOLDEN"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            written.append(name)
            return
        assert file.exists(), f"{name} is missing: JOBSIEVE_TEST_WRITE_GOLDEN=1 writes it"
        assert text == file.read_text(encoding="utf-8")

    yield compare
    if written:
        pytest.fail(
            f"wrote {', '.join(written)}: read them, then run without the switch", pytrace=False
        )


@pytest.fixture(autouse=True)
def _no_settings_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of whoever runs the tests must not reach them."""
    for name in list(os.environ):
        if name.startswith("JOBSIEVE_") and not name.startswith("JOBSIEVE_TEST_"):
            monkeypatch.delenv(name)
