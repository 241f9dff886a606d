"""The service as a whole: real process, real store, real requests."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import ClassVar

import pytest

from jobsieve import _core
from jobsieve.store import ObjectText, open_store
from tests.service import PATIENCE, Load, Service, run, serving

PYTHON_RULE = """\
# Those who write Python.
rule "python developers":
  when  title "python" and ("developer" or "programmer")
  then  add category "{category}";
"""


def write_rule(folder: Path, category: str) -> Path:
    file = folder / "it.rules"
    file.write_text(PYTHON_RULE.format(category=category), encoding="utf-8")
    return file


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with one published rule."""
    path = tmp_path / "store.db"
    run("rules", "import", str(write_rule(tmp_path, "it/python")), "--store", str(path))
    return path


ADVERT = {"title": "Python Programmer", "description": "<p>Django &amp; PostgreSQL</p>"}


def test_it_answers_by_the_published_rules(store: Path) -> None:
    with serving(store) as service:
        service.wait_for("ready")
        record = service.classify(**ADVERT)
        assert record["primary"] == "it/python"
        assert record["ruleset"]["version"] == 1
        assert service.request("GET", "/livez")[0] == 200
        assert service.request("GET", "/readyz")[0] == 200
        status, ruleset = service.request("GET", "/v1/ruleset")
        assert status == 200
        assert ruleset["version"] == 1
        assert ruleset["hash"] == record["ruleset"]["hash"]
        assert ruleset["rules"] == 1


def test_an_imported_edit_changes_the_answers_and_loses_none(store: Path, tmp_path: Path) -> None:
    with serving(store) as service:
        service.wait_for("ready")
        with Load(service.connect, ADVERT) as load:
            service.until("answers come", lambda: len(load.answers) > 100)
            run("rules", "import", str(write_rule(tmp_path, "it/snakes")), "--store", str(store))
            service.until(
                "the new rule answers",
                lambda: load.answers[-1][1].get("primary") == "it/snakes",
            )
            count = len(load.answers)
            service.until("answers go on", lambda: len(load.answers) > count + 100)
        assert load.lost == []
        assert {status for status, _ in load.answers} == {200}
        # No answer mixes two versions.
        seen = {
            (r["ruleset"]["version"], r["ruleset"]["hash"], r["primary"]) for _, r in load.answers
        }
        assert {(version, primary) for version, _, primary in seen} == {
            (1, "it/python"),
            (2, "it/snakes"),
        }
        assert len(seen) == 2


def test_the_starter_rules_are_served_as_they_are_imported(tmp_path: Path) -> None:
    store = tmp_path / "starter.db"
    run("rules", "import", "--starter", "--store", str(store))
    with serving(store) as service:
        service.wait_for("ready")
        primary = service.classify(title="Senior Python Developer")["primary"]
        assert primary.startswith("it/")


def test_the_service_manager_follows_the_service_from_its_start_to_its_end(tmp_path: Path) -> None:
    store = tmp_path / "empty.db"
    open_store(str(store)).close()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        told: list[str] = []

        def until(message: str) -> None:
            while not any(each.startswith(message) for each in told):
                told.append(manager.recv(4096).decode())

        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
        with serving(store, **environment) as service:
            until("STATUS=")
            until("WATCHDOG=1")
            # Alive, but not ready: there are no rules.
            assert not any("READY=1" in each for each in told)
            run("rules", "import", str(write_rule(tmp_path, "it/python")), "--store", str(store))
            until("READY=1\nSTATUS=answering by rule set 1")
            told.clear()
            service.process.send_signal(signal.SIGHUP)
            until("RELOADING=1\nMONOTONIC_USEC=")
            until("READY=1")
            # The engine is asked again and again, not once.
            told.clear()
            until("WATCHDOG=1")
            assert service.stop() == 0
            until("STOPPING=1")


def publish(store_path: Path, source: str) -> int:
    """Publishes one rule past the check of the import, as a hand in the database would."""
    with open_store(str(store_path)) as store:
        live = store.live()
        assert live is not None
        text = ObjectText("rule", "python developers", source, "it.rules")
        committed = store.commit(
            [text], base_version=live.version, author="test", note="", publish=True
        )
    return committed.version


