"""The lemmas of WordNet's four parts of speech are NLTK's, bit for bit.

NLTK reads Debian's WordNet files; the compiled module has its own lexicon, derived from the same.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from jobsieve import _core

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RequireComponent

WORDNET = Path("/usr/share/wordnet")
PARTS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}

# Every ending of WordNet's rules, and some that end in one of them after one more letter.
ENDINGS = {
    "n": ["", "s", "es", "ses", "ves", "xes", "zes", "ches", "shes", "men", "ies", "ss", "ful"],
    "v": ["", "s", "ies", "es", "ed", "ing", "ss", "eds"],
    "a": ["", "er", "est", "ier", "iest"],
    "r": ["", "er", "s"],
}


class Lemmatizer(Protocol):
    def lemmatize(self, word: str, pos: str) -> str: ...


@pytest.fixture
def nltk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require_component: RequireComponent
) -> Lemmatizer:
    """NLTK over Debian's files, which lack two that NLTK opens but needs for no lemma."""
    require_component("wordnet-base", (WORDNET / "index.noun").exists(), "apt-get install it")
    corpus = pytest.importorskip("nltk.corpus")
    data = pytest.importorskip("nltk.data")
    stem = pytest.importorskip("nltk.stem")
    reader = pytest.importorskip("nltk.corpus.reader.wordnet")

    # The map of senses to other WordNets needs index.sense.
    monkeypatch.setattr(reader.WordNetCorpusReader, "map_wn", lambda *_: None)
    folder = tmp_path / "corpora" / "wordnet"
    folder.mkdir(parents=True)
    for part in PARTS.values():
        # NLTK refuses links that lead out of its folder.
        for name in (f"index.{part}", f"data.{part}", f"{part}.exc"):
            shutil.copyfile(WORDNET / name, folder / name)
    lexnames = "".join(f"{number:02d}\tfile{number}\t1\n" for number in range(45))
    (folder / "lexnames").write_text(lexnames, encoding="utf-8")
    monkeypatch.setattr(data, "path", [str(tmp_path)])
    files = data.FileSystemPathPointer(str(folder))
    monkeypatch.setattr(corpus, "wordnet", reader.WordNetCorpusReader(files, None))
    lemmatizer: Lemmatizer = stem.WordNetLemmatizer()
    return lemmatizer


def forms(pos: str) -> list[str]:
    """The words of all parts of speech, the irregular forms of this one, and each word of this one
    under its endings, after the whole word and after the word without its last letters."""
    words: dict[str, set[str]] = {}
    for letter, part in PARTS.items():
        lines = (WORDNET / f"index.{part}").read_text(encoding="utf-8").splitlines()
        first = (line.split(" ", 1)[0] for line in lines if not line.startswith("  "))
        words[letter] = {word for word in first if "_" not in word}
    exceptions = (WORDNET / f"{PARTS[pos]}.exc").read_text(encoding="utf-8").splitlines()
    found = set().union(*words.values())
    found |= {cell for line in exceptions for cell in line.split()}
    for word in words[pos]:
        found.update(word + ending for ending in ENDINGS[pos])
        found.update((f"{word[:-1]}ies", f"{word[:-1]}ves", f"{word[:-2]}men", word[:-1]))
    return sorted(found - {""})


@pytest.mark.filterwarnings("ignore:The multilingual functions")
def test_lemmas_are_those_of_nltk(nltk: Lemmatizer) -> None:
    differences: list[tuple[str, str, str, str]] = []
    compared = changed = 0
    ask: Callable[[str, str], str] = nltk.lemmatize
    for pos in PARTS:
        words = forms(pos)
        ours = _core.wordnet_lemmas(words, pos)
        assert len(ours) == len(words)
        theirs = [ask(word, pos) for word in words]
        pairs = list(zip(words, ours, theirs, strict=True))
        differences += [(pos, *pair) for pair in pairs if pair[1] != pair[2]]
        compared += len(pairs)
        changed += sum(word != their for word, _, their in pairs)
    assert differences == []
    # That words were compared, and that not all of them were left alone.
    assert compared > 300_000
    assert changed > 100_000
