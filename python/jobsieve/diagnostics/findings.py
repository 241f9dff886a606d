"""Findings in rules, as the compiler's codes and facts put into words with their places."""

from __future__ import annotations

import difflib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Literal, TypeAlias

from jobsieve.diagnostics.drawing import visible
from jobsieve.diagnostics.entries import Case, Entry, registry

Severity: TypeAlias = Literal["error", "warning"]

# Code, severity, index of the source, start, end, parameters, and a related place; offsets are code
# points of the source.
RawDiagnostic: TypeAlias = tuple[
    str, str, int, int, int, Mapping[str, str], tuple[int, int, int] | None
]

# Comparing a name with 2,000 others takes about 60 ms; a file of wrong names must not take minutes.
_MOST_SUGGESTIONS = 25
_MOST_COMPARED = 2_000
_LONGEST_VALUE = 80
_MOST_LISTED = 12


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a source. Lines and columns count from 1, columns in code points; the end is the
    first column that no longer belongs to it. `source_line` is the line it starts on."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    source_line: str


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that has to do with a fault, and what it has to do with it."""

    message: str
    place: Place


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault in a source. `hint` holds one advice a line, and is empty where there is none."""

    code: str
    severity: Severity
    message: str
    hint: str
    place: Place
    related: Related | None = None

    @property
    def file(self) -> str:
        return self.place.file

    @property
    def line(self) -> int:
        return self.place.line

    @property
    def column(self) -> int:
        return self.place.column

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.severity} {self.code}: {self.message}"


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known name that `word` was probably meant to be, if any is close."""
    by_folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.65)
    return by_folded[found[0]] if found else None


def from_raw(
    raw: Iterable[RawDiagnostic], sources: Sequence[tuple[str, str]]
) -> tuple[Diagnostic, ...]:
    """Puts the engine's findings into words, in the order of the sources and of the places in them.

    A code without an entry, or an entry that asks for a parameter that is not there, gives a poor
    message and no exception: whoever sees it has a fault to mend and needs at least its place.
    """
    pages = [_Page(file, text) for file, text in sources]
    ordered = sorted(raw, key=lambda item: (item[2], item[3], item[4], item[0]))
    found = []
    compared = 0
    for code, severity, index, start, end, params, related in ordered:
        entry = registry().get(code)
        message, hint = _words(code, entry, params, suggest=compared < _MOST_SUGGESTIONS)
        compared += entry is not None and entry.suggest is not None
        found.append(
            Diagnostic(
                code=code,
                severity="warning" if severity == "warning" else "error",
                message=message,
                hint=hint,
                place=pages[index].place(start, end),
                related=None
                if related is None
                else Related(
                    message="see also" if entry is None else entry.related,
                    place=pages[related[0]].place(related[1], related[2]),
                ),
            )
        )
    return tuple(found)


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors and 1 warning`; `nothing found` where there is none."""
    counts = {"error": 0, "warning": 0}
    for diagnostic in diagnostics:
        counts[diagnostic.severity] += 1
    parts = [f"{n} {name}{'' if n == 1 else 's'}" for name, n in counts.items() if n]
    return " and ".join(parts) or "nothing found"


class _Page:
    """A source with the starts of its lines, which turn an offset into a line and a column."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._text = text

    @cached_property
    def _starts(self) -> list[int]:
        """Where lines start. Most sources have no finding, and then nobody asks."""
        return [0, *accumulate(len(line) + 1 for line in self._text.split("\n"))][:-1]

    def place(self, start: int, end: int) -> Place:
        start = max(0, min(start, len(self._text)))
        end = max(start, min(end, len(self._text)))
        line, column = self._position(start)
        end_line, end_column = self._position(end)
        begin = self._starts[line - 1]
        stop = self._starts[line] - 1 if line < len(self._starts) else len(self._text)
        source_line = self._text[begin:stop].removesuffix("\r")
        return Place(self._file, line, column, end_line, end_column, source_line)

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class _Parameters(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def _words(
    code: str, entry: Entry | None, params: Mapping[str, str], *, suggest: bool
) -> tuple[str, str]:
    if entry is None:
        return f"{code} (this version has no words for it)", ""
    reading = params.get(entry.cases or "", "")
    case = entry.by_case.get(reading) or entry.by_case.get(reading.lower(), Case())
    known = params["known"].split("\n") if params.get("known") else []
    shown = _Parameters((key, _one_line(value)) for key, value in params.items())
    if known:
        more = len(known) - _MOST_LISTED
        shown["known"] = ", ".join(map(_one_line, known[:_MOST_LISTED]))
        shown["known"] += f" and {more} more" if more > 0 else ""
    hint = (entry.hint if case.hint is None else case.hint).format_map(shown)
    word = params.get(entry.suggest or "")
    # Advice of its own says better what is meant.
    if word and suggest and case.hint is None and len(known) <= _MOST_COMPARED:
        meant = closest(word, known)
        hint = "\n".join(filter(None, (meant and f"did you mean `{_one_line(meant)}`?", hint)))
    return (entry.message if case.message is None else case.message).format_map(shown), hint


def _one_line(value: str) -> str:
    """A parameter as it may stand in a message: no control characters, not long."""
    cut = value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"
    return visible(cut)