def test_a_bad_rule_leaves_the_old_answers_and_is_reported(store: Path) -> None:
    bad = PYTHON_RULE.format(category="it/bad").replace("title", "titel")
    good = PYTHON_RULE.format(category="it/good")
    with serving(store) as service:
        service.wait_for("ready")
        with Load(service.connect, ADVERT) as load:
            version = publish(store, bad)
            logged = service.wait_for("reload", result="rejected")
            assert logged["version"] == version
            status = service.ruleset_of_state("rejected")
            assert status["version"] == 1
            assert status["reload"]["rejected"]["version"] == version
            (found,) = status["reload"]["rejected"]["diagnostics"]
            assert found["code"] == "JS009"
            assert (found["file"], found["line"]) == ("it.rules", 3)
            count = len(load.answers)
            service.until("answers go on", lambda: len(load.answers) > count + 100)
            assert {record["primary"] for _, record in load.answers} == {"it/python"}
            publish(store, good)
            service.until(
                "the repaired rule answers",
                lambda: load.answers[-1][1].get("primary") == "it/good",
            )
        assert load.lost == []
        assert {status for status, _ in load.answers} == {200}
        assert service.ruleset_of_state("current")["version"] == version + 1


def test_an_empty_store_is_waited_for(tmp_path: Path) -> None:
    store = tmp_path / "empty.db"
    open_store(str(store)).close()
    with serving(store) as service:
        status, problem = service.request("POST", "/v1/classify", b'{"title": "x"}')
        assert status == 503
        assert problem["status"] == 503
        assert service.request("GET", "/readyz")[0] == 503
        assert service.request("GET", "/livez")[0] == 200
        run("rules", "import", str(write_rule(tmp_path, "it/python")), "--store", str(store))
        service.wait_for("ready")
        assert service.request("GET", "/readyz")[0] == 200


