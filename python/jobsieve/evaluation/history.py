"""How often a set of adverts was used to judge, and how that went: one JSON line for each time.

A half that is scored again and again while rules are written is no longer unseen; its figure is worth
only as much as this count is small.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from jobsieve.errors import FileError
from jobsieve.evaluation.judgement import Evaluation


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One judgement. `adverts` is a digest of the ids judged: the same adverts give the same."""

    time: str
    examples: str
    adverts: str
    half: str
    ruleset: str
    judged: int
    right: int
    covered: int
    note: str = ""


def entry(found: Evaluation, *, time: str, examples: str, half: str | None, note: str) -> Entry:
    """What is remembered of a judgement."""
    return Entry(
        time=time,
        examples=examples,
        adverts=_digest(each.advert.id for each in found.outcomes),
        half=half or "all",
        ruleset=found.ruleset,
        judged=found.accuracy.of,
        right=found.accuracy.hits,
        covered=found.coverage.hits,
        note=note,
    )


def read(file: Path) -> list[Entry]:
    """The entries of a file, none where it does not exist. Raises `FileError`."""
    try:
        lines = file.read_bytes().splitlines()
        return [msgspec.json.decode(line, type=Entry) for line in lines if line.strip()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError("read the history", file, error.strerror or str(error)) from error
    except msgspec.MsgspecError as error:
        raise FileError("read the history", file, f"it holds something else: {error}") from None


def append(file: Path, new: Entry) -> int:
    """Adds an entry; returns how often these adverts have been judged now. Raises `FileError`."""
    times = sum(each.adverts == new.adverts for each in read(file)) + 1
    try:
        with file.open("ab") as out:
            out.write(msgspec.json.encode(new) + b"\n")
    except OSError as error:
        raise FileError("write the history", file, error.strerror or str(error)) from error
    return times


def _digest(ids: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:16]
