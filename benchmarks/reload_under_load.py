#!/usr/bin/env python3
"""What reloads cost those who ask meanwhile: latency, lost requests, mixed answers, memory.

    .venv/bin/python benchmarks/reload_under_load.py [--seconds 60] [--reloads 1000] [--save]

One service answers by --rules rules of a store; a reload changes one of them: the store is published
forward and rolled back in turn, and the service looks at it every 50 ms. The service runs on one core, wrk
on the other, at 60 % of the rate that the service was measured to bear. A quiet run stands beside each run
with reloads; in it, as much is published in a store that the service does not read, for who publishes
shares wrk's core. Every answer is checked: its category must be that of its version.

Four parts, all by default: `load` reloads as above; `invalid` publishes a version with an error and a good
one in turn; `memory` reloads 2,000 times without a load; `latency` is `load` without a check of bodies.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, insert, select, update

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import rule_sets
from jobsieve.store import ObjectText, Store, open_store
from jobsieve.store.tables import counters, publications

RESULTS = Path(__file__).parent / "results"
POLL = 0.05
SHARE = 0.6
CONNECTIONS = 32
DECIDING = "sesquipedalian"
ADVERT = {
    "title": f"Senior {DECIDING} developer",
    "description": "<p>We build <b>Django</b> services &amp; APIs for hospitals.</p>" * 36,
}
# What wrk runs: a fixed rate by pauses, and a check of each answer.
LUA = """
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = [==[%(body)s]==]
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init() mixed = 0; seen = 0 end
local pause = %(pause)f
if pause > 0 then
  function delay()
    local whole = math.floor(pause)
    if math.random() < pause - whole then return whole + 1 end
    return whole
  end
end
if %(check)s then
  function response(status, headers, body)
    seen = seen + 1
    local version = tonumber(string.match(body, '"version":(%%d+)'))
    local primary = tonumber(string.match(body, '"primary":"v(%%d+)"'))
    if status ~= 200 or version == nil or version ~= primary then mixed = mixed + 1 end
  end
end
function done(summary, latency)
  local mixed, seen = 0, 0
  for _, thread in ipairs(threads) do
    mixed = mixed + thread:get("mixed")
    seen = seen + thread:get("seen")
  end
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests": %%d, "lost": %%d, "mixed": %%d, "checked": %%d, "seconds": %%f,' ..
    ' "p50_us": %%f, "p99_us": %%f, "p999_us": %%f, "max_us": %%f}\\n',
    summary.requests, e.connect + e.read + e.write + e.timeout + e.status, mixed, seen,
    summary.duration / 1e6, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    latency.max))
