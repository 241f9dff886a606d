"""deploy/nginx.conf in front of two copies of the service, as it stands but for names and ports."""

from __future__ import annotations

import getpass
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.certificates import certify
from tests.conftest import RequireComponent
from tests.service import PATIENCE, Load, Service, run, serving

RULE = 'rule "chefs":\n  when title "chef"\n  then add category "food";\n'
ADVERT = {"title": "Chef", "description": "<p>Work with us.</p>" * 100}
# What the packages put there and ordinary users lack in their PATH.
PROGRAMS = f"{os.environ.get('PATH', '')}:/usr/sbin"
AROUND = """
daemon off;
user {user};
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{conf}
}}
"""


@dataclass(frozen=True, slots=True)
class Proxy:
    """nginx and the two copies behind it."""

    store: Path
    first: Service
    second: Service
    port: int
    trusted: ssl.SSLContext

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=PATIENCE, context=self.trusted
        )

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = self.connect()
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
    return port


@pytest.fixture
def proxy(tmp_path: Path, root: Path, require_component: RequireComponent) -> Iterator[Proxy]:
    nginx = shutil.which("nginx", path=PROGRAMS)
    require_component("nginx", nginx is not None, "apt-get install nginx")
    assert nginx is not None
    key, certificate = certify(tmp_path, "proxy", require_component)
    (tmp_path / "food.rules").write_text(RULE, encoding="utf-8")
    store = tmp_path / "store.db"
    run("rules", "import", str(tmp_path / "food.rules"), "--store", str(store))
    with serving(store) as first, serving(store) as second:
        port = free_port()
        conf = (root / "deploy" / "nginx.conf").read_text(encoding="utf-8")
        for shown, here in {
            "app1:8000": f"127.0.0.1:{first.port}",
            "app2:8000": f"127.0.0.1:{second.port}",
            "listen 443 ": f"listen 127.0.0.1:{port} ",
            "/etc/ssl/classify.pem": str(certificate),
            "/etc/ssl/classify.key": str(key),
        }.items():
            assert conf.count(shown) == 1, shown
            conf = conf.replace(shown, here)
        file = tmp_path / "nginx.conf"
        file.write_text(
            AROUND.format(user=getpass.getuser(), folder=tmp_path, conf=conf), encoding="utf-8"
        )
        with (tmp_path / "nginx.log").open("wb") as log:
            process = subprocess.Popen(
                [nginx, "-p", str(tmp_path), "-c", str(file), "-e", "stderr"], stderr=log
            )
        try:
            trusted = ssl.create_default_context(cafile=str(certificate))
            proxy = Proxy(store, first, second, port, trusted)
            first.wait_for("ready")
            second.wait_for("ready")

            def answers() -> bool:
                assert process.poll() is None, (tmp_path / "nginx.log").read_text()
                try:
                    return proxy.ask("GET", "/readyz")[0] == 200
                except OSError:
                    return False

            first.until("nginx answers", answers)
            yield proxy
        finally:
            process.terminate()
            process.wait(PATIENCE)


def test_adverts_go_in_and_the_rest_stays_inside(proxy: Proxy) -> None:
    advert = json.dumps(ADVERT).encode()
    status, headers, body = proxy.ask("POST", "/v1/classify", advert)
    assert (status, json.loads(body)["primary"]) == (200, "food")
    # nginx's own name for the request, by which its log and the service's are put together.
    assert len(headers["x-request-id"]) == 32
    for path in (
        "/v1/classify?explain=true",
        "/v1/classify?explain=0&explain=true",
        "/v1/classify?%65xplain=true",
        "/v1/classify?rule=chefs&explain=true",
        "/v1/ruleset",
        "/metrics",
        "/openapi.json",
    ):
        status, _, body = proxy.ask("POST", path, advert)
        assert (path, status, b"chefs" in body) == (path, 404, False)
    # A refusal comes through as the service words it, up to the size that nginx refuses by itself.
    status, headers, body = proxy.ask("POST", "/v1/classify", b'{"titel":1}')
    assert (status, json.loads(body)["key"]) == (400, "titel")
    assert headers["content-type"] == "application/problem+json"
    assert proxy.ask("POST", "/v1/classify", b"x" * (2 << 20))[0] == 413
    large = json.dumps({"title": "chef", "description": "x " * (1 << 18)}).encode()
    assert proxy.ask("POST", "/v1/classify", large)[0] == 200


def test_a_batch_is_answered_while_it_is_sent(proxy: Proxy) -> None:
    line = json.dumps(ADVERT).encode() + b"\n"
    with (
        socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as plain,
        proxy.trusted.wrap_socket(plain, server_hostname="127.0.0.1") as client,
    ):
        head = "POST /v1/classify/batch HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        client.sendall(head.encode())
        received = b""
        for sent in range(1, 4):
            client.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            while received.count(b'"status":"matched"') < sent:
                received += client.recv(65_536)
        client.sendall(b"0\r\n\r\n")
        while not received.endswith(b"0\r\n\r\n"):
            received += client.recv(65_536)


def test_an_upgrade_of_one_copy_after_the_other_loses_no_request(proxy: Proxy) -> None:
    # The load ends before the copies do.
    with ExitStack() as copies, Load(proxy.connect, ADVERT) as load:

        def goes_on(at: Service) -> None:
            done = len(load.answers)
            at.until("more answers", lambda: len(load.answers) > done + 200)

        goes_on(proxy.first)
        assert proxy.first.stop() == 0
        goes_on(proxy.second)
        renewed = copies.enter_context(serving(proxy.store, proxy.first.port))
        renewed.wait_for("ready")
        # nginx tries it again when its `fail_timeout` is over.
        before = requests(renewed)
        renewed.until("nginx sends to it again", lambda: requests(renewed) > before + 100)
        assert proxy.second.stop() == 0
        goes_on(renewed)
    assert load.lost == []
    assert {(status, answer["primary"]) for status, answer in load.answers} == {(200, "food")}


def requests(service: Service) -> int:
    """How many adverts a service has answered."""
    connection = service.connect()
    try:
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
    finally:
        connection.close()
    counted = [
        float(line.rpartition(" ")[2])
        for line in page.splitlines()
        if line.startswith("jobsieve_http_requests_total{") and '"/v1/classify"' in line
    ]
    return int(sum(counted))
