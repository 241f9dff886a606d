"""The HTTP interface of a running service, held to its own description and to hostile clients."""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import certify
from tests.conftest import RequireComponent
from tests.service import PATIENCE, Service, run, serving

RULES = """\
list "programmers": "developer", "programmer";
rule "python developers":
  when  title "python" and list "programmers"
  unless title "trainer"
  then  add category "it/python" score 1.5, set "seniority" = "senior";
rule "chefs": when "chef" then add category "food";
"""
READER = "reader-token-0123456789abcdef"
BOSS = "boss-token-0123456789abcdefgh"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("api")
    (folder / "all.rules").write_text(RULES, encoding="utf-8")
    path = folder / "store.db"
    run("rules", "import", str(folder / "all.rules"), "--store", str(path))
    return path


@pytest.fixture(scope="module")
def service(store: Path) -> Iterator[Service]:
    with serving(store) as running:
        running.wait_for("ready")
        yield running


@pytest.mark.timeout(180)
def test_answers_are_as_described_whatever_is_asked(
    service: Service, root: Path, tmp_path: Path
) -> None:
    """Requests made up from the description, and from its opposite, at every operation."""
    checks = [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "unsupported_method",
    ]
    url = f"http://{service.host}:{service.port}/openapi.json"
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", url, "--checks", ",".join(checks),
         "--max-examples", "40", "--seed", "7", "--generation-deterministic",
         "--phases", "examples,coverage,fuzzing", "--no-color"],
        capture_output=True, text=True, timeout=170, check=False,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.ndjson_serializer", "PYTHONPATH": str(root)},
        # It keeps notes of failures where it runs.
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert service.process.poll() is None


def hostile_bodies(count: int) -> Iterator[bytes]:
    """Bodies that are no adverts, most of them nearly one."""
    source = random.Random(20)
    advert = b'{"id":12,"title":"Chef \\u00e9\\n","description":null,"fields":{}}'
    fixed = [
        b"", b"[" * 100_000, b'{"title":' * 20_000, b'{"id":' + b"7" * 5_000 + b',"title":"x"}',
        b'{"title":"\\ud800"}', b'{"title":NaN}', b'{"title":"x","title":"y"}', b"\x00" * 1000,
        b'{"title":1e400}', b'{"title":"' + b"\xff" * 1000 + b'"}', b'\xef\xbb\xbf{"title":"x"}',
    ]  # fmt: skip
    yield from fixed
    for number in range(count - len(fixed)):
        if number % 3 == 0:
            yield source.randbytes(source.randrange(200))
        else:
            damaged = bytearray(advert)
            for _ in range(source.randrange(1, 4)):
                place = source.randrange(len(damaged))
                damaged[place : place + source.randrange(3)] = source.randbytes(source.randrange(3))
            yield bytes(damaged)


def test_no_body_is_a_fault_of_the_service(service: Service) -> None:
    connection = http.client.HTTPConnection(service.host, service.port, timeout=PATIENCE)
    statuses: dict[int, int] = {}
    for body in hostile_bodies(3_000):
        connection.request("POST", "/v1/classify", body)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        if answer.status != 200:
            assert told["type"].startswith("/problems/")
            assert "key" in told or "offset" in told, (body, told)
    connection.close()
    assert set(statuses) == {200, 400}
    assert statuses[400] > 2_000


def test_a_batch_of_hostile_lines_is_answered_line_by_line(service: Service) -> None:
    lines = [body.replace(b"\n", b" ") for body in hostile_bodies(2_000)]
    kept = [line for line in lines if line.strip(b" \t\r\x0c")]
    connection = http.client.HTTPConnection(service.host, service.port, timeout=PATIENCE)
    connection.request("POST", "/v1/classify/batch", b"\n".join(lines))
    records = [json.loads(line) for line in connection.getresponse().read().splitlines()]
    connection.close()
    assert len(records) == len(kept)
    assert {record["status"] for record in records} <= {"matched", "unmatched", "error"}
    assert sum(record["status"] == "error" for record in records) > 1_000


