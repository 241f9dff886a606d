#!/usr/bin/env python3
"""What the service does to good clients while bad things happen to it.

    .venv/bin/python benchmarks/service_faults.py [--only NAME]... [--save]

Runs `jobsieve serve` as its users do, by the starter rules, on the first core; all clients are on the second.

    sigterm     five times SIGTERM under full load: no request that was sent is lost, the end comes soon
    bodies      100,000 damaged bodies: none is answered by a 5xx, each refusal names a key or a byte
    large       bodies of 100 MB, announced and chunked, 20 at once, beside good clients
    slow        500 connections that never end their head, 500 that never end their body, beside good clients
    overload    four times as many connections as are allowed, and clients that come back at once

A p99 "beside" is that of wrk with 4 connections meanwhile, "quiet" that of the same alone, just before.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.service import Service, command
from tests.test_http_api import hostile_bodies

ADVERT = json.dumps(
    {
        "id": 1,
        "title": "Senior Python Developer",
        "description": "<p>We build <b>Django</b> services &amp; APIs for hospitals.</p>" * 36,
    }
).encode()
HEAD = b"POST /v1/classify HTTP/1.1\r\nhost: x\r\n"
REQUEST = HEAD + f"content-length: {len(ADVERT)}\r\n\r\n".encode() + ADVERT
LUA = 'wrk.method = "POST"\nwrk.body = [==[%s]==]\n'
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Place:
    """A store with the starter rules, and a folder for what clients need."""

    store: Path
    folder: Path


@contextmanager
def serving(store: Path, **settings: str) -> Iterator[Service]:
    """A service on the first core, ready."""
    process = subprocess.Popen(
        ["taskset", "-c", "0", *command("serve", "--port", "0", "--store", str(store))],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"JOBSIEVE_LOG_ACCESS": "false"} | settings,
    )
    service = Service(process)
    try:
        address = service.wait_for("listening")
        service.host, service.port = address["host"], address["port"]
        service.wait_for("ready")
        yield service
    finally:
        process.kill()
        process.wait()


class Beside:
    """Good clients for some seconds: what wrk saw."""

    def __init__(self, service: Service, seconds: int, folder: Path) -> None:
        script = folder / "post.lua"
        script.write_text(LUA % ADVERT.decode(), encoding="utf-8")
        url = f"http://{service.host}:{service.port}/v1/classify"
        self._wrk = subprocess.Popen(
            ["wrk", "-t1", "-c4", f"-d{seconds}s", "--latency", "-s", str(script), url],
            stdout=subprocess.PIPE,
            text=True,
        )

    def figures(self) -> dict[str, Any]:
        out, _ = self._wrk.communicate()
        times = dict(re.findall(r"^\s+(50|99)%\s+(\S+)$", out, re.MULTILINE))
        count = re.search(r"(\d+) requests in", out)
        assert count is not None, out
        return {
            "requests": int(count[1]),
            "p50_ms": milliseconds(times["50"]),
            "p99_ms": milliseconds(times["99"]),
            "lost": re.findall(r"(?:Socket errors|Non-2xx).*", out),
        }


def median_ratio(pairs: list[dict[str, dict[str, Any]]]) -> float:
    """How many times the quiet p99 the one beside is, in the middle of all pairs."""
    ratios = [pair["beside"]["p99_ms"] / pair["quiet"]["p99_ms"] for pair in pairs]
    return round(statistics.median(ratios), 2)


def milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1_000}[unit]


def memory(service: Service) -> float:
    """Resident, in MB."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def sigterm(place: Place) -> dict[str, Any]:
    runs = []
    for _ in range(5):
        with serving(place.store) as service:
            found: Counter[str] = Counter()

            async def client(service: Service = service, found: Counter[str] = found) -> None:
                while True:
                    try:
                        reader, writer = await asyncio.open_connection(service.host, service.port)
                    except OSError:
                        return
                    while True:
                        try:
                            writer.write(REQUEST)
                            await writer.drain()
                            head = await reader.readuntil(b"\r\n\r\n")
                            length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
                            await reader.readexactly(length)
                        except (OSError, asyncio.IncompleteReadError) as error:
                            found[f"lost: {type(error).__name__}"] += 1
                            break
                        found[head[9:12].decode()] += 1
                        if b"connection: close" in head:
                            break
                    writer.close()

            async def load(client: Callable[[], Any] = client) -> None:
                await asyncio.gather(*(client() for _ in range(32)))

            thread = threading.Thread(target=lambda load=load: asyncio.run(load()))
            thread.start()
            time.sleep(1.5)
            begun = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            status = service.process.wait(20)
            seconds = time.monotonic() - begun
            thread.join(20)
            runs.append({"answers": dict(found), "status": status, "seconds": round(seconds, 2)})
    return {
        "runs": runs,
        "lost": sum(n for each in runs for key, n in each["answers"].items() if key != "200"),
        "longest_end_s": max(each["seconds"] for each in runs),
    }


def bodies(place: Place) -> dict[str, Any]:
    statuses: Counter[int] = Counter()
    unnamed = 0
    with serving(place.store) as service:
        connection = http.client.HTTPConnection(service.host, service.port, timeout=20)
        for body in hostile_bodies(100_000):
            connection.request("POST", "/v1/classify", body)
            answer = connection.getresponse()
            told = json.loads(answer.read())
            statuses[answer.status] += 1
            if answer.status != 200 and "key" not in told and "offset" not in told:
                unnamed += 1
        alive = service.process.poll() is None
    return {"statuses": dict(statuses), "refusals_without_place": unnamed, "alive": alive}


