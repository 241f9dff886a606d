#!/usr/bin/env python3
"""Derives the lexicon of the engine from a WordNet database.

    scripts/derive_lexicon.py /usr/share/wordnet crates/engine/data/lexicon.txt

The folder is that of Debian's package wordnet-base (WordNet 3.0), or of any newer WordNet in the same form:
index.noun and its like, noun.exc and its like. Glosses, senses and relations are left out.

The lexicon is UTF-8 text, so that a difference can be read:

    jobsieve-lexicon 1           the form of the file
    words 78000                  then as many lines, sorted: how many bytes a word shares with the word
                                 before it, the rest of it, its parts of speech (the sum of 1 noun, 2 verb,
                                 4 adjective, 8 adverb), parted by single spaces
    exceptions 5947              then as many lines, sorted: part of speech (n v a r), inflected form, base
                                 forms in WordNet's order, parted by single spaces
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

PARTS = {"noun": (1, "n"), "verb": (2, "v"), "adj": (4, "a"), "adv": (8, "r")}


def read_words(folder: Path) -> dict[str, int]:
    """Every lemma with its parts of speech."""
    words: dict[str, int] = {}
    for part, (bit, _) in PARTS.items():
        for line in (folder / f"index.{part}").read_text(encoding="utf-8").splitlines():
            # The licence stands above, on lines that begin with two spaces.
            if not line.startswith("  "):
                word = line.split(" ", 1)[0]
                words[word] = words.get(word, 0) | bit
    return words


def read_exceptions(folder: Path) -> dict[tuple[str, str], list[str]]:
    """Base forms by part of speech and inflected form; of two lines for one form the last counts."""
    exceptions: dict[tuple[str, str], list[str]] = {}
    for part, (_, letter) in PARTS.items():
        for line in (folder / f"{part}.exc").read_text(encoding="utf-8").splitlines():
            form, *bases = line.split()
            exceptions[letter, form] = bases
    return exceptions


def wanted(words: dict[str, int], exceptions: dict[tuple[str, str], list[str]]) -> dict[str, int]:
    """The words that a token or a base form can equal: a token holds no underscore, so collocations
    count only where an exception names them."""
    named = {base for bases in exceptions.values() for base in bases}
    return {word: parts for word, parts in words.items() if "_" not in word or word in named}


def lines(words: dict[str, int], exceptions: dict[tuple[str, str], list[str]]) -> list[str]:
    """The file."""
    out = ["jobsieve-lexicon 1", f"words {len(words)}"]
    before = b""
    for word in sorted(words, key=str.encode):
        data = word.encode()
        pairs = zip(before, data, strict=False)
        shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        out.append(f"{shared} {data[shared:].decode()} {words[word]}")
        before = data
    out.append(f"exceptions {len(exceptions)}")
    out += [
        f"{part} {form} {' '.join(bases)}" for (part, form), bases in sorted(exceptions.items())
    ]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("wordnet", type=Path, help="folder with index.noun, noun.exc and so on")
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    exceptions = read_exceptions(arguments.wordnet)
    words = wanted(read_words(arguments.wordnet), exceptions)
    text = "\n".join(lines(words, exceptions)) + "\n"
    arguments.output.write_text(text, encoding="utf-8")
    print(f"{len(words)} words, {len(exceptions)} exceptions, {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
