"""Terms and names that are seldom meant as they stand: acronyms in any case, words that say little, short
beginnings, unused lists, paths of categories that are nearly another's."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import resources

from jobsieve import _core
from jobsieve.diagnostics import closest
from jobsieve.lint.objects import Finding, Object, Term
from jobsieve.lint.skeleton import Skeleton, leaves

_ACRONYM = re.compile(r"[A-Z]{2,4}")
# The language asks for three letters before a star.
_SHORT_PREFIX = re.compile(r"(?:^|\s)\w{3}\*(?:\s|$)")
_SHORTEST_SEGMENT = 5
_MOST_SHOWN = 3


def terms(objects: Iterable[Object]) -> Iterator[Finding]:
    """Acronyms without `case`, and beginnings that are too short; one finding of a kind for an object."""
    for each in objects:
        yield from _of_terms(each, "JS108", _is_bare_acronym)
        yield from _of_terms(each, "JS110", _is_short_prefix)


def _of_terms(each: Object, code: str, wrong: Callable[[Term], bool]) -> Iterator[Finding]:
    found = [term for term in each.terms if wrong(term)]
    if found:
        shown = ", ".join(f'"{term.text}"' for term in found[:_MOST_SHOWN])
        more = len(found) - _MOST_SHOWN
        params = {
            "term": found[0].text,
            "terms": f"{shown} and {more} more" if more > 0 else shown,
            "many": "many" if len(found) > 1 else "one",
            "small": found[0].text.lower(),
        }
        yield Finding(code, each.source, found[0].start, found[0].end, params)


def _is_bare_acronym(term: Term) -> bool:
    text = term.text
    return len(text) <= 4 and term.form != "case" and _ACRONYM.fullmatch(text) is not None


def _is_short_prefix(term: Term) -> bool:
    text = term.text
    return "*" in text and term.form != "case" and _SHORT_PREFIX.search(text) is not None


@functools.cache
def vague_words() -> tuple[str, ...]:
    """Words that stand in adverts of every trade."""
    text = resources.files("jobsieve.lint").joinpath("vague-words.txt").read_text("utf-8")
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def vague(
    skeleton: Skeleton, ruleset: _core.RuleSet, objects: Mapping[str, Object]
) -> Iterator[Finding]:
    """Rules that put an advert which holds one vague word and nothing else into a category."""
    found: dict[str, str] = {}
    for word in vague_words():
        for advert in ({"title": word}, {"description": word}):
            for name in ruleset.classify(**advert).matched_rules:
                found.setdefault(name, word)
    for rule in skeleton.rules:
        if rule.name not in found:
            continue
        adds = any(mention.kind == "add" for mention in objects[rule.name].mentions)
        # What other rules add is their affair.
        if adds and not any(skeleton.is_category(unit) for unit, _ in leaves(rule.whole)):
            word = found[rule.name]
            yield Finding("JS109", rule.source, rule.when[1], rule.when[2], {"word": word})


def unused_lists(objects: Sequence[Object]) -> Iterator[Finding]:
    """Lists that no rule names."""
    used = {name for each in objects for name, _, _ in each.lists}
    for each in objects:
        if each.kind == "list" and each.name not in used:
            yield Finding("JS111", each.source, *each.name_place, {"name": each.name})


def categories(objects: Sequence[Object], *, listed: bool) -> Iterator[Finding]:
    """Paths that only one rule adds and that are nearly another's, unless all are `listed` in a taxonomy;
    paths that are looked at or removed and that no rule adds."""
    added = Counter(
        mention.name for each in objects for mention in each.mentions if mention.kind == "add"
    )
    nearest = _NearPaths(added)
    above = {path.rsplit("/", depth)[0] for path in added for depth in range(path.count("/") + 1)}
    for each in objects:
        for mention in each.mentions:
            if mention.kind == "set":
                continue
            path = mention.name.removesuffix("/*")
            params = {"path": path, "reason": mention.kind}
            # What may be named at this place.
            nameable = added if mention.kind == "remove" and path == mention.name else above
            if mention.kind == "add":
                other = None if listed else nearest.of(path)
                if other is None:
                    continue
                params["other"] = other
            elif path in nameable:
                continue
            else:
                # Many unknown paths must not be compared with all known ones.
                params["other"] = _meant(path, nameable if len(nameable) <= 2_000 else ())
                params["known"] = params["other"]
            yield Finding("JS112", each.source, mention.start, mention.end, params)


def _meant(path: str, known: Iterable[str]) -> str:
    """The known path closest to one that is not; of the same depth, if one of that is close."""
    depth = path.count("/")
    level = [other for other in known if other.count("/") == depth]
    return closest(path, level) or closest(path, known) or ""


class _NearPaths:
    """Finds the path that one is a slip of: the same but for one letter or the spelling of one name."""

    def __init__(self, added: Counter[str]) -> None:
        self._added = added
        self._names: dict[str, set[str]] = {}
        for name in {name for path in added for name in path.split("/")}:
            for key in _keys(name):
                self._names.setdefault(key, set()).add(name)

    def of(self, path: str) -> str | None:
        if self._added[path] != 1:
            return None
        names = path.split("/")
        for at, name in enumerate(names):
            near = {other for key in _keys(name) for other in self._names[key]}
            for other in sorted(near - {name}):
                known = "/".join([*names[:at], other, *names[at + 1 :]])
                if self._added[known] > 1 and _is_slip(name, other):
                    return known
        return None


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _keys(name: str) -> set[str]:
    """What two names share that differ in case and signs, or in one letter."""
    folded = _folded(name)
    keys = {folded}
    if len(folded) >= _SHORTEST_SEGMENT:
        keys |= {folded[:at] + folded[at + 1 :] for at in range(len(folded))}
    return keys


def _is_slip(name: str, other: str) -> bool:
    """Digits tell names apart: class 1 is not class 2."""
    one, two = _folded(name), _folded(other)
    return abs(len(one) - len(two)) <= 1 and re.findall(r"\d+", one) == re.findall(r"\d+", two)
