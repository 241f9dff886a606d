#!/usr/bin/env python3
"""The service under mixed load for a long time, with new rules every few seconds.

    .venv/bin/python benchmarks/soak.py [--minutes 10] [--every 5] [--rate 400] [--adverts FILE] [--save]

`jobsieve serve` runs as its users run it, log and all, by the starter rules; every few seconds one rule
changes and is published. Clients send single adverts at a steady rate, beside them explanations, batches,
compressed bodies, refused ones, and scrapes of the metrics. Every answer is checked.
FILE holds adverts as JSON lines; without it those that come with the starter rules are sent.

Reported: answers and errors, the response times, and the memory from minute 2 to the end.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import itertools
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from jobsieve import rules
from jobsieve.store import ObjectText, open_store
from tests.service import Service, command

RESULTS = Path(__file__).parent / "results"
# Sets an attribute: the starter rules' taxonomy has no category of the benchmark's own.
CHANGING = 'rule "soak": when title "soaking wet test {0}" then set "soak" = "{0}";\n'


class Soak:
    """The clients and what they saw."""

    def __init__(self, service: Service, bodies: list[bytes], rate: float, until: float) -> None:
        self.service, self.bodies, self.rate, self.until = service, bodies, rate, until
        self.answers: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.times: list[float] = []
        self.late: list[float] = []
        self._lock = threading.Lock()

    def loop(
        self,
        name: str,
        pause: float,
        ask: Callable[[http.client.HTTPConnection, random.Random], None],
    ) -> None:
        """Asks every `pause` seconds until the end, on one connection."""
        source = random.Random(name)
        connection = self.connect()
        due = time.monotonic()
        while (now := time.monotonic()) < self.until:
            if due > now:
                time.sleep(due - now)
            due = max(due + pause, time.monotonic() - 1)
            try:
                ask(connection, source)
                with self._lock:
                    self.answers[name.partition(" ")[0]] += 1
            except (
                OSError,
                http.client.HTTPException,
                AssertionError,
                ValueError,
                KeyError,
            ) as error:
                with self._lock:
                    self.errors[f"{name.partition(' ')[0]}: {error!r:.200}"] += 1
                connection.close()
                connection = self.connect()
        connection.close()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.service.host, self.service.port, timeout=30)

    def ask(
        self,
        connection: http.client.HTTPConnection,
        path: str,
        body: bytes | None,
        status: int = 200,
        **headers: str,
    ) -> Any:
        begun = time.perf_counter()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET" if body is None else "POST", path, body, named)
        answer = connection.getresponse()
        found = answer.read()
        if path == "/v1/classify" and status == 200:
            self.times.append(time.perf_counter() - begun)
        assert answer.status == status, (answer.status, found[:300])
        return found

    def single(self, connection: http.client.HTTPConnection, source: random.Random) -> None:
        record = json.loads(self.ask(connection, "/v1/classify", source.choice(self.bodies)))
        assert record["status"] in ("matched", "unmatched"), record

    def compressed(self, connection: http.client.HTTPConnection, source: random.Random) -> None:
        body = gzip.compress(source.choice(self.bodies))
        self.ask(connection, "/v1/classify", body, content_encoding="gzip")

    def explained(self, connection: http.client.HTTPConnection, source: random.Random) -> None:
        found = self.ask(connection, "/v1/classify?explain=true", source.choice(self.bodies))
        assert "explanations" in json.loads(found)

    def batch(self, connection: http.client.HTTPConnection, source: random.Random) -> None:
        lines = [*source.choices(self.bodies, k=50), b"no advert"]
        found = self.ask(connection, "/v1/classify/batch", b"\n".join(lines)).splitlines()
        records = [json.loads(line) for line in found]
        assert len(records) == len(lines)
        assert records[-1]["status"] == "error"
        assert len({json.dumps(record.get("ruleset")) for record in records[:-1]}) == 1

    def refused(self, connection: http.client.HTTPConnection, source: random.Random) -> None:
        self.ask(connection, "/v1/classify", source.randbytes(300), status=400)

    def scraped(self, connection: http.client.HTTPConnection, _: random.Random) -> None:
        assert b"jobsieve_adverts_total" in self.ask(connection, "/metrics", None)


def publish(store: Path, number: int) -> int:
    with open_store(str(store)) as opened:
        live = opened.live()
        assert live is not None
        others = [each for each in opened.read(live.version) if each.name != "soak"]
        text = ObjectText("rule", "soak", CHANGING.format(number), "soak.rules")
        committed = opened.commit(
            [*others, text], base_version=live.version, author="soak", publish=True
        )
    return committed.version


def memory(pid: int) -> float:
    """Resident, in MB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def adverts(file: Path | None) -> list[bytes]:
    if file is None:
        file = Path(rules.__file__).parent / "starter" / "adverts.jsonl"
    whole = file.read_bytes()
    lines = (gzip.decompress(whole) if file.suffix == ".gz" else whole).splitlines()
    keys = ("id", "title", "description")
    rows = (json.loads(line) for line in lines)
    return [json.dumps({key: row[key] for key in keys if row.get(key)}).encode() for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--every", type=float, default=5, help="seconds between publications")
    parser.add_argument("--rate", type=float, default=400, help="single adverts a second")
    parser.add_argument("--adverts", type=Path)
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    arguments = parser.parse_args()
    bodies = adverts(arguments.adverts)
    with tempfile.TemporaryDirectory() as name:
        store = Path(name) / "store.db"
        subprocess.run(
            command("rules", "import", "--starter", "--store", str(store)),
            check=True,
            capture_output=True,
        )
        log = (Path(name) / "log").open("wb")
        process = subprocess.Popen(
            command("serve", "--port", "0", "--store", str(store)),
            stdout=log,
            env=os.environ
            | {
                "JOBSIEVE_RELOAD_INTERVAL": "0.5",
                "JOBSIEVE_RELOAD_LAST_GOOD": str(Path(name) / "last-good"),
            },
        )
        try:
            result = soak(process, Path(log.name), store, bodies, arguments)
        finally:
            process.terminate()
            status = process.wait(30)
            log.close()
    result["exit_status"] = status
    print(json.dumps(result, indent=1))
    if arguments.save:
        day = datetime.now(UTC).date().isoformat()
        file = RESULTS / f"{day}-soak.json"
        file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def soak(
    process: subprocess.Popen[bytes],
    log: Path,
    store: Path,
    bodies: list[bytes],
    arguments: argparse.Namespace,
) -> dict[str, Any]:
    service = Service(process)
    while b'"ready"' not in log.read_bytes():
        assert process.poll() is None
        time.sleep(0.1)
    events = [json.loads(line) for line in log.read_bytes().splitlines()]
    (listening,) = [event for event in events if event["event"] == "listening"]
    service.host, service.port = listening["host"], listening["port"]
    begun = time.monotonic()
    until = begun + 60 * arguments.minutes
    clients = Soak(service, bodies, arguments.rate, until)
    senders = 8
    loops = [(f"single {n}", senders / arguments.rate, clients.single) for n in range(senders)]
    loops += [
        ("compressed", 0.1, clients.compressed),
        ("explained", 0.2, clients.explained),
        ("batch", 0.5, clients.batch),
        ("refused", 0.2, clients.refused),
        ("scraped", 5.0, clients.scraped),
    ]
    threads = [threading.Thread(target=clients.loop, args=each) for each in loops]
    for thread in threads:
        thread.start()
    memories: list[tuple[float, float]] = []
    published = served = 0
    next_publication = begun
    while (now := time.monotonic()) < until:
        assert process.poll() is None
        memories.append((now - begun, memory(process.pid)))
        if now >= next_publication:
            published += 1
            publish(store, published)
            next_publication += arguments.every
        time.sleep(1)
    for thread in threads:
        thread.join()
    events = [json.loads(line) for line in log.read_bytes().splitlines()]
    served = sum(e["event"] == "reload" and e.get("result") == "accepted" for e in events) - 1
    # One may be overtaken by the next, or come after the last request.
    assert served >= 0.8 * published, f"{served} of {published} rule sets served"
    # The first two minutes fill caches and working memory.
    settled = [value for moment, value in memories if moment > min(120, 30 * arguments.minutes)]
    tenth = max(1, len(settled) // 10)
    first, last = sum(settled[:tenth]) / tenth, sum(settled[-tenth:]) / tenth
    times = sorted(clients.times)
    return {
        "minutes": arguments.minutes,
        "answers": dict(clients.answers),
        "errors": dict(clients.errors),
        "publications": published,
        "reloads": served,
        "log_lines": len(events),
        "single_ms": {
            "average": round(1000 * sum(times) / len(times), 3),
            "p50": round(1000 * times[len(times) // 2], 3),
            "p99": round(1000 * times[int(0.99 * len(times))], 3),
            "p999": round(1000 * times[int(0.999 * len(times))], 3),
            "longest": round(1000 * times[-1], 3),
        },
        "memory_mb": {
            "after_minute_2": round(first, 1),
            "at_the_end": round(last, 1),
            "growth": round(last / first - 1, 4),
            "most": round(max(value for _, value in memories), 1),
            "each_minute": [
                round(value, 1)
                for (moment, value), (other, _) in itertools.pairwise(memories)
                if int(moment // 60) != int(other // 60)
            ],
        },
    }


if __name__ == "__main__":
    main()
