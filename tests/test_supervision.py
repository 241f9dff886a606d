from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobsieve.supervision import Supervisor


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiving:
        receiving.bind(str(tmp_path / "notify"))
        receiving.settimeout(20)
        yield receiving


def environment(manager: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": manager.getsockname(), **more}


def test_the_manager_learns_of_readiness_reloads_and_the_end(manager: socket.socket) -> None:
    supervisor = Supervisor(environment(manager))
    supervisor.status("waiting\nfor rules")
    supervisor.ready("answering by rule set 3")
    supervisor.reloading()
    supervisor.stopping()
    told = [manager.recv(1000).decode() for _ in range(4)]
    assert told[0] == "STATUS=waiting for rules"
    assert told[1] == "READY=1\nSTATUS=answering by rule set 3"
    first, second = told[2].splitlines()
    assert first == "RELOADING=1"
    assert 0 < int(second.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
    assert told[3] == "STOPPING=1"


def test_signs_of_life_stop_where_the_service_does_not_work(manager: socket.socket) -> None:
    works = iter([True, True, False, False, True])
    asked = []

    def probe(seconds: float) -> bool:
        asked.append(seconds)
        return next(works, False)

    supervisor = Supervisor(
        environment(manager, WATCHDOG_USEC="20000", WATCHDOG_PID=str(os.getpid()))
    )
    supervisor.watch(probe)
    assert [manager.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    # The third came after two refusals.
    assert len(asked) >= 5
    assert set(asked) == {0.01}


def test_a_watchdog_for_another_process_is_left_alone(manager: socket.socket) -> None:
    other = environment(manager, WATCHDOG_USEC="20000", WATCHDOG_PID="1")
    Supervisor(other).watch(lambda _: pytest.fail("asked"))
    Supervisor(environment(manager, WATCHDOG_USEC="no number")).watch(
        lambda _: pytest.fail("asked")
    )


def test_without_a_manager_or_with_one_that_is_gone_nothing_happens(tmp_path: Path) -> None:
    Supervisor({}).ready("")
    # One that is there but takes nothing in.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as full:
        full.bind(str(tmp_path / "full"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filling:
            filling.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    filling.sendto(b"STATUS=", str(tmp_path / "full"))
        Supervisor({"NOTIFY_SOCKET": str(tmp_path / "full")}).ready("")
    Supervisor({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("")
    Supervisor({"NOTIFY_SOCKET": "@jobsieve-nobody"}).stopping()
