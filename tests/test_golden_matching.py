"""What conditions mean, case by case, in all three matchers: see golden/matching.toml."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from jobsieve import _core
from tests.reference_matcher import ReferenceMatcher

GOLDEN = Path(__file__).parent / "golden" / "matching.toml"
CASES: list[dict[str, Any]] = tomllib.loads(GOLDEN.read_text(encoding="utf-8"))["case"]


def test_the_golden_file_is_not_empty() -> None:
    assert len(CASES) > 30
    assert all(case["matches"] for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_condition(case: dict[str, Any]) -> None:
    rule = f'rule "r": when {case["when"]} then add category "c";'
    source = "\n".join([case.get("before", ""), rule, case.get("after", "")])
    ruleset, diagnostics = _core.compile([("case.rules", source)])
    assert ruleset is not None, diagnostics
    reference = ReferenceMatcher(source, "wordnet-plus")
    for verdict, adverts in (("matched", case["matches"]), ("unmatched", case["misses"])):
        for given in adverts:
            title, description = (given, "") if isinstance(given, str) else given
            advert = {"title": title, "description": description}
            body = json.dumps(advert).encode()
            assert ruleset.classify(**advert).status == verdict, advert
            assert ruleset.match_unfiltered(body).status == verdict, advert
            assert bool(reference.classify(advert)["matched_rules"]) == (verdict == "matched")
