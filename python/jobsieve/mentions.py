"""Where rules and examples name categories: which are in use, and the texts with other paths in place.

Nothing is looked up in a taxonomy and nothing compiled here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from jobsieve.errors import StoreError
from jobsieve.lint.objects import Mention, objects

if TYPE_CHECKING:
    from jobsieve.config import Settings

# What stands before the path where a condition names it.
_KEYWORD = re.compile(r"category(?:\s|#[^\n\r]*)*", re.IGNORECASE)
_EXPECTATIONS = ("must", "must_not", "primary")


def in_use(sources: Iterable[tuple[str, str]], settings: Settings | None = None) -> list[str]:
    """The categories that a taxonomy must list so that these rules may name what they name, sorted."""
    added, exact, branches = set(), set(), set()
    for mention in _mentions(sources, settings):
        if mention.kind == "add":
            added.add(mention.name)
        elif mention.kind == "category" or mention.name.endswith("/*"):
            branches.add(mention.name.removesuffix("/*"))
        else:
            exact.add(mention.name)
    named = added | exact
    above = {path.rsplit("/", depth)[0] for path in named for depth in range(path.count("/") + 1)}
    return sorted(named | (branches - above))


def is_within(path: str, branch: str) -> bool:
    """Whether a category is the other, or below it."""
    return path == branch or path.startswith(f"{branch}/")


def moved(text: str, old: str, new: str, settings: Settings | None = None) -> str:
    """Rules and lists with a category, and all below it, under another path; all else stays byte for byte."""
    before = _mentions([("", text)], settings)
    affected = [mention for mention in before if is_within(mention.name, old)]
    for mention in sorted(affected, key=lambda mention: -mention.start):
        start = mention.start
        if mention.kind == "category" and (keyword := _KEYWORD.match(text, start)):
            start = keyword.end()
        text = text[:start] + _quoted(new + mention.name.removeprefix(old)) + text[mention.end :]
    wanted = [
        new + each.name.removeprefix(old) if each in affected else each.name for each in before
    ]
    if [each.name for each in _mentions([("", text)], settings)] != wanted:
        raise StoreError(
            f"a rule can't be written with {new} in place of {old}; nothing was written: {text}"
        )
    return text


def moved_in_examples(text: str, old: str, new: str) -> str:
    """Examples with the category, and all below it, under another path. Lines that do not name it keep their
    bytes."""

    def path(expected: Any) -> Any:
        known = isinstance(expected, str) and is_within(expected, old)
        return new + expected.removeprefix(old) if known else expected

    lines = []
    for line in text.split("\n"):
        found = json.loads(line.removeprefix("\ufeff")) if line.strip("\ufeff \t\r") else {}
        changed = {
            key: [path(each) for each in value] if isinstance(value, list) else path(value)
            for key, value in found.items()
            if key in _EXPECTATIONS
        }
        if any(found[key] != value for key, value in changed.items()):
            mark = "\ufeff" if line.startswith("\ufeff") else ""
            end = "\r" if line.endswith("\r") else ""
            line = mark + json.dumps({**found, **changed}, ensure_ascii=False) + end
        lines.append(line)
    return "\n".join(lines)


def _mentions(sources: Iterable[tuple[str, str]], settings: Settings | None) -> list[Mention]:
    read_with = settings.for_rules() if settings else None
    return [
        mention
        for each in objects(list(sources), read_with)
        for mention in each.mentions
        if mention.kind != "set"
    ]


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
