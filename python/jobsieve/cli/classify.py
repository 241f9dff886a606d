"""`jobsieve classify`: files of adverts in, one record each out, in order."""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click
import msgspec

from jobsieve.cli import adverts
from jobsieve.cli.context import RULES, STORE, Context
from jobsieve.cli.output import note
from jobsieve.errors import FileError

if TYPE_CHECKING:
    from jobsieve.cli.adverts import Row
    from jobsieve.snapshot import Snapshot

# Large enough that the border to Rust costs nothing, small enough that progress is seen.
CHUNK = 1_000
# How the names of files of JSON lines end.
ENDINGS = ("", ".jsonl", ".ndjson", ".json")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@RULES
@STORE
@click.option(
    "--output",
    "-o",
    default="-",
    metavar="FILE",
    help="Where records go, as JSON lines; .gz is compressed.",
)
@click.pass_obj
def classify(
    context: Context,
    files: tuple[str, ...],
    rule_paths: tuple[Path, ...],
    store_url: str | None,
    output: str,
) -> None:
    """Classify the adverts of files: one JSON record a line for each, in order.

    A FILE holds JSON lines with "id", "title", "description" and "fields", or is CSV with columns of
    these names and of those of the declared fields (a name that ends in .csv); .gz is uncompressed; - is
    standard input. Rules come from --rules, else from the store, else they are the starter rules.

    A refused advert gives a record of status "error"; the others go on, and the exit status is 1. The
    output file appears when all is done; if that fails, one that was there before stays as it was.
    """
    _check_output(output, files)
    snapshot = context.snapshot(rule_paths, store_url)
    largest_cell = context.settings().server.max_body_bytes
    tally = Tally()
    with _writing(output) as out:
        for file in files:
            read = adverts.read(file, largest_cell=largest_cell, fields=snapshot.ruleset.fields)
            for rows in _chunks(read):
                tally.add(snapshot, rows, out)
    tally.show()
    if tally.errors:
        raise click.exceptions.Exit(1)


class Output(Protocol):
    """Where records go."""

    def write(self, data: bytes, /) -> object: ...


class Tally:
    """Counts and the time that the engine took."""

    def __init__(self) -> None:
        self.adverts = self.matched = self.errors = 0
        self.seconds = 0.0
        self._terminal = sys.stderr is not None and sys.stderr.isatty()

    def add(self, snapshot: Snapshot, rows: list[Row], out: Output) -> None:
        """Classifies one chunk and writes its records."""
        lines = [row for row in rows if isinstance(row, bytes)]
        start = time.perf_counter()
        answers = iter(snapshot.ruleset.classify_lines(lines, version=snapshot.version))
        self.seconds += time.perf_counter() - start
        records = [next(answers) if isinstance(row, bytes) else row.record() for row in rows]
        out.write(b"\n".join(records) + b"\n")
        for record in records:
            status = msgspec.json.decode(record, type=_Status).status
            self.matched += status == "matched"
            self.errors += status == "error"
        self.adverts += len(records)
        if self._terminal:
            click.echo(f"\r{self.adverts:,} adverts", nl=False, err=True)

    def show(self) -> None:
        """The sum, on standard error."""
        if self._terminal and self.adverts:
            click.echo("\r", nl=False, err=True)
        share = f"{self.matched / self.adverts:.1%}" if self.adverts else "none"
        rate = f", {self.adverts / self.seconds:,.0f} adverts/s" if self.seconds else ""
        errors = f", {self.errors:,} refused" if self.errors else ""
        note(f"{self.adverts:,} adverts, {self.matched:,} matched ({share}){errors}{rate}")


class _Status(msgspec.Struct):
    status: str


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _check_output(output: str, files: Iterable[str]) -> None:
    if output == "-":
        return
    if adverts.ending(output) not in ENDINGS:
        raise click.BadParameter(
            f"records can't be written as {adverts.ending(output)}, only as JSON lines: name a file that "
            "ends in .jsonl, .ndjson or .json, or these with .gz",
            param_hint="--output",
        )
    # What is no ordinary file, a terminal say, may be both.
    if _is_stream(output):
        return
    for file in files:
        with suppress(OSError):
            if file != "-" and Path(output).samefile(file):
                message = f"the output would overwrite the input {file}"
                raise click.BadParameter(message, param_hint="--output")


def _is_stream(file: str) -> bool:
    """Whether `file` is there and is no ordinary file: a pipe, say, or a device."""
    try:
        return not stat.S_ISREG(Path(file).stat().st_mode)
    except OSError:
        return False


@contextmanager
def _writing(file: str) -> Iterator[Output]:
    if file == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        if _is_stream(file):
            with _compressing(file, Path(file)) as out:
                yield out
            return
        # Beside the file that a link leads to, so that the link stays and the name changes at once.
        target = Path(os.path.realpath(file))
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with _compressing(file, part) as out:
                yield out
            if target.exists():
                shutil.copymode(target, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise FileError("write", file, error.strerror or str(error)) from error


@contextmanager
def _compressing(name: str, file: Path) -> Iterator[Output]:
    with file.open("wb") as raw:
        if adverts.is_compressed(name):
            # The same input gives the same bytes: no time of day in the head of the .gz file.
            with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as out:
                yield out
        else:
            yield raw