end
"""


@dataclass(slots=True)
class Service:
    process: subprocess.Popen[str]
    log: Path
    port: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)

    def accepted(self) -> list[dict[str, Any]]:
        """The reloads that were accepted, with the shares of fetch, build and swap."""
        with self.log.open(encoding="utf-8") as log:
            events = [json.loads(line) for line in log if line.startswith("{")]
        return [
            each
            for each in events
            if each.get("event") == "reload" and each.get("result") == "accepted"
        ]

    def ruleset(self) -> dict[str, Any]:
        """What GET /v1/ruleset says; a problem document while there is no rule set."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", "/v1/ruleset")
            document: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return document

    def until(self, version: int | None = None, state: str | None = None) -> None:
        end = time.monotonic() + 60
        while True:
            found = self.ruleset()
            known = "reload" in found and version in (None, found["version"])
            if known and state in (None, found["reload"]["state"]):
                return
            if time.monotonic() > end:
                raise SystemExit(f"version {version}, state {state} not in 60 s: {found}")
            time.sleep(0.005)

    def memory(self) -> int:
        """Resident bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


@contextmanager
def serving(url: str, folder: Path) -> Iterator[Service]:
    log = folder / "log"
    settings = {
        "JOBSIEVE_RELOAD_INTERVAL": str(POLL),
        "JOBSIEVE_RELOAD_LAST_GOOD": str(folder / "last-good"),
        "JOBSIEVE_LOG_ACCESS": "false",
        "JOBSIEVE_LOG_FORMAT": "json",
        "JOBSIEVE_SERVER_THREADS": "1",
        "JOBSIEVE_STORE_URL": url,
    }
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", "from jobsieve.cli import main; main()", "serve", "--port", "0"],
            stdout=out,
            text=True,
            cwd=folder,
            env=os.environ | settings,
        )
    service = Service(process, log)
    try:
        os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
        end = time.monotonic() + 60
        while not (found := re.search(r'"port":(\d+)', log.read_text(encoding="utf-8"))):
            if time.monotonic() > end or process.poll() is not None:
                raise SystemExit(f"the service does not start: {log.read_text(encoding='utf-8')}")
            time.sleep(0.05)
        service.port = int(found[1])
        service.until(version=1)
        yield service
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def fill(store: Store, count: int) -> None:
    """Version 1 and 2 differ in one rule; version 3 holds one that does not compile."""

    def wanted(text: str) -> list[ObjectText]:
        listed = [ObjectText("rule", name, source, "a.rules") for name, source in drawn]
        return [*listed, ObjectText("rule", "deciding", text, "b.rules")]

    drawn = rule_sets.rules(count - 1)
    for number in (1, 2):
        text = f'rule "deciding": when "{DECIDING}" then add category "v{number}" score 9;\n'
        store.commit(wanted(text), base_version=store.head(), author="b", publish=number == 1)
    bad = 'rule "deciding": when then;\n'
    store.commit(wanted(bad), base_version=store.head(), author="b", publish=False)


def switch(store: Store, to: int) -> None:
    """Makes version 1 or a later one live, whichever was live before."""
    if to == 1:
        store.rollback(1, "b")
    else:
        store.publish(to, "b")


def wrk(
    service: Service, folder: Path, seconds: float, pause: float, check: bool
) -> dict[str, Any]:
    script = folder / "load.lua"
    script.write_text(
        LUA % {"body": json.dumps(ADVERT), "pause": pause, "check": str(check).lower()},
        encoding="utf-8",
    )
    done = subprocess.run(
        [
            "taskset",
            "-c",
            str(max(os.sched_getaffinity(0))),
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds:.0f}s",
            "--timeout",
            "10s",
            "-s",
            str(script),
            f"http://127.0.0.1:{service.port}/v1/classify",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"^RESULT (.*)$", done.stdout, re.MULTILINE)
    if found is None:
        raise SystemExit(f"wrk said something new:\n{done.stdout}{done.stderr}")
    result: dict[str, Any] = json.loads(found[1])
    result["requests_per_second"] = result["requests"] / result["seconds"]
    return result


@contextmanager
def publishing(url: str, reloads: int, seconds: float) -> Iterator[None]:
    """Another process that publishes: what it costs must not fall on the service's core."""
    publisher = subprocess.Popen(
        [sys.executable, __file__, "--publish", url, str(reloads), str(seconds)]
    )
    os.sched_setaffinity(publisher.pid, {max(os.sched_getaffinity(0))})
    # Nor may wrk, on the other one, wait for it: that would count as the service's time.
    os.sched_setscheduler(publisher.pid, os.SCHED_IDLE, os.sched_param(0))
    try:
        yield
        publisher.wait(120)
    finally:
        publisher.kill()
        publisher.wait()


def publish(url: str, reloads: int, seconds: float) -> None:
    """Makes versions 2 and 1 live in turn, by bare statements on one connection.

    `Store.publish` would take 8 ms of the processor that wrk runs on, some of it in calls of the system
    that wrk must wait out, and that would count as the service's time: 2.5 times the quiet p99.
    """
    with create_engine(url).connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
        newest = select(publications).order_by(publications.c.id.desc()).limit(1)
        row = dict(connection.execute(newest).mappings().one())
        connection.rollback()
        begun = time.monotonic()
        for number in range(reloads):
            time.sleep(max(0.0, begun + seconds * number / reloads - time.monotonic()))
            version = 2 - number % 2
            kind = "publish" if version == 2 else "rollback"
            row |= {"id": row["id"] + 1, "version": version, "kind": kind}
            with connection.begin():
                connection.execute(insert(publications), row)
                connection.execute(
                    update(counters)
                    .where(counters.c.name == "publications")
                    .values(next_id=row["id"] + 1)
                )


