"""`taxonomy.csv`: the categories there are, one row each, kept verbatim.

The columns are `path`, `name`, `status` (`active`, `hidden` or `retired`) and `redirect`, the path of the
category that takes its place; only `path` must be there. Rows that are not changed keep their bytes.
Whether rules name these categories is the compiler's affair.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from jobsieve.errors import TaxonomyError, separator_advice

FILE = "taxonomy.csv"
COLUMNS = ("path", "name", "status", "redirect")
STATUSES = ("active", "hidden", "retired")
DEEPEST = 8
_QUOTED = re.compile(r'[",\r\n]|^\s|\s$')


class Row(NamedTuple):
    """A category. `source` is the row as it stands in the file; before the first one stands the head."""

    source: str
    path: str
    name: str
    status: str
    redirect: str | None


def read(text: str, file: str = FILE) -> list[Row]:
    """The rows in order; joined, their sources are `text`. Raises `TaxonomyError` with every fault."""
    faults: list[str] = []
    rows: list[Row] = []
    seen: dict[str, int] = {}
    columns: list[str] | None = None
    before = ""
    for line, source, cells in _records(text, file):
        if columns is None:
            columns = [cell.strip().lower() for cell in cells]
            before = source
            _check_head(columns, f"{file}, line {line}")
            continue
        if not any(cells):
            before += source
            continue
        row, wrong = _row(columns, cells, before + source)
        faults += [f"{file}, line {line}{each}" for each in wrong]
        if row.path in seen:
            faults.append(
                f"{file}, line {line}, column path: {row.path} stands in line {seen[row.path]} already"
            )
        seen.setdefault(row.path, line)
        rows.append(row)
        before = ""
    if rows and before:
        last = rows.pop()
        rows.append(Row(last.source + before, last.path, last.name, last.status, last.redirect))
    for row in rows:
        if row.redirect is not None and row.redirect not in seen:
            where = f"{file}, line {seen[row.path]}, column redirect"
            faults.append(f"{where}: there is no category {row.redirect}")
    if faults:
        raise TaxonomyError("; ".join(faults[:20]))
    return rows


def for_rules(rows: Iterable[Row]) -> dict[str, object]:
    """What the compiler is told: the paths that rules may name, and the retired ones with the path to name
    instead, at the end of its redirects."""
    by_path = {row.path: row for row in rows}
    retired: dict[str, str | None] = {}
    for path, row in by_path.items():
        if row.status == "retired":
            passed = {path}
            end = row.redirect
            while end is not None and by_path[end].status == "retired":
                passed.add(end)
                end = by_path[end].redirect
                if end in passed:
                    end = None
            retired[path] = end
    return {"paths": sorted(by_path.keys() - retired.keys()), "retired": retired}


def _records(text: str, file: str) -> Iterator[tuple[int, str, list[str]]]:
    """Line number, text and cells of each record; a quoted cell may run over several lines."""
    lines = list(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    reader = csv.reader(lines, strict=True)
    begun = 0
    try:
        for cells in reader:
            source = "".join(lines[begun : reader.line_num])
            yield begun + 1, (mark if begun == 0 else "") + source, cells
            begun = reader.line_num
    except csv.Error as error:
        raise TaxonomyError(f"{file}, line {begun + 1}: this is not CSV: {error}") from None


def _check_head(columns: Sequence[str], where: str) -> None:
    if "path" not in columns or len(set(columns)) != len(columns):
        raise TaxonomyError(
            f"{where}: the first row must name the columns, {', '.join(COLUMNS)}, of which path must be there"
            f"{separator_advice(columns)}"
        )


def _row(columns: Sequence[str], cells: Sequence[str], source: str) -> tuple[Row, list[str]]:
    faults = []
    if len(cells) > len(columns):
        faults.append(f": there are {len(cells)} cells for {len(columns)} columns")
    found = dict(zip(columns, cells, strict=False))
    path = found["path"]
    segments = path.split("/")
    # There may be 100,000 rows: a list is made in half the time of a generator.
    if [segment for segment in segments if not segment or segment != segment.strip()]:
        faults.append(
            f", column path: {path!r} is no path: its parts, between slashes, must not be empty or begin "
            "or end with blanks"
        )
    if len(segments) > DEEPEST:
        faults.append(
            f", column path: {path} has {len(segments)} parts; at most {DEEPEST} are allowed"
        )
    status = found.get("status") or "active"
    if status not in STATUSES:
        faults.append(f", column status: {status!r} is none of {', '.join(STATUSES)}")
    redirect = found.get("redirect") or None
    if redirect == path:
        faults.append(f", column redirect: {path} can't redirect to itself")
    return Row(source, path, found.get("name") or segments[-1], status, redirect), faults


class Table:
    """The file while it is edited: rows are added or changed, the others keep their bytes."""

    def __init__(self, text: str) -> None:
        self._become(text or ",".join(COLUMNS) + "\n")

    @property
    def text(self) -> str:
        return self._text

    def __contains__(self, path: object) -> bool:
        return any(row.path == path for row in self._rows)

    def paths(self) -> list[str]:
        """Every path, in the order of the file."""
        return [row.path for row in self._rows]

    def add(self, **values: str) -> None:
        """Appends a row."""
        self.extend([values])

    def extend(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Appends rows; the file is read once for all of them."""
        for values in rows:
            self._require_columns(values)
        end = "" if self._text.endswith(("\n", "\r")) else self._newline
        self._become(self._text + end + "".join(map(self._written, rows)))

    def change(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        """Writes the rows of some paths anew, with other values in some of their columns."""
        for values in changes.values():
            self._require_columns(values)
        texts = []
        for index, row in enumerate(self._rows):
            source, before = row.source, ""
            if index == 0:
                before, source = source[: len(self._head)], source[len(self._head) :]
            if row.path in changes:
                cells = next(cells for cells in csv.reader(io.StringIO(source)) if cells)
                values = dict(zip(self._columns, cells, strict=False))
                source = self._written({**values, **changes[row.path]})
            texts.append(before + source)
        self._become("".join(texts))

    def move(self, moved: Mapping[str, str]) -> None:
        """Gives categories other paths, by the old ones; redirects to them follow."""
        changes: dict[str, dict[str, str]] = {
            old: {"path": new} for old, new in moved.items() if new != old
        }
        for row in self._rows:
            if row.redirect is not None and row.redirect in moved:
                changes.setdefault(row.path, {})["redirect"] = moved[row.redirect]
        self.change(changes)

    def _require_columns(self, values: Mapping[str, str]) -> None:
        """Names columns that are filled for the first time in the head; other rows may be shorter."""
        missing = [name for name, value in values.items() if value and name not in self._columns]
        if missing:
            named = self._head.rstrip("\r\n") + "".join(f",{name}" for name in missing)
            self._become(named + self._newline + self._text[len(self._head) :])

    def _become(self, text: str) -> None:
        self._rows = read(text)
        self._text = text
        _, self._head, head = next(_records(text, FILE))
        self._columns = [cell.strip().lower() for cell in head]
        self._newline = "\r\n" if self._head.endswith("\r\n") else "\n"

    def _written(self, values: Mapping[str, str]) -> str:
        cells = (_cell(values.get(column, "")) for column in self._columns)
        return ",".join(cells) + self._newline


def _cell(text: str) -> str:
    # The library's writer leaves a lone carriage return unquoted.
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
