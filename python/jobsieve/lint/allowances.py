"""`# allow JS106: reason` directly above a rule or list silences that finding there."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from jobsieve.diagnostics import Diagnostic, registry
from jobsieve.lint.objects import Finding, Object

_ALLOW = re.compile(r"\s*#+\s*allow\s+(JS\d+(?:\s*,\s*JS\d+)*)\s*(?::\s*(.*?))?\s*$", re.IGNORECASE)
_COMMENT = re.compile(r"\s*#")


@dataclass(slots=True)
class _Allowance:
    """One code of a comment; `lines` are those of the object below it, none where there is none."""

    code: str
    source: int
    place: tuple[int, int]
    reason: str
    lines: range
    used: bool = field(default=False)


class Allowances:
    """The allowances of sources."""

    def __init__(self, sources: Sequence[tuple[str, str]], objects: Iterable[Object]) -> None:
        self._numbers = {name: number for number, (name, _) in enumerate(sources)}
        self._by_code: dict[tuple[int, str], list[_Allowance]] = {}
        of_source: dict[int, list[Object]] = {}
        for each in objects:
            of_source.setdefault(each.source, []).append(each)
        for number, (_, text) in enumerate(sources):
            # Most files hold none.
            if "allow" in text.casefold():
                for found in _read(number, text, of_source.get(number, [])):
                    self._by_code.setdefault((number, found.code), []).append(found)

    def silence(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The findings that are not allowed. An error stays one."""
        return [each for each in found if each.severity == "error" or not self._allows(each)]

    def _allows(self, found: Diagnostic) -> bool:
        number = self._numbers[found.file]
        for allowance in self._by_code.get((number, found.code), ()):
            if found.line in allowance.lines and allowance.reason:
                allowance.used = True
                return True
        return False

    def findings(self) -> Iterator[Finding]:
        """Allowances that give no reason, and those that silenced nothing; to be called after `silence`."""
        for allowances in self._by_code.values():
            for each in allowances:
                start, end = each.place
                params = {"code": each.code, "reason": "unused"}
                if not each.reason:
                    yield Finding("JS100", each.source, start, end, params)
                elif not each.used:
                    if each.code not in registry():
                        params["reason"] = "unknown"
                    elif not registry()[each.code].warning:
                        params["reason"] = "error"
                    elif not each.lines:
                        params["reason"] = "apart"
                    yield Finding("JS101", each.source, start, end, params)


def _read(source: int, text: str, objects: Sequence[Object]) -> Iterator[_Allowance]:
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    spans = {}
    for each in objects:
        first, last = (bisect_right(starts, at) for at in each.place)
        # What begins in the middle of a line has nothing directly above it.
        if not text[starts[first - 1] : each.place[0]].strip():
            spans[first] = range(first, last + 1)
    for number, line in enumerate(lines, start=1):
        matched = _ALLOW.match(line) if "#" in line else None
        if matched is None:
            continue
        below = number + 1
        while below <= len(lines) and _COMMENT.match(lines[below - 1]):
            below += 1
        start = starts[number - 1]
        for code in re.finditer(r"JS\d+", matched[1], re.IGNORECASE):
            at = start + matched.start(1)
            place = at + code.start(), at + code.end()
            reason = (matched[2] or "").strip()
            yield _Allowance(code[0].upper(), source, place, reason, spans.get(below, range(0)))
