"""Adverts of which something is known, and the answers of a rule set to them.

What `evaluation`, `changes` and `suggest` work on. Files and tables are read by the command line; this
module takes rows of JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import msgspec

from jobsieve import _core
from jobsieve.errors import JobsieveError
from jobsieve.snapshot import Snapshot

Half = Literal["seen", "judged"]

# What the engine reads of a row; all else is kept as what is known about the advert.
_ADVERT = ("id", "title", "description", "fields")
# Several labels in one cell of a table.
_BETWEEN_LABELS = "|"
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Advert:
    """`body` is the advert as the engine reads it, `labels` are what somebody says it is, and `about`
    is whatever else its row holds."""

    id: str
    title: str
    body: bytes
    labels: tuple[str, ...]
    about: Mapping[str, object]

    @property
    def half(self) -> Half:
        """Rules are written with an eye on the adverts of one half and judged on the other. The half
        hangs on the id alone: further adverts never move one."""
        digest = hashlib.sha256(self.id.encode()).digest()
        return "judged" if digest[-1] & 1 else "seen"

    @property
    def description(self) -> str:
        """The description as it was given, plain or HTML."""
        return str(msgspec.json.decode(self.body, type=dict[str, Any]).get("description") or "")


class Category(msgspec.Struct, frozen=True):
    """One category of an answer, with the rules that gave it."""

    path: str
    score: float = 0
    rules: list[str] = []


class Answer(msgspec.Struct, frozen=True):
    """The record of an advert, as far as it says what was found."""

    status: str
    primary: str | None = None
    categories: list[Category] = []
    attributes: dict[str, list[str]] = {}
    matched_rules: list[str] = []

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(each.path for each in self.categories)

    @property
    def deciding_rules(self) -> tuple[str, ...]:
        """The rules that gave the primary category."""
        return tuple(
            rule for each in self.categories if each.path == self.primary for rule in each.rules
        )


def adverts(rows: Iterable[bytes], file: str) -> Iterator[Advert]:
    """The adverts of a file, given as rows of JSON; raises `JobsieveError`, which names the row.

    Labels stand under `labels`, a list or a text with `|` between several, or under `label`. A row
    without an id is known by its number.
    """
    for number, row in enumerate(rows, start=1):
        try:
            given = msgspec.json.decode(row, type=dict[str, Any])
            yield _advert(given, number)
        except (msgspec.MsgspecError, TypeError) as error:
            raise JobsieveError(f"row {number} of {file} is no labelled advert: {error}") from None


def _advert(given: dict[str, Any], number: int) -> Advert:
    body = {key: given[key] for key in _ADVERT if given.get(key) is not None}
    labels = given.get("labels", given.get("label")) or ()
    if isinstance(labels, str):
        labels = (each.strip() for each in labels.split(_BETWEEN_LABELS))
    labels = tuple(labels)
    if not all(isinstance(each, str) for each in labels):
        raise TypeError("its labels must be texts")
    about = {key: value for key, value in given.items() if key not in (*_ADVERT, "label", "labels")}
    return Advert(
        id=str(given["id"]) if given.get("id") is not None else f"row {number}",
        title=str(given.get("title") or ""),
        body=msgspec.json.encode(body),
        labels=tuple(each for each in labels if each),
        about=about,
    )


def answers(
    rules: Snapshot,
    given: Sequence[Advert],
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Answer]:
    """The answer to each advert, in order; `progress` is told how many are done."""
    found: list[Answer] = []
    waiting = iter(given)
    while chunk := [each.body for each in islice(waiting, _CHUNK)]:
        lines = rules.ruleset.classify_lines(chunk, version=rules.version)
        found += [msgspec.json.decode(line, type=Answer) for line in lines]
        progress(len(found))
    return found


def is_below(path: str, other: str) -> bool:
    """Whether `path` is `other` or stands in the subtree below it."""
    return path == other or path.startswith(f"{other}/")


def plain(text: str) -> str:
    """The words of a text, plain or HTML, with spaces between, for people to read."""
    words = _core.analyze(text)
    return " ".join(text[word.start : word.end] for word in words)
