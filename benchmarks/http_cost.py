#!/usr/bin/env python3
"""What HTTP costs: the service beside nginx, which answers a fixed body of 300 bytes.

    .venv/bin/python benchmarks/http_cost.py [--rounds 5] [--seconds 3] [--save]

nginx with one worker and the service with one worker thread, by a rule set of one rule and by the starter
rules, take turns at 1, 8 and 64 connections, round after round. Each server runs on the first core, wrk on
the second. Processor time a request is that of the whole server process; of the service's, that of the
engine is also taken away, which leaves what HTTP, JSON and counting cost. The engine's is measured in the
same process after each run, on a thread alone and in processor time too: a clock would count the time when
others had the core. Figures are medians over the rounds. Every answer must be a 200.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jobsieve import _core, rules, snapshot

CONNECTIONS = (1, 8, 64)
TARGETS = ("nginx", "one rule", "starter rules")
ONE_RULE = (
    'rule "python": when title "python" and description "django" then add category "it/python";'
)
ADVERT = {
    "title": "Senior Python Developer",
    "description": "<p>We build <b>Django</b> services &amp; APIs for hospitals.</p>" * 36,
}
NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} reuseport;
        location / {{ default_type application/json; return 200 '{body}'; }}
    }}
}}
"""
LUA = (
    'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\nwrk.body = [==[%s]==]\n'
)
RESULTS = Path(__file__).parent / "results"
# Of the engine alone.
ENGINE_CALLS = 5_000
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A process that is measured; `service` where it is one of the service."""

    pid: int
    port: int
    service: subprocess.Popen[str] | None = None

    def engine_us(self) -> float:
        """The processor time of the engine for the advert; nginx has none."""
        if self.service is None:
            return 0.0
        assert self.service.stdin is not None
        assert self.service.stdout is not None
        print(file=self.service.stdin, flush=True)
        return float(self.service.stdout.readline())


def serve(target: str) -> None:
    """The service process: says its port, and after each line of input what the engine takes, until the
    input closes."""
    starter = target == "starter rules"
    ruleset = snapshot.compile(rules.starter_files() if starter else ONE_RULE)
    record = json.loads(ruleset.classify_json(json.dumps(ADVERT).encode()))
    if not str(record["primary"]).startswith("it/"):
        raise SystemExit(f"a wrong answer: {record}")
    server = _core.Server.start(json.dumps({"port": 0, "workers": 1, "access_log": False}).encode())
    server.publish(ruleset, 1, b"{}", "")
    assert server.address is not None
    print(server.address[1], flush=True)
    for _ in sys.stdin:
        begun = time.thread_time()
        for _ in range(ENGINE_CALLS):
            ruleset.classify(title=ADVERT["title"], description=ADVERT["description"])
        print((time.thread_time() - begun) * 1e6 / ENGINE_CALLS, flush=True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def start_nginx(folder: Path) -> tuple[subprocess.Popen[bytes], Server]:
    """The process to end, and the worker whose time counts."""
    port = free_port()
    body = json.dumps({"status": "matched", "filler": "x" * 300})
    body = body[: 300 - 2] + '"}'
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, body=body), encoding="utf-8")
    nginx = subprocess.Popen(["taskset", "-c", "0", "nginx", "-p", str(folder), "-c", str(config)])
    for _ in range(200):
        children = Path(f"/proc/{nginx.pid}/task/{nginx.pid}/children").read_text().split()
        with socket.socket() as probe:
            if children and probe.connect_ex(("127.0.0.1", port)) == 0:
                return nginx, Server(int(children[0]), port)
        time.sleep(0.05)
    raise SystemExit("nginx did not start")


def start_service(target: str) -> tuple[subprocess.Popen[str], Server]:
    service = subprocess.Popen(
        ["taskset", "-c", "0", sys.executable, __file__, "--serve", target],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert service.stdout is not None
    return service, Server(service.pid, int(service.stdout.readline()), service)


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(server: Server, connections: int, seconds: int, script: Path) -> dict[str, float]:
    """One run of wrk; times in microseconds."""
    before = processor_seconds(server.pid)
    done = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
         "-s", str(script), f"http://127.0.0.1:{server.port}/v1/classify"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    spent = processor_seconds(server.pid) - before
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(f"requests failed:\n{done.stdout}")
    times = dict(re.findall(r"^\s+(50|99)%\s+(\S+)$", done.stdout, re.MULTILINE))
    requests = re.search(r"^\s+(\d+) requests in", done.stdout, re.MULTILINE)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if requests is None or rate is None or len(times) != 2:
        raise SystemExit(f"wrk said something new:\n{done.stdout}")
    count = int(requests[1])
    engine_us = server.engine_us()
    return {
        "requests_per_second": float(rate[1]),
        "p50_us": microseconds(times["50"]),
        "p99_us": microseconds(times["99"]),
        "processor_us": spent * 1e6 / count,
        "engine_us": engine_us,
        "without_engine_us": spent * 1e6 / count - engine_us,
    }


def microseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 1, "ms": 1_000, "s": 1_000_000}[unit]


def run(rounds: int, seconds: int) -> dict[str, dict[str, list[dict[str, float]]]]:
    runs: dict[str, dict[str, list[dict[str, float]]]] = {
        target: {str(count): [] for count in CONNECTIONS} for target in TARGETS
    }
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        script = folder / "post.lua"
        script.write_text(LUA % json.dumps(ADVERT), encoding="utf-8")
        servers: dict[str, Server] = {}
        for target in TARGETS:
            process, server = start_nginx(folder) if target == "nginx" else start_service(target)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            servers[target] = server
        for turn in range(rounds):
            for count in CONNECTIONS:
                # Who goes first changes: neighbours come and go.
                for target in TARGETS if turn % 2 == 0 else TARGETS[::-1]:
                    found = measure(servers[target], count, seconds, script)
                    runs[target][str(count)].append(found)
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    parser.add_argument("--serve", choices=TARGETS[1:], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    for tool in ("wrk", "nginx", "taskset"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is needed: apt-get install wrk nginx util-linux")
    runs = run(arguments.rounds, arguments.seconds)
    medians = {
        target: {
            count: {key: statistics.median(run[key] for run in found) for key in found[0]}
            for count, found in by_count.items()
        }
        for target, by_count in runs.items()
    }
    head = ("requests/s", "p50 µs", "p99 µs", "CPU µs", "engine µs", "rest µs")
    print(f"{'':24}" + "".join(f"{name:>12}" for name in head))
    for count in map(str, CONNECTIONS):
        for target in TARGETS:
            values = medians[target][count].values()
            print(f"{target + ', ' + count:24}" + "".join(f"{value:12,.1f}" for value in values))
    ratios = {}
    for count in map(str, CONNECTIONS):
        nginx, ours = medians["nginx"][count], medians["one rule"][count]
        ratios[count] = {
            "requests_per_second": ours["requests_per_second"] / nginx["requests_per_second"],
            "p99": ours["p99_us"] / nginx["p99_us"],
            "processor_without_engine": ours["without_engine_us"] / nginx["processor_us"],
        }
        print(
            f"one rule / nginx at {count}: requests/s {ratios[count]['requests_per_second']:.2f}, "
            f"p99 {ratios[count]['p99']:.2f}, "
            f"CPU less engine {ratios[count]['processor_without_engine']:.2f}"
        )
    if arguments.save:
        day = datetime.now(UTC).date().isoformat()
        result = {"machine": platform.machine(), "medians": medians, "ratios": ratios, "runs": runs}
        file = RESULTS / f"{day}-http.json"
        file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
