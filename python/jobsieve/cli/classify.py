"""`jobsieve classify`: files of adverts in, one record each out, in order."""

from __future__ import annotations

import csv
import gzip
import sys
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click
import msgspec

from jobsieve.cli.context import Context
from jobsieve.cli.output import note
from jobsieve.errors import FileError

if TYPE_CHECKING:
    from jobsieve.snapshot import Snapshot

# Large enough that the border to Rust costs nothing, small enough that progress is seen.
CHUNK = 1_000
COLUMNS = ("id", "title", "description")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--rules",
    "rule_paths",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Rule file or folder to use; may be given several times.",
)
@click.option("--store", "store_url", metavar="URL", help="Store whose live rules are used.")
@click.option(
    "--output", "-o", default="-", metavar="FILE", help="Where records go; .gz is compressed."
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

    A FILE holds JSON lines with "id", "title" and "description", or is CSV with these columns (a name
    that ends in .csv); .gz is uncompressed; - is standard input. Rules come from --rules, else from the
    store, else they are the starter rules.

    A refused advert gives a record of status "error"; the others go on, and the exit status is 1.
    """
    snapshot = context.snapshot(rule_paths, store_url)
    if output != "-" and any(Path(output).absolute() == Path(file).absolute() for file in files):
        raise click.BadParameter("the output would overwrite an input", param_hint="--output")
    tally = Tally()
    with _writing(output) as out:
        for file in files:
            for lines in _chunks(read_lines(file)):
                tally.add(snapshot, lines, out)
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
        self._terminal = sys.stderr.isatty()

    def add(self, snapshot: Snapshot, lines: list[bytes], out: Output) -> None:
        """Classifies one chunk and writes its records."""
        start = time.perf_counter()
        records = snapshot.ruleset.classify_lines(lines, version=snapshot.version)
        self.seconds += time.perf_counter() - start
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


def _chunks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    iterator = iter(lines)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def read_lines(file: str) -> Iterator[bytes]:
    """The adverts of a file, each as JSON."""
    try:
        with _reading(file) as stream:
            if file.removesuffix(".gz").lower().endswith(".csv"):
                yield from _csv_rows(file, stream)
            else:
                for line in stream:
                    if line.strip():
                        yield line
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FileError("read adverts from", file, reason) from error


@contextmanager
def _reading(file: str) -> Iterator[Iterable[bytes]]:
    if file == "-":
        yield sys.stdin.buffer
    elif file.endswith(".gz"):
        with gzip.open(file) as stream:
            yield stream
    else:
        with Path(file).open("rb") as stream:
            yield stream


def _csv_rows(file: str, stream: Iterable[bytes]) -> Iterator[bytes]:
    # A byte order mark is how spreadsheets begin a file; it is no part of the first name.
    lines = (
        line.decode("utf-8-sig" if number == 0 else "utf-8") for number, line in enumerate(stream)
    )
    reader = csv.DictReader(lines, strict=True)
    try:
        columns = reader.fieldnames or []
        unknown = [name for name in columns if name not in COLUMNS]
        if unknown or not {"title", "description"} & set(columns):
            found = ", ".join(map(repr, columns)) or "none"
            raise FileError(
                "read adverts from",
                file,
                f"its first line must name the columns {', '.join(COLUMNS)}; it names {found}",
            )
        for row in reader:
            if None in row or None in row.values():
                reason = f"line {reader.line_num} has not as many cells as the first line"
                raise FileError("read adverts from", file, reason)
            yield msgspec.json.encode({name: cell for name, cell in row.items() if cell})
    except (csv.Error, UnicodeDecodeError) as error:
        reason = f"near line {reader.line_num + 1}: {error}"
        raise FileError("read adverts from", file, reason) from error


@contextmanager
def _writing(file: str) -> Iterator[Output]:
    if file == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        # The same input gives the same bytes: no time of day in the head of the .gz file.
        with Path(file).open("wb") as raw:
            if file.endswith(".gz"):
                with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as out:
                    yield out
            else:
                yield raw
    except OSError as error:
        raise FileError("write", file, error.strerror or str(error)) from error