def load(
    service: Service, url: str, folder: Path, given: argparse.Namespace, check: bool
) -> dict[str, Any]:
    unread = f"sqlite:///{folder / 'unread.db'}"
    if not (folder / "unread.db").exists():
        with open_store(unread) as store:
            fill(store, 1)
    capacity = wrk(service, folder, 5, 0, check)["requests_per_second"]
    # Milliseconds between the requests of one connection; a little of it is the answer's own time.
    pause = CONNECTIONS / (SHARE * capacity) * 1000
    rounds = []
    for _ in range(given.rounds):
        with publishing(unread, given.reloads, given.seconds):
            quiet = wrk(service, folder, given.seconds, pause, check)
        before = len(service.accepted())
        with publishing(url, given.reloads, given.seconds):
            busy = wrk(service, folder, given.seconds, pause, check)
        accepted = service.accepted()[before:]
        rounds.append(
            {
                "quiet": quiet,
                "reloading": busy,
                "reloads": len(accepted),
                "p99_ratio": busy["p99_us"] / quiet["p99_us"],
                "p999_ratio": busy["p999_us"] / quiet["p999_us"],
                **{
                    f"{part}_ms": statistics.median(each[f"{part}_seconds"] for each in accepted)
                    * 1000
                    for part in ("fetch", "build", "swap")
                },
            }
        )
    return {"capacity": capacity, "rounds": rounds}


def invalid(service: Service, store: Store, folder: Path, times: int) -> dict[str, Any]:
    """A version with an error and a good one in turn, under load."""
    script = folder / "load.lua"
    script.write_text(
        LUA % {"body": json.dumps(ADVERT), "pause": 20, "check": "true"}, encoding="utf-8"
    )
    switch(store, 1)
    service.until(version=1, state="current")
    running = subprocess.Popen(
        [
            "wrk",
            "-t1",
            "-c8",
            "-d600s",
            "-s",
            str(script),
            f"http://127.0.0.1:{service.port}/v1/classify",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    for _ in range(times):
        switch(store, 3)
        service.until(version=1, state="rejected")
        switch(store, 1)
        service.until(version=1, state="current")
    # wrk gives its result when it is interrupted.
    running.send_signal(signal.SIGINT)
    told, _ = running.communicate(timeout=30)
    found = re.search(r"^RESULT (.*)$", told, re.MULTILINE)
    result: dict[str, Any] = json.loads(found[1]) if found else {}
    return {"alternations": times, **result}


def memory(service: Service, url: str) -> dict[str, Any]:
    """Resident memory after the 200th reload and after the 2,000th."""
    found = {}
    with open_store(url, create=False) as store:
        for number in range(2_000):
            version = 2 - number % 2
            switch(store, version)
            service.until(version=version, state="current")
            if number + 1 in (200, 1_000, 2_000):
                found[number + 1] = service.memory()
    return {
        "resident_bytes": found,
        "growth_after_200": found[2_000] / found[200] - 1,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rules", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--reloads", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--store", help="URL of an empty store; by default an SQLite file")
    parser.add_argument("--only", choices=("latency", "load", "invalid", "memory"), action="append")
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    parser.add_argument("--publish", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.publish:
        publish(given.publish[0], int(given.publish[1]), float(given.publish[2]))
        return
    for program in ("wrk", "taskset"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is needed: apt-get install wrk util-linux")
    result: dict[str, Any] = {"rules": given.rules, "poll_seconds": POLL}
    parts = given.only or ["latency", "load", "invalid", "memory"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = given.store or f"sqlite:///{folder / 'rules.db'}"
        with open_store(url) as store:
            fill(store, given.rules)
            with serving(url, folder) as service:
                if "latency" in parts:
                    result["latency"] = load(service, url, folder, given, check=False)
                if "load" in parts:
                    result["load"] = load(service, url, folder, given, check=True)
                if "invalid" in parts:
                    result["invalid"] = invalid(service, store, folder, 200)
                if "memory" in parts:
                    result["memory"] = memory(service, url)
    print(json.dumps(result, indent=1))
    if given.save:
        day = datetime.now(UTC).date().isoformat()
        file = RESULTS / f"{day}-reload-under-load.json"
        file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
