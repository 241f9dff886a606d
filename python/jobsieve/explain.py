"""Why an advert got its categories, or did not: the engine's explanation as records, and drawn.

The engine gives structure (clauses, verdicts, places); the words and the drawing are here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from rich.text import Text

from jobsieve.diagnostics import visible

# Characters of the advert shown on either side of what was found.
CONTEXT = 40
# Places shown of one clause.
MOST_PLACES = 3
# The style of what was found, in its context.
FOUND = "bold reverse"
# Alternatives shown of which nothing stands in the advert.
MOST_ABSENT = 4


class Place(msgspec.Struct, frozen=True):
    """Where a clause was found: code points within the advert's field as given."""

    field: str
    start: int
    end: int
    text: str


class Instead(msgspec.Struct, frozen=True):
    """What stands in the advert in place of a clause that fails. `missing` names the parts of a phrase or
    proximity that stand nowhere; `words_between` how far apart the parts stand that are too far."""

    difference: str
    places: tuple[Place, ...] = ()
    missing: tuple[str, ...] = ()
    words_between: int | None = None


class Clause(msgspec.Struct, frozen=True):
    """A part of a condition; `start` and `end` are code points within the rule's text. Of a category,
    `rules` added it or, where the clause fails, removed it."""

    kind: str
    holds: bool
    start: int
    end: int
    text: str
    fields: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    instead: Instead | None = None
    rules: tuple[str, ...] = ()
    count: int = 0
    parts: tuple[Clause, ...] = ()
    # What the advert gives in the field of a comparison.
    field: str = ""
    values: tuple[str | int | float | bool, ...] = ()

    def reasons(self, wanted: bool = True) -> Iterator[Clause]:
        """The leaves that stand in the advert and let the clause be what is `wanted`, in order.

        What stands under `not` is none of them, nor is an alternative that fails.
        """
        if self.holds != wanted:
            return
        if not self.parts and wanted:
            yield self
        for part in self.parts:
            yield from part.reasons(wanted != (self.kind == "not"))


class Source(msgspec.Struct, frozen=True):
    """Where the rule stands: the name of its file, its first line, its text."""

    name: str
    line: int
    text: str


class Added(msgspec.Struct, frozen=True):
    """A category that a rule adds, and the matched rules that removed it."""

    path: str
    removed_by: tuple[str, ...] = ()


class RuleExplanation(msgspec.Struct, frozen=True):
    """Why one rule matched or did not. `sets` are the attributes, name and value."""

    rule: str
    matched: bool
    source: Source
    when: Clause
    unless: Clause | None
    adds: tuple[Added, ...] = ()
    sets: tuple[tuple[str, str], ...] = ()


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
    attributes: dict[str, tuple[str, ...]] = {}


class Advert(msgspec.Struct, frozen=True, omit_defaults=True):
    """The texts of the advert, as given."""

    title: str = ""
    description: str = ""
    fields: Mapping[str, object] = {}

    def text(self, field: str) -> str:
        """The text of a field; empty where the advert has none."""
        if field in ("title", "description"):
            found: object = getattr(self, field)
        else:
            found = self.fields.get(field)
        return found if isinstance(found, str) else ""


def drawn(found: Explanation, advert: Advert) -> Text:
    """The explanation for people: categories, their rules, what was found where."""
    page = Text()
    if not found.categories:
        page.append("No category.\n", "bold yellow")
    rules = {each.rule: each for each in found.explanations if each.matched}
    shown = set()
    for category in found.categories:
        primary = category.path == found.primary
        page.append(visible(category.path), "bold green" if primary else "green")
        page.append(f"  score {category.score:g}")
        page.append("  (primary)\n" if primary else "\n", "dim")
        for name in category.rules:
            # A rule that adds several categories tells its reasons once.
            page.append_text(matched(rules[name], advert, brief=name in shown))
            shown.add(name)
    for name, rule in rules.items():
        if name not in shown:
            page.append("\nMatched without a category:\n")
            page.append_text(matched(rule, advert))
    for attribute, values in found.attributes.items():
        page.append(f"\n{visible(attribute)}", "bold")
        page.append(f" = {', '.join(map(visible, values))}\n")
    for each in found.explanations:
        if not each.matched:
            page.append("\n")
            page.append_text(refusal(each, advert))
    return page


def plain(page: Text) -> str:
    """A drawn page without colours: what was found stands in brackets."""
    text = page.plain
    places = [(span.start, span.end) for span in page.spans if span.style == FOUND]
    for start, end in sorted(places, reverse=True):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


def _named(rule: RuleExplanation) -> Text:
    text = Text(visible(rule.rule), "bold")
    text.append(f"  {visible(rule.source.name)}:{rule.source.line}\n", "not bold dim")
    return text


def matched(rule: RuleExplanation, advert: Advert, *, brief: bool = False) -> Text:
    """A rule that matched, with what was found where; `brief` where that was told before."""
    text = Text("  ").append_text(_named(rule))
    if brief:
        text.append("    for the reasons above\n", "dim")
        return text
    for leaf in rule.when.reasons():
        text.append_text(_held(leaf, advert, "    "))
    for added in rule.adds:
        if added.removed_by:
            text.append(f"    its category {visible(added.path)} was removed by ", "yellow")
            text.append(f"{', '.join(map(visible, added.removed_by))}\n", "bold yellow")
    return text


