"""Rule sets and adverts to measure the engine on.

A scenario is a folder: `*.rules`, `adverts.jsonl`, `words.txt` (every word of the rules, for the floor),
and where they are known, `matches.txt` (how many rules match each advert). Three are made from data that
does not come with the project, one is generated here from a seed. `settings.json` says how text is analysed.
"""

from __future__ import annotations

import csv
import gzip
import html
import itertools
import json
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

STARTER = Path(__file__).parents[1] / "python" / "jobsieve" / "starter"
Advert = dict[str, str]


def percolation(data: Path, folder: Path, count: int) -> Path:
    """The first `count` stored queries of a comparison with Lucene Monitor, and its answers."""
    adverts = [json.loads(line) for line in _lines(data / "docs.jsonl.gz")]
    matches = [line.split("\t")[1] for line in _lines(data / f"matches-{count}.tsv")]
    queries = itertools.islice(_lines(data / "rules.tsv.gz"), count)
    return _write(folder, map(_rule_of_query, queries), adverts, matches, lemmas="off")


def _rule_of_query(line: str) -> str:
    name, query = line.split("\t")
    found = re.fullmatch(r'\+title:"(.+)" \+\((.+)\) -title:(\w+)', query)
    if found is None:
        raise SystemExit(f"not a query of the known form: {query}")
    either = " or ".join(
        f'description:"{word.removeprefix("description:")}"' for word in found[2].split()
    )
    condition = f'title:"{found[1]}" and ({either}) and not title:"{found[3]}"'
    return _rule(name, condition, "all")


def occupations(titles: Path, adverts: Path, folder: Path) -> Path:
    """One rule for each occupation code, with its titles as phrases; real adverts without markup."""
    by_code: dict[str, dict[str, None]] = {}
    for code, title, *_ in csv.reader(_lines(titles), delimiter="\t"):
        words = re.sub(r"[^\w&+#./' -]+", " ", title).split()
        if any(character.isalnum() for character in title):
            by_code.setdefault(code, {})[" ".join(words)] = None
    rules = (
        _rule(code, " or ".join(f'"{title}"' for title in of_code), code)
        for code, of_code in by_code.items()
    )
    stripped = [
        {key: _stripped(text) for key, text in advert.items() if key != "id"}
        for advert in map(json.loads, _lines(adverts))
    ]
    return _write(folder, rules, stripped)


def starter(adverts: Path, folder: Path, *, markup: bool) -> Path:
    """The rules that come with the project, on real adverts with or without their markup."""
    texts = [file.read_text(encoding="utf-8") for file in sorted(STARTER.glob("*.rules"))]
    found = [json.loads(line) for line in _lines(adverts)]
    if not markup:
        found = [
            {key: _stripped(text) for key, text in advert.items() if key != "id"}
            for advert in found
        ]
    return _write(folder, texts, found)


# Tags that end a line; all others stand within one.
_BLOCK = re.compile(r"</?(?:p|div|br|li|ul|ol|h\d|tr|td|th|table|tbody)\b[^>]*>", re.IGNORECASE)


def _stripped(text: str) -> str:
    text = html.unescape(text)
    text = re.sub(r"</?[a-zA-Z][^>]*>", "", _BLOCK.sub("\n\n", text))
    return re.sub(r"\n\s*\n", "\n\n", html.unescape(text)).replace("<", " ").replace("&", " ")


# What a generated advert looks like: about as long as real ones.
_TITLE_WORDS, _DESCRIPTION_WORDS = 6, 350
_PLANTED = 4


def generated(folder: Path, count: int, adverts: int = 2000, seed: int = 1) -> Path:
    """`count` rules of five shapes over 30,000 words; four of them are planted in each advert, whatever
    the number of rules, so that what an advert costs can be compared."""
    draw = random.Random(seed)
    words = sorted({_word(draw) for _ in range(40_000)})
    draw.shuffle(words)
    words = words[:30_000]
    weights = list(itertools.accumulate(1 / rank for rank in range(1, len(words) + 1)))
    rules = [_generated_rule(draw, words) for _ in range(count)]
    texts = []
    for _ in range(adverts):
        title = draw.choices(words, cum_weights=weights, k=_TITLE_WORDS - 2)
        description = draw.choices(words, cum_weights=weights, k=_DESCRIPTION_WORDS)
        for number, (_, in_title, in_description) in enumerate(draw.sample(rules, _PLANTED)):
            title.extend(in_title)
            at = draw.randrange(len(description))
            description[at:at] = in_description if number else [*in_description, "."]
        texts.append({"title": " ".join(title), "description": _sentences(draw, description)})
    lines = (
        _rule(f"r{number}", condition, f"c/{number % 500}")
        for number, (condition, _, _) in enumerate(rules)
    )
    return _write(folder, lines, texts)


def _generated_rule(draw: random.Random, words: list[str]) -> tuple[str, list[str], list[str]]:
    """A condition, and what it needs in a title and in a description."""
    # Rules name neither the most frequent words nor the very rare.
    a, b, c, d, e = (words[int(30 * (len(words) / 30) ** draw.random())] for _ in range(5))
    match draw.randrange(5):
        case 0:
            either = f'(description:"{c}" or description:"{d}")'
            return f'title:"{a} {b}" and {either} and not title:"{e}"', [a, b], [c]
        case 1:
            return f'title:"{a}" and title:"{b}" and description:"{c}"', [b, a], [c]
        case 2:
            return f'"{a} {b} {c}" and not title:"{d}"', [], [a, b, c]
        case 3:
            return f'title ("{a} {b}" or "{c} {d}") and not description:"{e}"', [c, d], []
        case _:
            return f'description:("{a}" near/3 "{b}") and title:"{c}"', [c], [a, d, b]


def _word(draw: random.Random) -> str:
    syllables = (draw.choice("bcdfghjklmnprstvwz") + draw.choice("aeiou") for _ in range(4))
    return "".join(itertools.islice(syllables, draw.choice((2, 3, 3, 4))))


def _sentences(draw: random.Random, words: list[str]) -> str:
    """Words with a capital and a full stop now and then, as people write."""
    text = " ".join(words).replace(" . ", " ")
    return re.sub(
        r"(\S+) (\S+)",
        lambda pair: pair[0] if draw.random() > 0.1 else f"{pair[1]}. {pair[2].capitalize()}",
        text,
    )


def _rule(name: str, condition: str, category: str) -> str:
    return f'rule "{name}": when {condition} then add category "{category}";\n'


def _lines(file: Path) -> Iterator[str]:
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield line.rstrip("\n")


def _write(
    folder: Path,
    rules: Iterable[str],
    adverts: list[Advert],
    matches: list[str] | None = None,
    lemmas: str = "wordnet-plus",
) -> Path:
    folder.mkdir(parents=True)
    text = "".join(rules)
    conditions = re.sub(r'(?:rule|category|list) "[^"]*"', "", text)
    words = {word.lower() for term in re.findall(r'"([^"]*)"', conditions) for word in term.split()}
    (folder / "all.rules").write_text(text, encoding="utf-8")
    (folder / "words.txt").write_text("\n".join(sorted(words)), encoding="utf-8")
    (folder / "settings.json").write_text(
        json.dumps({"analysis": {"lemmas": lemmas}}), encoding="utf-8"
    )
    lines = "".join(json.dumps(advert, ensure_ascii=False) + "\n" for advert in adverts)
    (folder / "adverts.jsonl").write_text(lines, encoding="utf-8")
    if matches is not None:
        (folder / "matches.txt").write_text("\n".join(matches), encoding="utf-8")
    return folder
