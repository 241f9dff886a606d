"""Files of adverts: each row as JSON, or why it is none.

What an advert must hold is the engine's affair; this module knows JSON lines and CSV.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path, PurePath
from typing import IO, TypeAlias

import msgspec

from jobsieve.diagnostics import visible
from jobsieve.errors import FileError, separator_advice

COLUMNS = ("id", "title", "description")
# What a table of adverts may come as, and would only be read as rubbish.
_UNREADABLE = (".parquet", ".xls", ".xlsx", ".zip", ".xz", ".bz2", ".zst")
_MARK = b"\xef\xbb\xbf"


class Unreadable(msgspec.Struct, frozen=True):
    """A row of a table that is no advert; `reason` begins with the file and the line. `field` is the
    declared field whose cell is to blame, if one is."""

    id: str | None
    reason: str
    field: str | None = None

    def record(self) -> bytes:
        """The record of this row, as the engine writes those of the adverts that it refuses."""
        record: dict[str, object] = {} if self.id is None else {"id": self.id}
        record["status"] = "error"
        error = {"code": "invalid-row", "title": "The row can't be read", "detail": self.reason}
        if self.field is not None:
            error |= {"code": "wrong-type", "title": "A value has the wrong type"}
            error["key"] = f"fields.{self.field}"
        record["error"] = error
        return msgspec.json.encode(record)


Row: TypeAlias = bytes | Unreadable


def ending(name: str) -> str:
    """How the name of a file ends, without `.gz`, in lower case: `.csv`, or nothing."""
    path = PurePath(name)
    return PurePath(path.stem if is_compressed(name) else path.name).suffix.lower()


def is_compressed(name: str) -> bool:
    """Whether the name of a file says that it is compressed."""
    return name.lower().endswith(".gz")


def read(
    file: str,
    *,
    largest_cell: int,
    fields: Mapping[str, str] | None = None,
    more_columns: bool = False,
) -> Iterator[Row]:
    """The rows of a file, `-` for standard input; a cell of CSV has at most `largest_cell` characters.

    `fields` are the kinds of the declared fields: columns of a table may have their names. A cell of
    several keywords has `|` between them. A column of another name is a mistake unless there may be
    `more_columns`: labels, say. Raises `FileError` where the file as a whole can't be read.
    """
    if ending(file) in _UNREADABLE:
        reason = "only JSON lines and CSV can be read, plain or as .gz"
        raise FileError("read adverts from", file, reason)
    try:
        with _opened(file) as stream:
            if ending(file) == ".csv":
                yield from _table_rows(file, stream, largest_cell, fields or {}, more_columns)
            else:
                yield from _lines(stream)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FileError("read adverts from", file, reason) from error


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    if file == "-":
        # Python has none where the process was started with a closed one.
        if sys.stdin is None:
            raise FileError("read adverts from", "standard input", "it is closed")
        yield sys.stdin.buffer
    elif is_compressed(file):
        with gzip.open(file) as stream:
            yield stream  # type: ignore[misc]  # typeshed: a GzipFile is no IO[bytes]
    else:
        with Path(file).open("rb") as stream:
            yield stream


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    for number, line in enumerate(stream):
        # A byte order mark is how some programs begin a file; it is no part of the advert.
        row = line.removeprefix(_MARK) if number == 0 else line
        if row.strip():
            yield row


def _table_rows(
    file: str, stream: IO[bytes], largest_cell: int, fields: Mapping[str, str], more_columns: bool
) -> Iterator[Row]:
    # What is not UTF-8 must not end the reading: it is found again in the cells.
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
    csv.field_size_limit(largest_cell)
    reader = csv.reader(text, strict=True)
    try:
        columns = _columns(file, reader, fields, more_columns)
        while True:
            first = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Unreadable(None, f"{_place(file, first, reader.line_num)}: {error}")
                continue
            if cells:
                yield _row(columns, cells, _place(file, first, reader.line_num), fields)
    finally:
        # Whoever opened the stream closes it.
        text.detach()


def _columns(
    file: str, reader: Iterator[list[str]], fields: Mapping[str, str], more_columns: bool
) -> list[str]:
    try:
        head = next(reader, [])
    except csv.Error as error:
        raise FileError("read adverts from", file, f"its first line: {error}") from error
    spelt = {name.lower(): name for name in fields}
    columns = [spelt.get(name, name) for name in (cell.strip().lower() for cell in head)]
    known = (*COLUMNS, *fields)
    wanted = f"its first line must name the columns {', '.join(known)}"
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        names = ", ".join(map(repr, twice))
        raise FileError("read adverts from", file, f"{wanted}; it names {names} more than once")
    unknown = set(columns) - set(known) and not more_columns
    if unknown or not {"title", "description"} & set(columns):
        found = ", ".join(map(repr, head)) or "none"
        reason = f"{wanted}; it names {found}{separator_advice(head)}"
        raise FileError("read adverts from", file, reason)
    return columns


def _row(columns: list[str], cells: list[str], place: str, fields: Mapping[str, str]) -> Row:
    named = dict(zip(columns, cells, strict=False))
    advert_id = named.get("id") or None
    given = {name: cell for name, cell in named.items() if cell}
    values: dict[str, object] = {}
    wrong = None
    for name, kind in fields.items():
        if name in given:
            cell = given.pop(name)
            values[name] = value(cell, kind)
            if values[name] is None:
                column = f"column {columns.index(name) + 1} ({name})"
                reason = f"{place}, {column}: {KINDS[kind]} is due, not {_shown(cell)}"
                wrong = wrong or Unreadable(advert_id, reason, name)
    row: dict[str, object] = {**given, **({"fields": values} if values else {})}
    try:
        if advert_id is not None:
            advert_id.encode()
        encoded = msgspec.json.encode(row)
    except UnicodeEncodeError:
        return Unreadable(None, f"{place}: it is not UTF-8; save the table as CSV in UTF-8")
    if len(cells) != len(columns):
        reason = f"it has {len(cells)} cells and the first line {len(columns)}"
        return Unreadable(advert_id, f"{place}: {reason}")
    return wrong or encoded


# As JSON writes numbers, without an exponent.
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LONGEST_SHOWN = 40

# What a cell of each kind must be, in words.
KINDS = {
    "text": "text",
    "keyword": "text, with | between several",
    "number": "a number such as 40000 or 2.5",
    "date": "a day such as 2026-11-25",
    "boolean": "true or false",
}


def value(cell: str, kind: str) -> object:
    """A cell as a value of its field, None where it is none."""
    text = cell.strip()
    if kind == "number":
        return msgspec.Raw(text.encode()) if _NUMBER.fullmatch(text) else None
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower())
    if kind == "date":
        return text if _is_day(text) else None
    if kind == "keyword":
        return [part.strip() for part in cell.split("|") if part.strip()]
    return cell


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        # Python's calendar begins with the year 1; the year 0 has the days of 2000.
        date.fromisoformat(text.replace("0000-", "2000-", 1) if text.startswith("0000") else text)
    except ValueError:
        return False
    return True


def _shown(cell: str) -> str:
    cut = cell if len(cell) <= _LONGEST_SHOWN else f"{cell[: _LONGEST_SHOWN - 1]}…"
    # What is not UTF-8 is told of by itself.
    return f'"{visible(cut)}"'


def _place(file: str, first: int, last: int) -> str:
    name = "standard input" if file == "-" else file
    return f"{name}, " + (f"line {first}" if last <= first else f"lines {first} to {last}")
