"""Rules as a table in CSV, for spreadsheets: out of the store, and back in.

Two layouts are read, by their columns. With `source` a row is a rule or list as it stands in `file`. With
`condition` and `action` it is a rule of the original system, whose columns become a rule's text. Cells that
a spreadsheet would take for a formula get an apostrophe on the way out and lose it on the way in.
"""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jobsieve.errors import JobsieveError, separator_advice

if TYPE_CHECKING:
    from jobsieve.diagnostics import Diagnostic

COLUMNS = ("kind", "name", "file", "source")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
# A rule's text may be 64 KiB, a list longer.
csv.field_size_limit(1 << 24)


class SpreadsheetError(JobsieveError):
    """Rows that are no rules; the message names each with what is wrong."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rule files made from rows. `starts` holds for each file the lines at which rows begin, with their
    row numbers in the table."""

    table: str
    files: Mapping[str, str]
    starts: Mapping[str, tuple[tuple[int, int], ...]]

    def located(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The findings with the row of the table in place of the file that was made from it."""
        return [self._located(each) for each in found]

    def _located(self, found: Diagnostic) -> Diagnostic:
        starts = self.starts.get(found.file)
        if not starts:
            return found
        at = bisect_right([line for line, _ in starts], found.line) - 1
        line, row = starts[max(at, 0)]
        place = replace(found.place, file=f"{self.table}, row {row}", line=found.line - line + 1)
        return replace(found, place=place)


def read(text: str, table: str, *, default_file: str) -> Sheet:
    """Makes rule files from the text of a CSV file named `table`; raises `SpreadsheetError`."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        records = [(number, cells) for number, cells in enumerate(reader, start=1) if any(cells)]
    except csv.Error as error:
        raise SpreadsheetError(
            f"{table}, line {reader.line_num}: this is not CSV: {error}"
        ) from None
    if not records:
        raise SpreadsheetError(f"{table} is empty; its first row must name the columns")
    columns = [cell.strip().lower() for cell in records[0][1]]
    columns = ["action" if column == "actions" else column for column in columns]
    columns = ["condition" if column == "conditions" else column for column in columns]
    if "source" not in columns and not {"name", "condition", "action"} <= set(columns):
        raise SpreadsheetError(
            f"{table}, row 1: the first row must name the columns: source (with file), or name, condition "
            f"and action; it has {', '.join(columns)[:200]}{separator_advice(columns)}"
        )
    return _sheet(table, columns, records[1:], default_file)


def _sheet(
    table: str, columns: list[str], records: list[tuple[int, list[str]]], default_file: str
) -> Sheet:
    faults: list[str] = []
    texts: dict[str, str] = {}
    starts: dict[str, list[tuple[int, int]]] = {}
    for row, cells in records:
        if len(cells) > len(columns):
            faults.append(f"row {row}: {len(cells)} cells for {len(columns)} columns")
            continue
        values = {name: _read_cell(cell) for name, cell in zip(columns, cells, strict=False)}
        source = values.get("source") or ""
        if "source" not in columns:
            empty = [
                name for name in ("name", "condition", "action") if not values.get(name, "").strip()
            ]
            faults += [f"row {row}: {name} is empty" for name in empty]
            if empty:
                continue
            source = _legacy(values["name"], values["condition"], values["action"])
        elif not source.strip():
            faults.append(f"row {row}: source is empty")
            continue
        file = values.get("file") or default_file
        before = texts.get(file, "")
        if before and not before.endswith(("\n", "\r")):
            before += "\n"
        starts.setdefault(file, []).append((before.count("\n") + 1, row))
        texts[file] = before + source
    if faults:
        more = f"; and {len(faults) - 20} more" if len(faults) > 20 else ""
        raise SpreadsheetError(f"{table}: {'; '.join(faults[:20])}{more}; nothing was imported")
    return Sheet(table, texts, {file: tuple(rows) for file, rows in starts.items()})


def _legacy(name: str, condition: str, action: str) -> str:
    """A rule of the original's columns, in the layout that the language reads as it is."""
    quoted = name.strip().replace("\\", "\\\\").replace('"', '\\"')
    actions = action.strip().rstrip(";,")
    return f'rule "{quoted}":\n  Conditions: {condition.strip()}\n  Actions: {actions};\n'


def write(rows: Iterable[tuple[str, str, str, str]]) -> str:
    """A table of `(kind, name, file, source)` in the order of the files."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_written_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _written_cell(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _read_cell(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
