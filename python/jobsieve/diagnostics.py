"""What is wrong in a rule file, as data and in words.

The engine reports code, place and parameters; the words stand in `diagnostics.toml`. This module joins
the two and draws the result as plain text, for a terminal, or as data for JSON. It never finds a fault
itself and never decides whether a fault stops a program.
"""

from __future__ import annotations

import difflib
import functools
import tomllib
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    from rich.text import Text

Severity: TypeAlias = Literal["error", "warning"]

# Code, severity, index of the source, start, end, parameters, and a related place; offsets are code
# points of the source.
RawDiagnostic: TypeAlias = tuple[
    str, str, int, int, int, Mapping[str, str], tuple[int, int, int] | None
]

# Cells of a source line that are shown: with the gutter it fits a line of 100.
_EXCERPT_CELLS = 92
_TAB_STOP = 4
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


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words for one value of the parameter that an entry names in `cases`."""

    message: str | None = None
    hint: str | None = None


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `diagnostics.toml` says about one code; that file explains the fields."""

    title: str
    message: str
    explanation: str
    wrong: str
    right: str
    hint: str = ""
    related: str = "see also"
    suggest: str | None = None
    cases: str | None = None
    by_case: dict[str, Case] = {}
    excerpt: bool = False


@functools.cache
def registry() -> Mapping[str, Entry]:
    """Every code that can be explained, in order."""
    text = resources.files("jobsieve").joinpath("diagnostics.toml").read_text(encoding="utf-8")
    entries = {}
    for code, table in tomllib.loads(text).items():
        by_case = {name: table.pop(name) for name in list(table) if isinstance(table[name], dict)}
        entries[code] = msgspec.convert({**table, "by_case": by_case}, Entry)
    return entries


def explanation(code: str) -> str | None:
    """The page on a code: what it means, why it is a fault, and an example of it mended."""
    entry = registry().get(code.upper())
    if entry is None:
        return None

    def indented(example: str) -> str:
        return "".join(f"    {line}\n" for line in example.strip("\n").split("\n"))

    return (
        f"{code.upper()}: {entry.title}\n\n{entry.explanation.strip()}\n\n"
        f"Wrong:\n\n{indented(entry.wrong)}\nRight:\n\n{indented(entry.right)}"
    )


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
    for number, (code, severity, index, start, end, params, related) in enumerate(ordered):
        entry = registry().get(code)
        message, hint = _words(code, entry, params, suggest=number < _MOST_SUGGESTIONS)
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


def as_data(diagnostic: Diagnostic) -> dict[str, object]:
    """The diagnostic as plain data with stable keys, for JSON."""
    related = diagnostic.related
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "hint": diagnostic.hint or None,
        **_place_as_data(diagnostic.place),
        "related": None
        if related is None
        else {"message": related.message, **_place_as_data(related.place)},
    }


def as_text(diagnostics: Iterable[Diagnostic]) -> str:
    """Plain text: place and message, the source line, carets below the fault, advice."""
    lines = []
    for diagnostic in diagnostics:
        lines += ["".join(text for text, _ in line).rstrip() for line in _drawn(diagnostic)]
        lines.append("")
    return "\n".join(lines)


def for_terminal(diagnostics: Iterable[Diagnostic]) -> Text:
    """The same lines as `as_text`, coloured."""
    from rich.text import Text

    page = Text()
    for diagnostic in diagnostics:
        for line in _drawn(diagnostic):
            for text, style in line:
                page.append(text, style)
            page.append("\n")
        page.append("\n")
    return page


