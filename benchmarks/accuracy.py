#!/usr/bin/env python3
"""How right the rules are beside a trained classifier, on labelled adverts.

    pip install --require-hashes -r requirements-benchmarks.lock
    benchmarks/accuracy.py EXAMPLES --map FILE [--without KEY=VALUE] [--least 5] [--rules PATH]

The adverts fall into two halves by their ids. A linear support vector machine over words and pairs of words
(the title counts twice) learns from the half that rules may be written on, and both are judged on the other,
with the majority class beside them. The rules are the starter rules unless others are named. An advert
without a category counts as wrong.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from jobsieve import corpus, rules, snapshot
from jobsieve.cli import adverts, labelled
from jobsieve.evaluation import LabelMap, Outcome, Share, evaluate
from jobsieve.evaluation.figures import mcnemar

LARGEST_CELL = 1 << 20


def text(advert: corpus.Advert) -> str:
    return f"{advert.title} . {advert.title} . {corpus.plain(advert.description)}"


def trained_answers(seen: list[corpus.Advert], judged: list[corpus.Advert]) -> list[str]:
    """The label that the support vector machine gives each judged advert."""
    machine = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2), LinearSVC()
    )
    machine.fit([text(each) for each in seen], [each.labels[0] for each in seen])
    return list(machine.predict([text(each) for each in judged]))


def shown(name: str, share: Share) -> str:
    span = share.span
    return f"{name:24} {span.value:6.3f}  ({span.low:.3f} to {span.high:.3f}; {share.hits} of {share.of})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("examples", nargs="+")
    parser.add_argument("--map", type=Path, required=True)
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--least", type=int, default=5)
    parser.add_argument("--rules", type=Path)
    parser.add_argument("--save", type=Path, help="file for the figures as JSON")
    options = parser.parse_args()

    labels = LabelMap.read(options.map)
    given: list[corpus.Advert] = []
    for file in options.examples:
        rows = adverts.read(file, largest_cell=LARGEST_CELL, more_columns=True)
        given += corpus.adverts([row for row in rows if isinstance(row, bytes)], file)
    given = [each for each in given if each.labels and labels.says_something(each.labels[0])]
    chosen, _ = labelled.choose(given, options.without, options.least)
    seen = [each for each in chosen if each.half == "seen"]
    judged = [each for each in chosen if each.half == "judged"]

    texts = rules.read_files([options.rules]) if options.rules else rules.starter_files()
    found = evaluate(snapshot.build(list(texts.items())), judged, labels)
    predicted = trained_answers(seen, judged)
    by_machine = [answer in each.labels for answer, each in zip(predicted, judged, strict=True)]
    by_rules = [each.right for each in found.outcomes]
    majority = Counter(each.labels[0] for each in seen).most_common(1)[0][0]

    def own_label(outcome: Outcome) -> str | None:
        """The label nearest to the primary category, where the map lets it count for several."""
        path = outcome.answer.primary
        return labels.label_of(path) if path is not None else None

    pairs = list(zip(by_rules, by_machine, strict=True))
    only_rules, only_machine = pairs.count((True, False)), pairs.count((False, True))
    shares = {
        "majority class": Share(sum(majority in each.labels for each in judged), len(judged)),
        "linear SVM, trained": Share(sum(by_machine), len(judged)),
        "rules": found.accuracy,
        "rules, one label each": Share(
            sum(own_label(each) in each.wanted for each in found.outcomes), len(judged)
        ),
        "rules, any category": found.anywhere,
        "rules, coverage": found.coverage,
    }
    print(f"{len(seen)} adverts seen, {len(judged)} judged, {len(found.by_label)} labels")
    for name, share in shares.items():
        print(shown(name, share))
    chance = mcnemar(only_rules, only_machine)
    print(f"only the rules right: {only_rules}, only the SVM: {only_machine}; p = {chance:.4f}")
    if options.save:
        figures: dict[str, object] = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": platform.processor() or platform.machine(),
            "ruleset": found.ruleset,
            "seen": len(seen),
            "judged": len(judged),
            "p_value_rules_against_svm": chance,
            **{name: [share.hits, share.of] for name, share in shares.items()},
        }
        options.save.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
