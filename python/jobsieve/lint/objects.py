"""The rules and lists of sources with the places of their parts, and findings on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias, cast

from jobsieve import _core
from jobsieve.diagnostics import RawDiagnostic

Span: TypeAlias = tuple[int, int]


class Term(NamedTuple):
    """A term as written, without its quotes, and how its words are compared."""

    text: str
    form: str
    start: int
    end: int


class Mention(NamedTuple):
    """A category or attribute that is named: by an action, or as a condition (`category`)."""

    kind: Literal["add", "remove", "set", "category"]
    name: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Object:
    """A rule or a list; offsets are code points of its source."""

    kind: Literal["rule", "list"]
    name: str
    source: int
    place: Span
    name_place: Span
    terms: Sequence[Term]
    lists: Sequence[tuple[str, int, int]]
    mentions: Sequence[Mention]


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding before it is put into words; `related` is another object that has to do with it."""

    code: str
    source: int
    start: int
    end: int
    params: Mapping[str, str] = field(default_factory=dict)
    related: Object | None = None

    def raw(self) -> RawDiagnostic:
        """As the compiler gives its findings."""
        related = None
        if self.related is not None:
            related = (self.related.source, *self.related.name_place)
        return self.code, "warning", self.source, self.start, self.end, self.params, related


def objects(sources: Sequence[tuple[str, str]], settings: bytes | None = None) -> Iterator[Object]:
    """The objects of sources that compile with these settings, in order."""
    for number, (_, text) in enumerate(sources):
        for kind, name, place, name_place, terms, lists, mentions in _core.outline(
            text, settings=settings
        ):
            yield Object(
                cast('Literal["rule", "list"]', kind),
                name,
                number,
                place,
                name_place,
                list(map(Term._make, terms)),
                lists,
                list(map(Mention._make, mentions)),
            )
