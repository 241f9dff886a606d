"""What it costs to classify from Python: many adverts on one and two cores, a call, a rule set's memory.

    .venv/bin/python benchmarks/batches.py RULES ADVERTS [--rounds 5] [--json FILE]

RULES is a rule file or folder, ADVERTS a file of JSON lines (`.gz` too). Each batch runs in a process of its
own, since the number of threads is set when a process begins; answers are compared. Two processes of one
thread each, at the same time, show how much two cores are worth just then: those of a virtual machine may be
two threads of one. The memory that the
rule set tells is compared with what a process grows by that loads its bundle.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jobsieve
from jobsieve import rules


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", type=Path)
    parser.add_argument("adverts", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--part", choices=["batch", "load"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part == "batch":
        told: object = batch(arguments.rules, arguments.adverts)
    elif arguments.part == "load":
        told = load(arguments.rules)
    else:
        told = whole(arguments.rules, arguments.adverts, arguments.rounds)
        if arguments.json:
            arguments.json.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told))


def whole(path: Path, adverts: Path, rounds: int) -> dict[str, float]:
    built = jobsieve.compile(rules.read_files([path]))
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "rules.bundle"
        built.save(bundle)
        seconds: dict[int, list[float]] = {1: [], 2: []}
        apart: list[float] = []
        answers = set()
        # Turn by turn, so that a busy machine is busy for both.
        for _ in range(rounds):
            for threads in seconds:
                took, found = part("batch", bundle, adverts, threads)
                seconds[threads].append(took)
                answers.add(found)
            both = [begin("batch", bundle, adverts, 1) for _ in range(2)]
            apart.append(statistics.mean(end(each)[0] for each in both))
        assert len(answers) == 1, "answers depend on the number of threads"
        (memory,) = part("load", bundle, adverts, 1)
        one, two = (statistics.median(each) for each in seconds.values())
        worth = 2 * one / statistics.median(apart)
        count = len(rows(adverts))
        return {
            "adverts": count,
            "rules": built.rule_count,
            "batch_one_thread_us": one / count * 1e6,
            "batch_two_threads_us": two / count * 1e6,
            "speedup": one / two,
            "worth_of_two_cores": worth,
            "call_of_one_word_us": call(lambda: built.classify(title="x")) * 1e6,
            "memory_told": built.memory_bytes,
            "memory_grown": memory,
        }


def part(name: str, bundle: Path, adverts: Path, threads: int) -> list[float]:
    return end(begin(name, bundle, adverts, threads))


def begin(name: str, bundle: Path, adverts: Path, threads: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, str(bundle), str(adverts), "--part", name],
        env=os.environ | {"RAYON_NUM_THREADS": str(threads)},
        stdout=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> list[float]:
    output, _ = process.communicate()
    if process.returncode != 0:
        raise SystemExit("a part of the benchmark failed")
    told: list[float] = json.loads(output)
    return told


def batch(bundle: Path, adverts: Path) -> tuple[float, int]:
    """Seconds for all adverts, and how many rules matched."""
    loaded = jobsieve.RuleSet.load(bundle)
    given = rows(adverts)
    loaded.classify_many(given)
    begun = time.perf_counter()
    found = loaded.classify_many(given)
    took = time.perf_counter() - begun
    return took, sum(len(each.matched_rules) for each in found)


def load(bundle: Path) -> list[int]:
    """The bytes that the process grows by, of memory that is used."""
    # The lexicon and the threads are there for any rule set.
    jobsieve.compile('rule "r": when "nurses" then add category "c";').classify_many(
        [{"title": "x"}]
    )
    before = resident()
    kept = jobsieve.RuleSet.load(bundle)
    grown = resident() - before
    assert kept.rule_count
    return [grown]


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def call(work: Callable[[], object]) -> float:
    """The seconds of one call: the least of several medians."""
    times = []
    for _ in range(20):
        begun = time.perf_counter()
        for _ in range(2000):
            work()
        times.append((time.perf_counter() - begun) / 2000)
    return min(times)


def rows(adverts: Path) -> list[dict[str, str]]:
    opened = gzip.open if adverts.suffix == ".gz" else open
    with opened(adverts, "rt", encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines]
    return [{key: row[key] for key in ("title", "description") if row.get(key)} for row in read]


if __name__ == "__main__":
    main()