def large(place: Place) -> dict[str, Any]:
    size, block = 100_000_000, b"x" * 65_536
    answers: Counter[str] = Counter()

    def upload(service: Service, chunked: bool) -> None:
        with socket.create_connection((service.host, service.port), timeout=30) as client:
            kind = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % size
            client.sendall(HEAD + kind + b"\r\n\r\n")
            part = b"%x\r\n%s\r\n" % (len(block), block) if chunked else block
            with contextlib.suppress(OSError):
                for _ in range(size // len(block)):
                    client.sendall(part)
            with contextlib.suppress(OSError):
                answers[client.recv(12).decode()] += 1
                return
        answers["no answer"] += 1

    pairs = []
    with serving(place.store) as service:
        before, most = memory(service), 0.0
        # One pair is disturbed easily: the quiet p99 itself goes from 0.3 to 1.4 ms.
        for _ in range(5):
            quiet = Beside(service, 8, place.folder).figures()
            good = Beside(service, 8, place.folder)
            threads = [
                threading.Thread(target=upload, args=(service, number % 2 == 1))
                for number in range(20)
            ]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                most = max(most, memory(service))
                time.sleep(0.05)
            pairs.append({"quiet": quiet, "beside": good.figures()})
    return {
        "answers": dict(answers),
        "memory_rise_mb": round(most - before, 1),
        "pairs": pairs,
        "p99_ratio": median_ratio(pairs),
    }


def slow(place: Place) -> dict[str, Any]:
    limits = {
        "JOBSIEVE_SERVER_MAX_CONNECTIONS": "1200",
        "JOBSIEVE_SERVER_HEADER_TIMEOUT": "10",
        "JOBSIEVE_SERVER_BODY_TIMEOUT": "10",
    }
    pairs, cut, longest = [], 0, 0.0
    with serving(place.store, **limits) as service:
        # One pair is disturbed easily: the quiet p99 itself goes from 0.2 to 1.6 ms.
        for _ in range(5):
            quiet = Beside(service, 5, place.folder).figures()
            begun = time.monotonic()
            clients = []
            for number in range(1_000):
                client = socket.create_connection((service.host, service.port), timeout=40)
                start = HEAD if number % 2 else HEAD + b"content-length: 100\r\n\r\n{"
                client.sendall(start)
                clients.append(client)
            beside = Beside(service, 5, place.folder).figures()
            for client in clients:
                with contextlib.suppress(OSError):
                    while client.recv(4096):
                        pass
                    cut += 1
                client.close()
            longest = max(longest, time.monotonic() - begun)
            pairs.append({"quiet": quiet, "beside": beside})
    return {
        "cut": cut,
        "all_cut_after_s": round(longest, 1),
        "pairs": pairs,
        "p99_ratio": median_ratio(pairs),
    }


def overload(place: Place) -> dict[str, Any]:
    allowed = 16

    async def client(
        service: Service, until: float, times: list[float], found: Counter[str]
    ) -> None:
        while time.monotonic() < until:
            try:
                reader, writer = await asyncio.open_connection(service.host, service.port)
            except OSError:
                found["not connected"] += 1
                await asyncio.sleep(0.05)
                continue
            try:
                while time.monotonic() < until:
                    begun = time.monotonic()
                    writer.write(REQUEST)
                    async with asyncio.timeout(5):
                        head = await reader.readuntil(b"\r\n\r\n")
                        length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
                        await reader.readexactly(length)
                    status = head[9:12].decode()
                    found[status] += 1
                    if status == "200":
                        times.append(time.monotonic() - begun)
                    elif b"retry-after" not in head:
                        found["no retry-after"] += 1
                    if b"connection: close" in head:
                        break
            except TimeoutError:
                found["no answer in 5 s"] += 1
            except (OSError, asyncio.IncompleteReadError) as error:
                found[f"lost: {type(error).__name__}"] += 1
            writer.close()
            # More impatient than it was asked to be.
            await asyncio.sleep(0.05)

    def load(service: Service, connections: int, seconds: float) -> dict[str, Any]:
        times: list[float] = []
        found: Counter[str] = Counter()

        async def all_clients() -> None:
            until = time.monotonic() + seconds
            await asyncio.gather(
                *(client(service, until, times, found) for _ in range(connections))
            )

        asyncio.run(all_clients())
        times.sort()
        return {
            "answers": dict(found),
            "accepted_per_s": round(len(times) / seconds),
            "p99_ms": round(1000 * times[int(0.99 * len(times))], 2),
        }

    limits = {"JOBSIEVE_SERVER_MAX_CONNECTIONS": str(allowed)}
    with serving(place.store, **limits) as service:
        at_capacity = load(service, allowed, 8)
        beyond = load(service, 4 * allowed, 20)
        after = load(service, allowed, 2)
    return {
        "at_capacity": at_capacity,
        "beyond": beyond,
        "within_2_s_after": after,
        "p99_ratio": round(beyond["p99_ms"] / at_capacity["p99_ms"], 2),
    }


FAULTS = {each.__name__: each for each in (sigterm, bodies, large, slow, overload)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", choices=FAULTS)
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    arguments = parser.parse_args()
    for tool in ("wrk", "taskset"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is needed: apt-get install wrk util-linux")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8_192), most))
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = folder / "store.db"
        subprocess.run(
            command("rules", "import", "--starter", "--store", str(store)),
            check=True,
            capture_output=True,
        )
        for fault in arguments.only or FAULTS:
            results[fault] = FAULTS[fault](Place(store, folder))
            print(fault, json.dumps(results[fault], indent=1), flush=True)
    if arguments.save:
        day = datetime.now(UTC).date().isoformat()
        file = RESULTS / f"{day}-service-faults.json"
        file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
