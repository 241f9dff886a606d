"""How texts are cut: see golden/analysis.toml; and the settings of a site."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import jobsieve
from jobsieve import analysis
from jobsieve.config import AnalysisSettings, Settings
from jobsieve.errors import ConfigError

GOLDEN = Path(__file__).parent / "golden" / "analysis.toml"
CASES: list[dict[str, Any]] = tomllib.loads(GOLDEN.read_text(encoding="utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=[case["text"] for case in CASES])
def test_words(case: dict[str, Any]) -> None:
    found = analysis.words(case["text"])
    assert [word.folded for word in found] == case["words"]
    assert [word.text for word in found] == case.get("given", case["words"])
    assert [word.lemma for word in found] == case.get("lemmas", case["words"])


def test_a_word_tells_how_it_came_about() -> None:
    found = analysis.words("We meet carers and men. At Brantocks, nurses are us.")
    how = {word.surface: (word.lemma, word.how, word.sentence) for word in found}
    assert how["carers"] == ("carer", "plural that WordNet does not know", 0)
    assert how["men"] == ("man", "WordNet's irregular form", 0)
    assert how["nurses"] == ("nurse", "WordNet's ending", 1)
    assert how["us"] == ("us", "function word", 1)
    assert how["Brantocks"] == ("brantocks", "unchanged", 1)


def test_a_site_has_its_own_lexemes_and_lemmas() -> None:
    site = AnalysisSettings(lexemes=("T-SQL",), lemma_overrides={"Sales": "sales", "RGN": "nurse"})
    settings = Settings(analysis=site)
    words = analysis.words("T-SQL sales, RGN", settings=settings)
    assert [(word.folded, word.lemma) for word in words] == [
        ("t-sql", "t-sql"),
        ("sales", "sales"),
        ("rgn", "nurse"),
    ]
    source = 'rule "r": when "nurse" or "sale" or "sql" then add category "c";'
    rules = jobsieve.compile(source, settings=settings)
    assert rules.classify(title="RGN").status == "matched"
    assert rules.classify(title="Sales, T-SQL").status == "unmatched"
    assert rules.hash != jobsieve.compile(source).hash


def test_compounds_can_be_turned_off() -> None:
    source = 'rule "r": when "forklift" then add category "c";'
    settings = Settings(analysis=AnalysisSettings(compounds=False))
    assert jobsieve.compile(source).classify(title="Fork lift").status == "matched"
    off = jobsieve.compile(source, settings=settings)
    assert off.classify(title="Fork lift").status == "unmatched"


def test_a_site_has_its_own_wordnet(tmp_path: Path) -> None:
    for part in ("noun", "verb", "adj", "adv"):
        (tmp_path / f"index.{part}").write_text("  1 licence\n", encoding="utf-8")
        (tmp_path / f"{part}.exc").write_text("", encoding="utf-8")
    (tmp_path / "noun.exc").write_text("foxen fox\n", encoding="utf-8")
    nouns = tmp_path / "index.noun"
    nouns.write_text("fox n 1 0 1 0 1\n", encoding="utf-8")
    settings = Settings(analysis=AnalysisSettings(wordnet=str(tmp_path)))
    assert [word.lemma for word in analysis.words("foxen", settings=settings)] == ["fox"]
    source = 'rule "r": when "fox" then add category "c";'
    own = jobsieve.compile(source, settings=settings)
    assert own.classify(title="Foxen").status == "matched"
    assert own.hash != jobsieve.compile(source).hash

    nouns.write_text("fox n 1\nfox v 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"analysis\.wordnet: .*index\.noun, line 2: "):
        jobsieve.compile(source, settings=settings)
    with pytest.raises(ConfigError, match=r"analysis\.wordnet: can't read .*index\.noun"):
        analysis.words("x", settings=Settings(analysis=AnalysisSettings(wordnet="no/folder")))
