"""Whether what an explanation highlights is what the rule asks for: on real adverts, slice by slice.

    benchmarks/highlights.py ADVERTS.jsonl.gz [RULES …]

Each place of each matched clause is cut from the advert as given and analysed alone: the words must be those
of the clause's term, by the independent matcher of the tests. Places that cross a tag or an entity are
counted. Exit status 1 where a slice fails.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from jobsieve import _core, rules, snapshot  # noqa: E402
from tests.reference_matcher import ReferenceMatcher, Tree, read  # noqa: E402

LEMMAS = "wordnet-plus"


def clauses(explanation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting = [explanation["when"]]
    while waiting:
        clause = waiting.pop()
        waiting += clause.get("parts", [])
        if clause["kind"] == "leaf":
            yield clause


def main(path: Path, rule_paths: list[Path]) -> int:
    files = (
        {str(file): file.read_text(encoding="utf-8") for file in rule_paths}
        if rule_paths
        else dict(rules.starter_files())
    )
    built = snapshot.build(list(files.items()))
    ruleset = built.ruleset
    reference = ReferenceMatcher("\n".join(text for _, text in built.sources), LEMMAS)
    trees: dict[str, Tree] = {}
    verdicts: dict[tuple[str, str], bool] = {}
    adverts = places = tags = entities = failed = 0
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            given = json.loads(line)
            advert = {key: given[key] for key in ("title", "description") if given.get(key)}
            answer = json.loads(ruleset.explain_json(json.dumps(advert).encode()))
            adverts += 1
            for clause in (c for each in answer["explanations"] for c in clauses(each)):
                text = clause["text"]
                if text not in trees:
                    (rule,) = _core.parse(f'rule "r": when {text} then add category "c";')
                    tree = rule[2]
                    # Each of so many terms of a list is a clause of its own with the text of all.
                    trees[text] = ("list", *tree[2:]) if tree[0] == "of list" else tree
                for place in clause["places"]:
                    piece = advert[place["field"]][place["start"] : place["end"]]
                    places += 1
                    tags += "<" in piece or "&lt;" in piece
                    entities += "&" in piece and ";" in piece
                    if (text, piece) not in verdicts:
                        words = read(piece, LEMMAS, rule=False)
                        whole = (0, len(words) - 1)
                        verdicts[text, piece] = whole in reference.places_of(trees[text], words)
                    if not verdicts[text, piece]:
                        failed += 1
                        print(f"{text} is not what {piece!r} says")
    print(
        f"{adverts} adverts, {places} places, {len(verdicts)} different slices; "
        f"{tags} cross a tag, {entities} an entity; {failed} failed"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    sys.exit(main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]))
