"""What is known of each kind of finding: its words, why it is a fault, and an example of it mended.

`diagnostics.toml` holds the compiler's findings, `lint.toml` the linter's.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources

import msgspec

COMPILER, LINTER = "diagnostics.toml", "lint.toml"


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
    warning: bool = False


@functools.cache
def registry() -> Mapping[str, Entry]:
    """Every code that can be explained, in order."""
    return {**read(COMPILER), **read(LINTER, warning=True)}


def read(file: str, **defaults: object) -> dict[str, Entry]:
    """The entries of one of the files, by code."""
    text = resources.files("jobsieve").joinpath(file).read_text(encoding="utf-8")
    entries = {}
    for code, table in tomllib.loads(text).items():
        by_case = {name: table.pop(name) for name in list(table) if isinstance(table[name], dict)}
        entries[code] = msgspec.convert({**defaults, **table, "by_case": by_case}, Entry)
    return entries


def explanation(code: str) -> str | None:
    """The page on a code: what it means, why it is a fault, and an example of it mended."""
    entry = registry().get(code.upper())
    if entry is None:
        return None

    def indented(example: str) -> str:
        return "".join(f"    {line}\n" for line in example.strip("\n").split("\n"))

    allow = f"\nTo keep it, write directly above the rule: # allow {code.upper()}: why\n"
    return (
        f"{code.upper()}: {entry.title}\n\n{entry.explanation.strip()}\n\n"
        f"Wrong:\n\n{indented(entry.wrong)}\nRight:\n\n{indented(entry.right)}"
        f"{allow if entry.warning else ''}"
    )
