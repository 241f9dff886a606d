"""Values of declared fields that comparisons may be met by, to be tried on rules. Nothing is proven here: a
value that meets no comparison costs one attempt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import islice, product

_LITERAL = re.compile(r'"([^"]*)"|(-?)[£€$]?(\d[\d_]*(?:\.\d+)?)([kKmM]?)')
_FIELD = re.compile(r"\w+")
_THOUSANDS = {"": 1, "k": 1_000, "m": 1_000_000}
_MOST_TRIED = 32


def assignments(
    comparisons: Iterable[str], kinds: Mapping[str, str]
) -> Iterator[dict[str, object]]:
    """Values of the fields that the comparisons, as they are written, begin with: one value for a field,
    at the limits that the comparisons name and beside them."""
    found: dict[str, dict[object, None]] = {}
    folded = {name.lower(): name for name in kinds}
    for text in comparisons:
        first = _FIELD.match(text)
        name = folded.get(first.group().lower()) if first else None
        if name is not None:
            tried = found.setdefault(name, {})
            tried.update(dict.fromkeys(_candidates(text[len(name) :], kinds[name])))
    names = list(found)
    for values in islice(product(*(list(found[name]) for name in names)), _MOST_TRIED):
        yield dict(zip(names, values, strict=True))


def _candidates(text: str, kind: str) -> Iterator[object]:
    if kind == "boolean":
        yield from (True, False)
        return
    for quoted, sign, digits, power in _LITERAL.findall(text):
        if kind == "number" and digits:
            number = float(f"{sign}{digits}".replace("_", "")) * _THOUSANDS[power.lower()]
            yield from (number, number - 1, number + 1)
        elif kind == "date" and quoted:
            try:
                day = date.fromisoformat(quoted.strip())
                beside = (day, day - timedelta(1), day + timedelta(1))
            except (ValueError, OverflowError):
                continue
            yield from map(str, beside)
        elif kind == "keyword" and quoted:
            yield quoted
