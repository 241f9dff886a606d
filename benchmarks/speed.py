#!/usr/bin/env python3
"""What an advert costs, against a floor that splits its text at spaces and looks each word up.

    .venv/bin/python benchmarks/speed.py [--data FOLDER] [--save] [--plot FILE]

Writes the scenarios of `scenarios.py` into a temporary folder and has `cargo bench --bench classify`
measure them in turn; it checks the answers first. Scenarios whose data is missing are named and left out.
`--data` names a folder with `percolation/`, `adverts-html.jsonl.gz` and `onet-titles.tsv.gz`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import scenarios

RESULTS = Path(__file__).parent / "results"
BENCH = ["cargo", "bench", "--locked", "--quiet", "-p", "jobsieve-engine", "--bench", "classify"]
Result = dict[str, Any]


def prepared(data: Path | None, folder: Path) -> Iterator[Path]:
    """The folders of all scenarios for which there is data."""
    for count in (1_000, 10_000, 100_000):
        yield scenarios.generated(folder / f"generated-{count}", count)
    if data is None:
        print("no --data: only generated rules are measured")
        return
    if (data / "percolation").is_dir():
        for count in (1_000, 10_000, 50_000):
            yield scenarios.percolation(
                data / "percolation", folder / f"percolation-{count}", count
            )
    else:
        print(f"left out, there is no {data / 'percolation'}: percolation")
    adverts, titles = data / "adverts-html.jsonl.gz", data / "onet-titles.tsv.gz"
    if not adverts.is_file():
        print(f"left out, there is no {adverts}: occupations, starter")
        return
    yield scenarios.starter(adverts, folder / "starter-html", markup=True)
    yield scenarios.starter(adverts, folder / "starter-text", markup=False)
    if titles.is_file():
        yield scenarios.occupations(titles, adverts, folder / "occupations")
    else:
        print(f"left out, there is no {titles}: occupations")


def measure(folders: list[Path]) -> list[Result]:
    """All scenarios in turn, on one core where the system lets it choose."""
    pinned = ["taskset", "-c", str(max(os.sched_getaffinity(0)))] if shutil.which("taskset") else []
    done = subprocess.run(
        [*pinned, *BENCH, "--", *map(str, folders)], stdout=subprocess.PIPE, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()[-len(folders) :]]


def instructions(folder: Path) -> int | None:
    """Instructions that an advert costs, counted by valgrind; None where that is missing."""
    if shutil.which("valgrind") is None:
        return None
    built = subprocess.run(
        [*BENCH, "--no-run", "--message-format=json"], stdout=subprocess.PIPE, text=True, check=True
    )
    found = [json.loads(line).get("executable") for line in built.stdout.splitlines()]
    program = [path for path in found if path][-1]
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    done = subprocess.run(
        [*tool, "--toggle-collect=*classify_all*", program, "--only-classify", "1", str(folder)],
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    counted = re.search(r"Collected : (\d+)", done.stderr)
    if counted is None:
        raise SystemExit(f"valgrind said something new:\n{done.stderr}")
    adverts = (folder / "adverts.jsonl").read_text(encoding="utf-8").count("\n")
    return int(counted[1]) // adverts


def plot(results: list[Result], file: Path) -> None:
    """Cost, as a multiple of the floor's, against the number of rules."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for name in ("percolation", "generated"):
        of_name = [result for result in results if result["scenario"].startswith(name)]
        of_name.sort(key=lambda result: result["rules"])
        rules = [result["rules"] for result in of_name]
        axes.plot(rules, [result["ratio"] for result in of_name], marker="o", label=name)
    axes.axhline(1, linestyle="--", color="grey", label="floor")
    axes.set(xscale="log", xlabel="rules", ylabel="cost of an advert / floor", ylim=(0, None))
    axes.legend()
    figure.savefig(file, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--data", type=Path, help="a folder of data that is not part of the project"
    )
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    parser.add_argument("--plot", type=Path, help="draw cost against number of rules (matplotlib)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folders = list(prepared(arguments.data, Path(folder)))
        results = measure(folders)
        for result, scenario in zip(results, folders, strict=True):
            result["instructions"] = instructions(scenario)
    print(
        f"{'':20}{'floor µs':>10}{'engine µs':>10}{'ratio':>7}{'adverts/s':>11}{'instructions':>14}"
        f"{'read MB/s':>11}{'read ns/word':>14}{'floor ns/word':>15}"
    )
    for found in results:
        print(
            "{scenario:20}{floor_us:10.1f}{whole_us:10.1f}{ratio:7.2f}{adverts_per_s:11,.0f}"
            "{instructions!s:>14}".format(**found)
            + f"{found['bytes'] / found['read_us']:11.0f}"
            f"{found['read_us'] / found['words'] * 1e3:14.1f}"
            f"{found['floor_us'] / found['words'] * 1e3:15.1f}"
        )
    if arguments.save:
        day = datetime.now(UTC).date().isoformat()
        machine = f"{platform.machine()}, {os.cpu_count()} cores"
        text = json.dumps({"machine": machine, "results": results}, indent=1) + "\n"
        (RESULTS / f"{day}-speed.json").write_text(text, encoding="utf-8")
    if arguments.plot:
        plot(results, arguments.plot)


if __name__ == "__main__":
    main()
