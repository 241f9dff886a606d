"""Why an advert got its categories, or did not: the engine's explanation as records, and drawn.

The engine gives structure (clauses, verdicts, places); the words and the drawing are here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Literal

import msgspec
from rich.text import Text

from jobsieve.diagnostics import visible

# Characters of the advert shown on either side of what was found.
CONTEXT = 40
# Places shown of one clause.
MOST_PLACES = 3


class Place(msgspec.Struct, frozen=True):
    """Where a clause was found: code points within the advert's field as given."""

    field: str
    start: int
    end: int
    text: str


class Clause(msgspec.Struct, frozen=True):
    """A part of a condition; `start` and `end` are code points within the rule's text."""

    kind: Literal["and", "or", "not", "at least", "leaf", "category"]
    holds: bool
    start: int
    end: int
    text: str
    fields: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    count: int = 0
    parts: tuple[Clause, ...] = ()

    def reasons(self, wanted: bool = True) -> Iterator[Clause]:
        """The terms and lists that stand in the advert and let the clause be what is `wanted`, in order.

        What stands under `not` is none of them, nor is an alternative that fails.
        """
        if self.holds != wanted:
            return
        if self.kind == "leaf" and wanted:
            yield self
        for part in self.parts:
            yield from part.reasons(wanted != (self.kind == "not"))


class Source(msgspec.Struct, frozen=True):
    """Where the rule stands: the name of its file, its first line, its text."""

    name: str
    line: int
    text: str


class RuleExplanation(msgspec.Struct, frozen=True):
    """Why one rule matched or did not."""

    rule: str
    matched: bool
    source: Source
    when: Clause
    unless: Clause | None


class Category(msgspec.Struct, frozen=True):
    """A category of the advert."""

    path: str
    score: float
    rules: tuple[str, ...]


class Explanation(msgspec.Struct, frozen=True):
    """An advert's answer with its reasons: the matched rules, and the one that was asked for."""

    status: str
    primary: str | None
    categories: tuple[Category, ...]
    explanations: tuple[RuleExplanation, ...]


class Advert(msgspec.Struct, frozen=True, omit_defaults=True):
    """The texts of the advert, as given."""

    title: str = ""
    description: str = ""


def drawn(found: Explanation, advert: Advert) -> Text:
    """The explanation for people: categories, their rules, what was found where."""
    page = Text()
    if not found.categories:
        page.append("No category.\n", "bold yellow")
    for category in found.categories:
        style = "bold green" if category.path == found.primary else "green"
        page.append(category.path, style)
        page.append(f"  score {category.score:g}")
        page.append("  (primary)\n" if category.path == found.primary else "\n", "dim")
        for name in category.rules:
            for each in found.explanations:
                if each.rule == name:
                    page.append_text(_reasons(each, advert))
    for each in found.explanations:
        if not each.matched:
            page.append("\n")
            page.append_text(_refusal(each, advert))
    return page


def _reasons(rule: RuleExplanation, advert: Advert) -> Text:
    text = Text("  ")
    text.append(visible(rule.rule), "bold")
    text.append(f"  {visible(rule.source.name)}:{rule.source.line}\n", "dim")
    for leaf in rule.when.reasons():
        text.append_text(_found(leaf, advert, "    "))
    return text


def _found(leaf: Clause, advert: Advert, indent: str) -> Text:
    text = Text()
    for place in leaf.places[:MOST_PLACES]:
        text.append(f"{indent}{visible(leaf.text)}", "cyan")
        text.append(f"  {place.field}: ")
        text.append_text(_in_context(place, advert))
        text.append("\n")
    if len(leaf.places) > MOST_PLACES:
        text.append(f"{indent}… and in {len(leaf.places) - MOST_PLACES} more places\n", "dim")
    return text


def _in_context(place: Place, advert: Advert) -> Text:
    whole: str = getattr(advert, place.field, "")
    # Markup takes room in the source and none on the page.
    before = _one_line(whole[max(0, place.start - 10 * CONTEXT) : place.start])
    after = _one_line(whole[place.end : place.end + 10 * CONTEXT])
    text = Text("…" if len(before) > CONTEXT else "")
    text.append(before[-CONTEXT:])
    text.append(_one_line(place.text), "bold reverse")
    text.append(after[:CONTEXT])
    text.append("…" if len(after) > CONTEXT else "")
    return text


# A tag, or what is left of one at either end of a cut.
_TAG = re.compile(r"<[^<>]*>|^[^<>]*>|<[^<>]*$")


def _one_line(text: str) -> str:
    """Without markup, white space as single spaces, other control characters left out."""
    text = _TAG.sub(" ", html.unescape(html.unescape(text)))
    folded = " ".join(text.split())
    left = " " if text[:1].isspace() and folded else ""
    right = " " if text[-1:].isspace() and folded else ""
    return left + "".join(c for c in folded if c.isprintable()) + right


def _refusal(rule: RuleExplanation, advert: Advert) -> Text:
    text = Text("Not matched: ", "bold yellow")
    text.append(visible(rule.rule), "bold")
    text.append(f"  {visible(rule.source.name)}:{rule.source.line}\n", "dim")
    if not rule.when.holds:
        text.append("  because its condition fails:\n")
        text.append_text(_verdicts(rule.when, advert, 2))
    if rule.unless is not None and rule.unless.holds:
        text.append("  because its exception (unless) holds:\n")
        text.append_text(_verdicts(rule.unless, advert, 2))
    return text


_JOINED = {"and": "all of", "or": "one of", "not": "not", "at least": "at least {} of"}


def _verdicts(clause: Clause, advert: Advert, depth: int) -> Text:
    """The condition as a tree, each clause with its verdict and what was found."""
    indent = "  " * depth
    text = Text(indent)
    text.append("✓ " if clause.holds else "✗ ", "green" if clause.holds else "red")
    if clause.kind == "leaf":
        text.append(visible(clause.text), "cyan")
        where = " or ".join(clause.fields)
        text.append(f"  stands in {where}\n" if clause.holds else f"  not in {where}\n", "dim")
        text.append_text(_found(clause, advert, indent + "    "))
        return text
    if clause.kind == "category":
        text.append(clause.text, "cyan")
        text.append("  added\n" if clause.holds else "  not added\n", "dim")
        return text
    text.append(_JOINED[clause.kind].format(clause.count) + "\n")
    for part in clause.parts:
        text.append_text(_verdicts(part, advert, depth + 1))
    return text
