"""Runs `jobsieve serve` as its users do, and loads it."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

POLL = 0.2
# How long a test waits for an event that should come within a second; it fails then, it never hangs.
PATIENCE = 20.0


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from jobsieve.cli import main; main()", *arguments]


def run(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A command of the command line, to its end."""
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=60, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return done


@dataclass(slots=True)
class Service:
    """A running service: its address and its log."""

    process: subprocess.Popen[bytes]
    events: list[dict[str, Any]] = field(default_factory=list)
    host: str = ""
    port: int = 0
    _rest: bytes = b""

    def wait_for(self, event: str, **fields: object) -> dict[str, Any]:
        """The first event in the log, from now on or before, with these fields."""
        deadline = time.monotonic() + PATIENCE
        seen = 0
        while True:
            for found in self.events[seen:]:
                if found.get("event") == event and fields.items() <= found.items():
                    return found
            seen = len(self.events)
            self._read(deadline)

    def _read(self, deadline: float) -> None:
        assert self.process.stdout is not None
        left = deadline - time.monotonic()
        ready, _, _ = select.select([self.process.stdout], [], [], max(left, 0))
        assert ready, f"not logged in {PATIENCE} s; the log: {self.events}"
        data = os.read(self.process.stdout.fileno(), 65_536)
        assert data, f"the service ended; the log: {self.events}"
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.events += [json.loads(line) for line in lines]

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)

    def request(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        connection = self.connect()
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def classify(self, **advert: str) -> dict[str, Any]:
        status, answer = self.request("POST", "/v1/classify", json.dumps(advert).encode())
        assert status == 200, answer
        assert isinstance(answer, dict)
        return answer

    def ruleset_of_state(self, state: str) -> dict[str, Any]:
        """The status document, as soon as the reload is in this state."""
        answer: dict[str, Any] = {}

        def reached() -> bool:
            answer.update(self.request("GET", "/v1/ruleset")[1])
            return bool(answer["reload"]["state"] == state)

        self.until(f"the reload is {state}", reached)
        return answer

    def until(self, condition: str, check: Callable[[], bool]) -> None:
        """Waits until `check()` holds."""
        deadline = time.monotonic() + PATIENCE
        while not check():
            assert time.monotonic() < deadline, f"not in {PATIENCE} s: {condition}"
            time.sleep(0.01)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(store: Path | str, port: int = 0, /, **environment: str) -> Iterator[Service]:
    """A service over a store, on a free port unless one is given, its log as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "JOBSIEVE_RELOAD_INTERVAL": str(POLL),
            "JOBSIEVE_RELOAD_LAST_GOOD": str(Path(folder, "last-good")),
            "JOBSIEVE_LOG_ACCESS": "false",
        }
        process = subprocess.Popen(
            command("serve", "--port", str(port), "--store", str(store)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | settings | environment,
        )
        service = Service(process)
        try:
            address = service.wait_for("listening")
            service.host, service.port = address["host"], address["port"]
            yield service
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


class Load:
    """A steady load of one advert from connections that `connect` makes; every answer is kept."""

    def __init__(
        self,
        connect: Callable[[], http.client.HTTPConnection],
        advert: dict[str, str],
        connections: int = 4,
    ) -> None:
        self._connect = connect
        self._body = json.dumps(advert).encode()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(connections)]
        self.answers: list[tuple[int, dict[str, Any]]] = []
        self.lost: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _run(self) -> None:
        connection = self._connect()
        while not self._stop.is_set():
            try:
                connection.request("POST", "/v1/classify", self._body)
                response = connection.getresponse()
                self.answers.append((response.status, json.loads(response.read())))
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.lost.append(repr(error))
                connection.close()
        connection.close()