def _held(leaf: Clause, advert: Advert, indent: str) -> Text:
    """A leaf with what made it hold, a place a line."""
    if leaf.kind == "category":
        text = Text(indent).append(visible(leaf.text), "cyan")
        return text.append(f"  added by {', '.join(map(visible, leaf.rules))}\n")
    if leaf.kind == "comparison":
        return Text(indent).append(visible(leaf.text), "cyan").append(f"  {_given(leaf)}\n")
    return _found(leaf.text, leaf.places, advert, indent)


def _found(name: str, places: Iterable[Place], advert: Advert, indent: str) -> Text:
    text = Text()
    every = tuple(places)
    for place in every[:MOST_PLACES]:
        text.append(indent)
        if name:
            text.append(f"{visible(name)}", "cyan").append("  ")
        text.append(f"{place.field}: ")
        text.append_text(_in_context(place, advert))
        text.append("\n")
    if len(every) > MOST_PLACES:
        text.append(f"{indent}… and in {len(every) - MOST_PLACES} more places\n", "dim")
    return text


def _in_context(place: Place, advert: Advert) -> Text:
    whole = advert.text(place.field)
    # Markup takes room in the source and none on the page.
    before = _one_line(whole[max(0, place.start - 10 * CONTEXT) : place.start])
    after = _one_line(whole[place.end : place.end + 10 * CONTEXT])
    text = Text("…" if len(before) > CONTEXT else "")
    text.append(before[-CONTEXT:].lstrip())
    text.append(_one_line(place.text), FOUND)
    text.append(after[:CONTEXT].rstrip())
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


def refusal(rule: RuleExplanation, advert: Advert) -> Text:
    """Why a rule did not match: the clauses that failed, and what stands in their place."""
    text = Text("Not matched: ", "bold yellow").append_text(_named(rule))
    if not rule.when.holds:
        text.append("  because its condition fails:\n")
        text.append_text(_verdicts(rule.when, advert, 2))
    if rule.unless is not None and rule.unless.holds:
        text.append("  because its exception (unless) holds:\n")
        for leaf in rule.unless.reasons():
            text.append_text(_held(leaf, advert, "    "))
        if not any(rule.unless.reasons()):
            text.append_text(_verdicts(rule.unless, advert, 2))
    return text


_JOINED = {"and": "all of", "or": "one of", "not": "not", "at least": "at least {} of"}


def _verdicts(clause: Clause, advert: Advert, depth: int) -> Text:
    """The condition as a tree, each clause with its verdict and what was found."""
    indent = "  " * depth
    text = Text(indent)
    text.append("✓ " if clause.holds else "✗ ", "green" if clause.holds else "red")
    if not clause.parts:
        text.append(visible(clause.text), "cyan").append(f"  {_verdict(clause)}\n", "dim")
        if clause.holds:
            text.append_text(_found("", clause.places, advert, indent + "    "))
        elif clause.instead is not None:
            text.append_text(_found("", clause.instead.places, advert, indent + "    "))
        return text
    text.append(_JOINED[clause.kind].format(clause.count))
    if clause.kind == "at least":
        holding = sum(part.holds for part in clause.parts)
        text.append(f": {holding} {'holds' if holding == 1 else 'hold'}", "dim")
    text.append("\n")
    absent = 0
    for part in clause.parts:
        # In a long row of alternatives those tell something of which something stands in the advert.
        if clause.kind != "and" and not part.parts and not part.holds and part.instead is None:
            absent += 1
            if absent > MOST_ABSENT:
                continue
        text.append_text(_verdicts(part, advert, depth + 1))
    if absent > MOST_ABSENT:
        text.append(f"{indent}  … and {absent - MOST_ABSENT} more that do not stand there\n", "dim")
    return text


def _verdict(leaf: Clause) -> str:
    """What is to be said of a term, list or category."""
    if leaf.kind == "category":
        told = f" by {', '.join(map(visible, leaf.rules))}" if leaf.rules else ""
        if leaf.holds:
            return f"added{told}"
        return f"removed{told}" if told else "added by no rule that matched"
    if leaf.kind == "comparison":
        return _given(leaf)
    where = " or ".join(leaf.fields)
    if leaf.holds:
        return f"stands in {where}"
    absent = f"not in {where}"
    if leaf.instead is None:
        return absent
    return f"{absent}; {_difference(leaf.instead)}:"


def _given(comparison: Clause) -> str:
    """What the advert gives in the field of a comparison."""
    if not comparison.values:
        return f"the advert gives no {comparison.field}"
    shown = ", ".join(msgspec.json.encode(value).decode() for value in comparison.values)
    return f"{comparison.field}: {visible(shown)}"


def _difference(instead: Instead) -> str:
    between = instead.words_between or 0
    told = {
        "other field": "but in another field",
        "other form": "but another form of the word stands there",
        "too far": f"but with {between} word{'' if between == 1 else 's'} between",
        "other order": "but in another order",
        "other sentence": "but in different sentences",
        "incomplete": "but a part of it" if not instead.missing else "but without {}",
    }.get(instead.difference, instead.difference)
    return told.format(" and ".join(map(visible, instead.missing)))
