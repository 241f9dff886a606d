#!/usr/bin/env python3
"""Makes mistakes in the matcher, one by one, and tells which the tests do not notice.

    .venv/bin/python scripts/mutate_matcher.py [NUMBER...]

Each change of scripts/mutations.toml is made in a copy of the project in a temporary folder, the extension
is built there, and the comparison of the three matchers is run. A change that does not build, or that the
comparison does not notice, ends in exit status 1. About 20 s each.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENGINE = Path("crates/engine/src/engine")
TEST = "tests/test_matcher.py::test_three_matchers_agree_on_random_pairs"


def copy(folder: Path) -> None:
    for name in ("Cargo.toml", "Cargo.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    skip = shutil.ignore_patterns("*.so", "__pycache__", "starter")
    # All members of the workspace must be there, or cargo builds none.
    for name in ("crates", "fuzz", "python", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=skip)


def change(source: str, mutation: dict[str, str]) -> str:
    find = mutation["find"]
    if source.count(find) != 1:
        raise SystemExit(f"this stands {source.count(find)} times, not once: {find}")
    return source.replace(find, mutation["replace"])


def build(folder: Path, target: Path) -> str | None:
    """What the compiler complains of, None where it does not."""
    # Unoptimised builds would make the comparison slow; the dev profile is optimised a little.
    command = ["cargo", "build", "--quiet", "--locked", "-p", "jobsieve-python"]
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return done.stderr
    shutil.copy(target / "debug" / "lib_core.so", folder / "python/jobsieve/_core.abi3.so")
    return None


def agrees(folder: Path) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", TEST]
    environment = os.environ | {"PYTHONPATH": str(folder / "python")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    return done.returncode == 0


def main() -> None:
    mutations = tomllib.loads((ROOT / "scripts/mutations.toml").read_text())["mutation"]
    wanted = [int(argument) for argument in sys.argv[1:]] or range(1, len(mutations) + 1)
    unnoticed = []
    with tempfile.TemporaryDirectory() as name:
        folder, target = Path(name) / "project", Path(name) / "target"
        folder.mkdir()
        copy(folder)
        if complaint := build(folder, target):
            raise SystemExit(f"the copy does not build:\n{complaint}")
        if not agrees(folder):
            raise SystemExit("the comparison fails without any change")
        for number in wanted:
            mutation = mutations[number - 1]
            file = folder / ENGINE / mutation["file"]
            before = file.read_text()
            after = change(before, mutation)
            file.write_text(after)
            if build(folder, target):
                verdict = "does not build"
            else:
                verdict = "NOT NOTICED" if agrees(folder) else "noticed"
            file.write_text(before)
            if verdict != "noticed":
                unnoticed.append(number)
            print(
                f"{number:3} {verdict:15} {mutation['file']}: {mutation['find'][:70]!r}", flush=True
            )
    if unnoticed:
        raise SystemExit(f"not noticed: {unnoticed}")


if __name__ == "__main__":
    main()
