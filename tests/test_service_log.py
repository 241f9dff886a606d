"""The log of a running service: where it may go, and what can't get into it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pty
import re
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.service import PATIENCE, Service, command, run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    rule = 'rule "chefs": when "chef" then add category "food";'
    (folder / "food.rules").write_text(rule, encoding="utf-8")
    path = folder / "store.db"
    run("rules", "import", str(folder / "food.rules"), "--store", str(path))
    return path


# What a hostile caller would like to see in a log: line breaks, escapes for terminals, reversed text.
INTO_LOGS = [
    "a\nb", "\r\n{}", "\x1b[31mred", "\u202eevil", "\u2028x", "\u2066x\u2069", "\x00", "\x7f\x9b1m",
    '"}\n{"event":"forged"}', "\\u000a", "=cmd|' /C calc'!A0", "é" * 300,
]  # fmt: skip


@contextmanager
def serving_into(output: int, log: Path, store: Path, **settings: str) -> Iterator[Service]:
    """A service whose standard output is `output`, which ends up in the file `log`."""
    process = subprocess.Popen(
        command("serve", "--port", "0", "--store", str(store)),
        stdout=output,
        stderr=subprocess.DEVNULL,
        # The copy of the rules that it writes belongs beside the log, not into the project.
        cwd=log.parent,
        env=os.environ | {"JOBSIEVE_LOG_FORMAT": "json"} | settings,
    )
    service = Service(process)

    def is_ready() -> bool:
        service.events = [json.loads(line) for line in log.read_bytes().split(b"\n")[:-1]]
        return any(event["event"] == "ready" for event in service.events)

    try:
        service.until("the service is ready", is_ready)
        service.host, service.port = service.events[0]["host"], service.events[0]["port"]
        yield service
    finally:
        process.kill()
        process.wait()


def test_nothing_that_is_sent_makes_a_line_of_its_own_in_the_log(
    store: Path, tmp_path: Path
) -> None:
    log, count = tmp_path / "log", 200
    logging = {"JOBSIEVE_LOG_ACCESS": "true", "JOBSIEVE_LOG_DECISIONS": "1"}
    with log.open("wb") as file, serving_into(file.fileno(), log, store, **logging) as service:
        connection = http.client.HTTPConnection(service.host, service.port, timeout=PATIENCE)
        for number in range(count):
            text = INTO_LOGS[number % len(INTO_LOGS)]
            advert = {"id": text, "title": f"chef {text}", "description": "Secret " + text}
            # What can stand in a header at all.
            header = "".join(c for c in text if " " < c < "\x7f") + "\t\x80"
            named = {"x-request-id": header, "traceparent": header}
            path = f"/v1/classify?{urllib.parse.quote(text)}" if number % 5 == 4 else "/v1/classify"
            connection.request("POST", path, json.dumps(advert).encode(), named)
            connection.getresponse().read()
        connection.close()
        assert service.stop() == 0
    text = log.read_text("utf-8")
    lines = text.split("\n")
    events = [json.loads(line) for line in lines if line]
    requests = [event for event in events if event["event"] == "request"]
    decisions = [event for event in events if event["event"] == "decision"]
    assert len(requests) == count
    assert len(decisions) == count * 4 // 5
    hostile = set("\x7f\x9b\u202e\u2028\u2066") | {chr(n) for n in range(0x20)}
    assert [line for line in lines if hostile & set(line)] == []
    assert "Secret" not in text
    assert "forged" not in {event["event"] for event in events}
    assert {event["traceparent"] for event in requests} == {None}
    assert max(len(event["id"]) for event in decisions) == 200


@pytest.mark.parametrize("kind", ["file", "pipe", "terminal"])
def test_each_request_is_a_line_whatever_standard_output_is(
    store: Path, tmp_path: Path, kind: str
) -> None:
    log = tmp_path / "log"
    log.touch()
    count = 50
    copies: list[threading.Thread] = []
    if kind == "file":
        output = os.open(log, os.O_WRONLY)
    else:
        reading, output = os.pipe() if kind == "pipe" else pty.openpty()

        def copy() -> None:
            with log.open("ab", buffering=0) as file, contextlib.suppress(OSError):
                while data := os.read(reading, 65_536):
                    file.write(data.replace(b"\r\n", b"\n"))
            os.close(reading)

        copies.append(threading.Thread(target=copy))
        copies[0].start()
    with serving_into(output, log, store, JOBSIEVE_LOG_ACCESS="true") as service:
        os.close(output)
        for _ in range(count):
            service.classify(title="chef")
        assert service.stop() == 0
    for each in copies:
        each.join(PATIENCE)
    events = [json.loads(line)["event"] for line in log.read_text("utf-8").splitlines()]
    assert events.count("request") == count
    assert events[-2:] == ["drain", "end"]


def test_a_closed_standard_output_stops_nothing(store: Path, tmp_path: Path) -> None:
    reading, output = os.pipe()
    log = tmp_path / "log"
    log.touch()

    def copy_until_ready() -> None:
        with log.open("ab", buffering=0) as file:
            while b'"ready"' not in log.read_bytes():
                file.write(os.read(reading, 65_536))
        os.close(reading)

    copying = threading.Thread(target=copy_until_ready)
    copying.start()
    with serving_into(output, log, store, JOBSIEVE_LOG_ACCESS="true") as service:
        os.close(output)
        copying.join(PATIENCE)
        for _ in range(20):
            service.classify(title="chef")
        url = f"http://{service.host}:{service.port}/metrics"

        def dropped() -> int:
            with urllib.request.urlopen(url, timeout=20) as answer:
                page = answer.read().decode()
            found = re.search(r"^jobsieve_log_lines_dropped_total (\d+)$", page, re.MULTILINE)
            assert found is not None
            return int(found[1])

        service.until("the lost lines are counted", lambda: dropped() >= 20)
        assert service.stop() == 0
