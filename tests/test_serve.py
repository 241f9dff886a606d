"""The service as a whole: real process, real store, real requests."""

from __future__ import annotations

import ctypes
import json
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from jobsieve import _core
from jobsieve.store import ObjectText, open_store
from tests.service import Load, run, serving

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
        with Load(service, ADVERT) as load:
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
        with Load(service, ADVERT) as load:
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


def test_a_port_in_use_is_named(store: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("serve", "--port", str(port), "--store", str(store), check=False)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stdout + done.stderr
    assert "in use" in done.stdout + done.stderr


CLIENT = """
    import http.client, json, sys, time
    host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    connection = http.client.HTTPConnection(host, port, timeout=20)
    connection.connect()
    body = json.dumps({"title": "Python Programmer"})
    print("connected", flush=True)
    sys.stdin.readline()
    time.sleep(0.2)
    first = time.monotonic()
    answers = 0
    for _ in range(count):
        connection.request("POST", "/v1/classify", body)
        response = connection.getresponse()
        answers += response.status == 200 and b"it/python" in response.read()
    print(json.dumps({"first": first, "last": time.monotonic(), "answers": answers}))
"""


def test_no_request_takes_the_interpreters_lock() -> None:
    """A thread holds the lock for three seconds; meanwhile 2,000 requests are answered."""
    count = 2_000
    ruleset, _ = _core.compile([("it.rules", PYTHON_RULE.format(category="it/python"))])
    assert ruleset is not None
    server = _core.Server.start(
        "127.0.0.1",
        0,
        max_body_bytes=65_536,
        header_timeout=10,
        body_timeout=10,
        max_connections=100,
        threads=1,
        access_log=False,
    )
    server.publish(ruleset, 1, b"{}")
    host, port = server.address
    client = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CLIENT), host, str(port), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    held: list[float] = []

    def hold() -> None:
        # A function called by PyDLL keeps the lock: no other Python thread runs until it returns.
        held.append(time.monotonic())
        ctypes.PyDLL(None).usleep(3_000_000)
        held.append(time.monotonic())

    with client:
        assert client.stdin is not None
        assert client.stdout is not None
        assert client.stdout.readline() == "connected\n"
        client.stdin.write("go\n")
        client.stdin.flush()
        holder = threading.Thread(target=hold)
        holder.start()
        holder.join()
        report = json.loads(client.stdout.readline())
    assert server.drain(10.0)
    assert report["answers"] == count
    # The clock is the machine's, the same in both processes.
    assert held[0] < report["first"] < report["last"] < held[1]