class _Page:
    """A source with the starts of its lines, which turn an offset into a line and a column."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._text = text
        self._starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))][:-1]

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
    case = entry.by_case.get(params.get(entry.cases or "", ""), Case())
    known = params["known"].split("\n") if params.get("known") else []
    shown = _Parameters((key, _one_line(value)) for key, value in params.items())
    if known:
        more = len(known) - _MOST_LISTED
        shown["known"] = ", ".join(map(_one_line, known[:_MOST_LISTED]))
        shown["known"] += f" and {more} more" if more > 0 else ""
    hint = (entry.hint if case.hint is None else case.hint).format_map(shown)
    word = params.get(entry.suggest or "")
    if word and suggest and len(known) <= _MOST_COMPARED:
        meant = closest(word, known)
        hint = "\n".join(filter(None, (meant and f"did you mean `{_one_line(meant)}`?", hint)))
    return (entry.message if case.message is None else case.message).format_map(shown), hint


def _one_line(value: str) -> str:
    """A parameter as it may stand in a message: no control characters, not long."""
    cut = value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"
    return visible(cut)


def visible(text: str) -> str:
    """The text with a stand-in for each character that would steer the terminal or break the line."""
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    """The character, or a stand-in of one cell where it would steer the terminal."""
    number = ord(character)
    if number < 0x20:
        return chr(0x2400 + number)
    if number == 0x7F:
        return "\u2421"
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Zl", "Zp"):
        return "\ufffd"
    # Right-to-left marks and overrides could make a rule look like another one.
    if category == "Cf" and unicodedata.bidirectional(character) not in ("BN", "ON"):
        return "\ufffd"
    return character


def _place_as_data(place: Place) -> dict[str, object]:
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    }


_Line: TypeAlias = list[tuple[str, str]]


def _drawn(diagnostic: Diagnostic) -> Iterator[_Line]:
    """The lines of a diagnostic, each as stretches of text with rich's name of a style."""
    colour = "red" if diagnostic.severity == "error" else "yellow"
    place, related = diagnostic.place, diagnostic.related
    width = len(str(max(place.line, related.place.line if related else 0)))
    yield [
        (_where(place), "bold"),
        (f"{diagnostic.severity} {diagnostic.code}", f"bold {colour}"),
        (f": {diagnostic.message}", ""),
    ]
    yield from _drawn_source(place, width, f"bold {colour}")
    for advice in diagnostic.hint.split("\n") if diagnostic.hint else ():
        yield [(" " * width + " = ", "blue"), ("help", "bold cyan"), (f": {advice}", "")]
    if related is not None:
        yield [(_where(related.place), "bold"), (related.message, "")]
        yield from _drawn_source(related.place, width, "bold blue")


def _where(place: Place) -> str:
    return f"{visible(place.file)}:{place.line}:{place.column}: "


def _drawn_source(place: Place, width: int, style: str) -> Iterator[_Line]:
    start = place.column - 1
    end = place.end_column - 1 if place.end_line == place.line else len(place.source_line)
    shown, before, carets = _excerpt(place.source_line, start, end)
    yield [(f"{place.line:>{width}} | ", "blue"), (shown, "")]
    yield [(" " * width + " | ", "blue"), (" " * before + "^" * carets, style)]


def _excerpt(line: str, start: int, end: int) -> tuple[str, int, int]:
    """What a terminal shows of `line`, the cells before the fault, and the cells it covers.

    Tabs are spread, wide characters count two cells and combining marks none; of a line that is too
    long the part around the fault is shown.
    """
    from rich.cells import cell_len

    glyphs: list[str] = []
    cells = [0]
    for character in line:
        if character == "\t":
            glyph = " " * (_TAB_STOP - cells[-1] % _TAB_STOP)
        else:
            glyph = _visible(character)
        glyphs.append(glyph)
        cells.append(cells[-1] + cell_len(glyph))
    start = min(start, len(line))
    end = min(max(end, start), len(line))
    caret_from, caret_to = cells[start], max(cells[end], cells[start] + 1)
    first, last = 0, len(glyphs)
    if cells[-1] > _EXCERPT_CELLS:
        lead = _EXCERPT_CELLS // 3
        if caret_to >= _EXCERPT_CELLS and caret_from > lead:
            first = bisect_left(cells, caret_from - lead)
        if cells[-1] - cells[first] >= _EXCERPT_CELLS:
            last = bisect_right(cells, cells[first] + _EXCERPT_CELLS - 2) - 1
    left, right = "…" if first else "", "…" if last < len(glyphs) else ""
    carets = max(1, min(caret_to, cells[last] + len(right)) - caret_from)
    return left + "".join(glyphs[first:last]) + right, len(left) + caret_from - cells[first], carets