def test_sigterm_answers_what_is_under_way_and_ends(store: Path) -> None:
    with serving(store) as service:
        service.wait_for("ready")
        body = json.dumps(ADVERT).encode()
        head = (
            f"POST /v1/classify HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode()
        with socket.create_connection((service.host, service.port), timeout=20) as client:
            client.sendall(head + body[:10])
            # The server has the first half when a whole request on another connection is answered.
            service.classify(**ADVERT)
            service.process.send_signal(signal.SIGTERM)
            service.wait_for("drain")
            client.sendall(body[10:])
            answer = client.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"it/python"' in answer
        assert service.process.wait(20) == 0


HALF = b"POST /v1/classify HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"


def stall(service: Service) -> None:
    """Fills the pipe that the log goes to, to the last byte; nobody reads it any more."""
    # Opened anew, for only this end of the pipe must not block.
    pipe = os.open(f"/proc/{service.process.pid}/fd/1", os.O_WRONLY | os.O_NONBLOCK)
    for size in (4096, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(pipe, b"x" * size)
    os.close(pipe)


def test_a_log_that_nobody_reads_does_not_keep_the_service_from_ending(store: Path) -> None:
    with serving(store) as service:
        service.wait_for("ready")
        stall(service)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(20) == 0


def test_a_second_sigterm_ends_at_once_also_where_the_log_stalls(store: Path) -> None:
    patient = {"JOBSIEVE_SERVER_BODY_TIMEOUT": "3600", "JOBSIEVE_SERVER_DRAIN_TIMEOUT": "3600"}
    with serving(store, **patient) as service:
        service.wait_for("ready")
        with socket.create_connection((service.host, service.port), timeout=20) as client:
            client.sendall(HALF)
            # The server has it when a whole request on another connection is answered.
            service.classify(**ADVERT)
            stall(service)
            service.process.send_signal(signal.SIGTERM)
            # The port is closed once the drain has begun.
            service.until("the drain began", lambda: not accepts(service))
            assert service.process.poll() is None
            service.process.send_signal(signal.SIGTERM)
            assert service.process.wait(20) == 1


def accepts(service: Service) -> bool:
    try:
        socket.create_connection((service.host, service.port), timeout=20).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("gone.db", ("gone.db", "no such file", "jobsieve rules import")),
        ("no/folder/x.db", ("no/folder", "does not exist")),
        ("oracle://ann:s3cret@db/rules", ("oracle://", "sqlite:///rules.db")),
        ("mysql://ann:s3cret@db/rules?timeout=9", ("mysql://", "the option 'timeout'")),
    ],
)
def test_a_store_that_cannot_be_served_ends_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, says: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("serve", "--port", "0", "--store", url, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    for part in says:
        assert part in done.stderr
    assert "s3cret" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_vanishes_leaves_the_answers_and_is_not_made_anew(store: Path) -> None:
    with serving(store) as service:
        service.wait_for("ready")
        for file in store.parent.glob(f"{store.name}*"):
            file.unlink()

        # The store that is still open fails first, then the opening of another.
        def missed() -> bool:
            reload = service.request("GET", "/v1/ruleset")[1]["reload"]
            return reload["state"] == "fetch_error" and "no such file" in reload["error"]

        service.until("the store is missed", missed)
        assert service.classify(**ADVERT)["primary"] == "it/python"
        assert not store.exists()


def test_a_port_in_use_is_named(store: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("serve", "--port", str(port), "--store", str(store), check=False)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stdout + done.stderr
    assert "in use" in done.stdout + done.stderr


CLIENT = """
    import http.client, json, sys
    host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    connection = http.client.HTTPConnection(host, port, timeout=60)
    connection.connect()
    body = json.dumps({"title": "Python Programmer"})
    print("connected", flush=True)
    sys.stdin.readline()
    answers = 0
    for _ in range(count):
        connection.request("POST", "/v1/classify", body)
        response = connection.getresponse()
        answers += response.status == 200 and b"it/python" in response.read()
    print(answers)
"""


class PollRequest(ctypes.Structure):
    """`struct pollfd` of poll(2)."""

    _fields_: ClassVar = [
        ("fd", ctypes.c_int),
        ("events", ctypes.c_short),
        ("revents", ctypes.c_short),
    ]


def test_no_request_takes_the_interpreters_lock() -> None:
    """The lock is held from the first request until the client reports the last of 2,000 answers."""
    count = 2_000
    ruleset, _ = _core.compile([("it.rules", PYTHON_RULE.format(category="it/python"))])
    assert ruleset is not None
    settings = {"port": 0, "workers": 1, "access_log": False}
    server = _core.Server.start(json.dumps(settings).encode())
    server.publish(ruleset, 1, b"{}", "")
    assert server.address is not None
    host, port = server.address
    client = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CLIENT), host, str(port), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    turns = 0
    ended = threading.Event()

    def take_turns() -> None:
        nonlocal turns
        while not ended.wait(0.001):
            turns += 1

    witness = threading.Thread(target=take_turns)
    with client:
        assert client.stdin is not None
        assert client.stdout is not None
        assert client.stdout.readline() == b"connected\n"
        witness.start()
        # A function called by PyDLL keeps the lock: no other Python thread runs until it returns. It
        # returns when the report is there, and only a server that needs the lock makes it wait for long.
        library = ctypes.PyDLL(None)
        report_is_there = PollRequest(client.stdout.fileno(), select.POLLIN, 0)
        library.write(client.stdin.fileno(), b"go\n", 3)
        before = turns
        ready = library.poll(ctypes.byref(report_is_there), 1, 30_000)
        after = turns
        ended.set()
        witness.join()
        if not ready:
            client.kill()
        report = json.loads(client.stdout.readline() or b"null")
    assert ready == 1, "no report while the lock was held"
    assert report == count
    # The witness has a few turns where the call begins and ends, and none while the lock is held; with the
    # lock free it has hundreds, one for every few requests.
    assert after - before < count / 40
    assert server.drain(10.0)