def test_rights_come_from_settings_and_files_and_no_token_is_ever_told(
    store: Path, tmp_path: Path
) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# who looks inside\n{BOSS}\n", encoding="ascii")
    closed = {
        "JOBSIEVE_AUTH_CLASSIFY_TOKENS": READER,
        "JOBSIEVE_AUTH_INSPECT_TOKENS_FILE": str(file),
        "JOBSIEVE_LOG_ACCESS": "true",
        "JOBSIEVE_LOG_LEVEL": "debug",
    }
    told = [run("config", "--json", check=False).stdout]
    with serving(store, **closed) as service:
        service.wait_for("ready")

        def status(path: str, token: str | None) -> int:
            connection = http.client.HTTPConnection(service.host, service.port, timeout=PATIENCE)
            headers = {"authorization": f"Bearer {token}"} if token else {}
            body = b'{"title": "Python Developer"}' if path.startswith("/v1/classify") else None
            connection.request("POST" if body else "GET", path, body, headers)
            answer = connection.getresponse()
            told.append(str(answer.getheaders()) + answer.read().decode())
            connection.close()
            return answer.status

        wrong = READER[:-1] + "x"
        who = (None, wrong, READER, BOSS)
        for path, expected in {
            "/livez": [200, 200, 200, 200],
            "/readyz": [200, 200, 200, 200],
            "/openapi.json": [200, 200, 200, 200],
            "/v1/classify": [401, 401, 200, 200],
            "/v1/classify/batch": [401, 401, 200, 200],
            "/v1/classify?explain=true": [401, 401, 403, 200],
            "/v1/ruleset": [401, 401, 403, 200],
            "/metrics": [401, 401, 403, 200],
        }.items():
            assert [status(path, token) for token in who] == expected, path
        renewed = "renewed-token-0123456789abcd"
        file.write_text(renewed, encoding="ascii")
        service.process.send_signal(1)
        service.wait_for("renew", result="accepted")
        assert [status("/metrics", token) for token in (BOSS, renewed)] == [401, 200]
        file.write_text("short", encoding="ascii")
        service.process.send_signal(1)
        refused = service.wait_for("renew", result="refused")
        assert f"{file}, line 1" in refused["error"]
        assert status("/metrics", renewed) == 200
        service.stop()
        told.append(json.dumps(service.events))
    assert len(told) > 30
    for secret in (READER, BOSS, renewed, "short\n"):
        assert not any(secret in text for text in told)


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("JOBSIEVE_AUTH_CLASSIFY_TOKENS", "sh0rt", ["auth.classify_tokens", "16 visible"]),
        ("JOBSIEVE_AUTH_INSPECT_TOKENS_FILE", "gone", ["inspect_tokens_file", "gone", "No such"]),
        ("JOBSIEVE_AUTH_INSPECT_TOKENS_FILE", "empty", ["empty", "holds no token"]),
        ("JOBSIEVE_SERVER_TLS_KEY", "key.pem", ["server.tls_certificate"]),
        ("JOBSIEVE_SERVER_UNIX_SOCKET", "no/folder/s", ["no/folder/s", "No such file"]),
        ("JOBSIEVE_SERVER_UNIX_SOCKET", "empty", ["empty", "no socket"]),
        ("JOBSIEVE_SERVER_MAX_IN_FLIGHT", "0", ["server.max_in_flight", "from 1"]),
        ("JOBSIEVE_LOG_DECISIONS", "2", ["log.decisions", "from 0 to 1"]),
    ],
)
def test_a_setting_that_cannot_be_used_ends_the_start_and_is_named(
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    says: list[str],
) -> None:
    (tmp_path / "empty").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, value)
    done = run("serve", "--port", "0", "--store", str(store), check=False)
    assert done.returncode in (1, 2)
    assert [part for part in says if part not in done.stderr] == []
    assert "sh0rt" not in done.stderr


def test_connections_are_encrypted_where_there_is_a_certificate(
    store: Path, tmp_path: Path, require_component: RequireComponent
) -> None:
    key, certificate = certify(tmp_path, "one", require_component)
    tls = {
        "JOBSIEVE_SERVER_TLS_CERTIFICATE": str(certificate),
        "JOBSIEVE_SERVER_TLS_KEY": str(key),
    }
    with serving(store, **tls) as service:
        address = service.wait_for("ready")["address"]
        assert address.startswith("https://")

        def livez(trusted: Path) -> bytes:
            context = ssl.create_default_context(cafile=str(trusted))
            with urllib.request.urlopen(f"{address}/livez", context=context, timeout=20) as answer:
                body: bytes = answer.read()
            return body

        assert livez(certificate) == b'{"status":"live"}'
        other_key, other = certify(tmp_path, "two", require_component)
        other_key.rename(key)
        trusted = other.rename(tmp_path / "new.pem")
        shutil.copy(trusted, certificate)
        service.process.send_signal(1)
        service.wait_for("renew", result="accepted")
        assert livez(trusted) == b'{"status":"live"}'
        # A file that breaks leaves the certificate before in force.
        certificate.write_text("broken", encoding="ascii")
        service.process.send_signal(1)
        assert "holds no certificate" in service.wait_for("renew", result="refused")["error"]
        assert livez(trusted) == b'{"status":"live"}'
