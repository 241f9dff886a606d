"""Findings drawn for people: as plain text and, in the same lines, coloured for a terminal."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from rich.text import Text

    from jobsieve.diagnostics.findings import Diagnostic, Place

# Cells of a source line that are shown: with the gutter it fits a line of 100.
_EXCERPT_CELLS = 92
_TAB_STOP = 4


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
