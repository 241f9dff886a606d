#!/usr/bin/env python3
"""How much a busy Python thread slows requests: the data plane must not feel it.

    .venv/bin/python benchmarks/busy_interpreter.py [--rounds 5] [--seconds 3] [--save]

Three services answer the same advert by the starter rules, in turn, round after round: one whose Python is
idle, one with a Python thread that computes without end, and one beside another process that computes
without end. The second and third load the machine alike; what the second costs beyond the third is the
interpreter's lock. Latencies are wrk's, medians over the rounds. Every answer must be a 200.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path

from jobsieve import _core, rules, snapshot

MODES = ("idle", "python thread", "other process")
BUSY = "while True: sum(range(1000))"
ADVERT = {
    "title": "Senior Python Developer",
    "description": "<p>We build <b>Django</b> services &amp; APIs for hospitals.</p>" * 36,
}
LUA = (
    'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\nwrk.body = [==[%s]==]\n'
)
RESULTS = Path(__file__).parent / "results"


def serve(mode: str) -> None:
    """The service process: says its port, serves until its input closes."""
    ruleset = snapshot.compile(rules.starter_files())
    record = json.loads(ruleset.classify_json(json.dumps(ADVERT).encode()))
    if record["primary"] != "it/developers/python":
        raise SystemExit(f"a wrong answer: {record}")
    settings = {"port": 0, "workers": 1, "access_log": False}
    server = _core.Server.start(json.dumps(settings).encode())
    server.publish(ruleset, 1, b"{}", "")
    assert server.address is not None
    if mode == "python thread":
        threading.Thread(target=exec, args=(BUSY,), daemon=True).start()
    print(server.address[1], flush=True)
    sys.stdin.read()


def measure(mode: str, script: Path, seconds: int) -> dict[str, float]:
    """One run of wrk against one service: p50 and p99 in microseconds, requests a second."""
    service = subprocess.Popen(
        [sys.executable, __file__, "--serve", mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    other = subprocess.Popen([sys.executable, "-c", BUSY]) if mode == "other process" else None
    try:
        assert service.stdout is not None
        port = int(service.stdout.readline())
        command = ["wrk", "-t1", "-c8", f"-d{seconds}s", "--latency", "-s", str(script)]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{port}/v1/classify"],
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        service.kill()
        service.wait()
        if other is not None:
            other.kill()
            other.wait()
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(f"requests failed:\n{done.stdout}")
    found = dict(re.findall(r"^\s+(50|99)%\s+(\S+)$", done.stdout, re.MULTILINE))
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if rate is None or len(found) != 2:
        raise SystemExit(f"wrk said something new:\n{done.stdout}")
    return {
        "p50_us": microseconds(found["50"]),
        "p99_us": microseconds(found["99"]),
        "requests_per_second": float(rate[1]),
    }


def microseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 1, "ms": 1_000, "s": 1_000_000}[unit]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    parser.add_argument("--serve", choices=MODES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed: apt-get install wrk")
    runs: dict[str, list[dict[str, float]]] = {mode: [] for mode in MODES}
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(LUA % json.dumps(ADVERT), encoding="utf-8")
        for _ in range(arguments.rounds):
            for mode in MODES:
                runs[mode].append(measure(mode, script, arguments.seconds))
    medians = {
        mode: {key: statistics.median(run[key] for run in found) for key in found[0]}
        for mode, found in runs.items()
    }
    print(f"{'':16}{'p50 µs':>10}{'p99 µs':>10}{'requests/s':>12}")
    for mode, found in medians.items():
        print(
            f"{mode:16}" + "{p50_us:10.0f}{p99_us:10.0f}{requests_per_second:12.0f}".format(**found)
        )
    ratios = {
        key: medians["python thread"][key] / medians["other process"][key]
        for key in ("p50_us", "p99_us")
    }
    print("python thread / other process: p50 {p50_us:.2f}, p99 {p99_us:.2f}".format(**ratios))
    if arguments.save:
        day = datetime.now(UTC).date().isoformat()
        result = {"machine": platform.machine(), "medians": medians, "ratios": ratios, "runs": runs}
        file = RESULTS / f"{day}-busy-interpreter.json"
        file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
