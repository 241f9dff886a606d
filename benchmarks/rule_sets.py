"""Rule sets of any size for the benchmarks: drawn with a fixed seed, alike in every run."""

from __future__ import annotations

import random

_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]


def words(count: int, seed: int = 1) -> list[str]:
    """Distinct words that no dictionary knows, so that lemmas make none of them equal."""
    draw = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(draw.choices(_SYLLABLES, k=draw.randint(3, 5)))] = None
    return list(found)


def rules(count: int, seed: int = 2) -> list[tuple[str, str]]:
    """Names and texts of rules as experts write them: two to four terms, some phrases, a field, a not."""
    draw = random.Random(seed)
    vocabulary = words(max(200, count // 2))
    found = []
    for number in range(count):
        name = f"rule {number}"
        first, second, third, fourth = draw.choices(vocabulary, k=4)
        condition = draw.choice(
            [
                f'title "{first}" and "{second}"',
                f'title ("{first}" or "{second} {third}")',
                f'"{first}" and ("{second}" or "{third}") and not "{fourth}"',
                f'"{first} {second}" or title "{third}"',
            ]
        )
        found.append(
            (name, f'rule "{name}":\n  when {condition}\n  then add category "c{number % 500}";\n')
        )
    return found
