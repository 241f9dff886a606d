"""How a text is read: its words, their lemmas and places, for people and programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobsieve import _core
from jobsieve.errors import ConfigError

if TYPE_CHECKING:
    from jobsieve.config import Settings


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text. `start` and `end` are code points of the text as given; `how` tells which step gave
    the lemma; `verb` is the lemma that `any form` meets, too; `spellings` are the pairs of words that a
    rule's word is met as, too. Phrases do not cross sentences."""

    text: str
    surface: str
    folded: str
    lemma: str
    how: str
    verb: str
    start: int
    end: int
    position: int
    sentence: int
    name_like: bool
    spellings: tuple[str, ...] = ()


def words(text: str, *, settings: Settings | None = None, rule: bool = False) -> list[Word]:
    """The words of an advert's text, plain or HTML, or of a term of a `rule`."""
    given = settings.for_rules() if settings else None
    try:
        tokens = _core.analyze(text, settings=given, rule=rule)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return [
        Word(
            text=text[token.start : token.end],
            surface=token.surface,
            folded=token.folded,
            lemma=token.lemma,
            how=token.how,
            verb=token.verb_lemma,
            start=token.start,
            end=token.end,
            position=token.position,
            sentence=token.sentence,
            name_like=token.name_like,
            spellings=tuple(" ".join(pair) for pair in _core.splits(token.folded, settings=given))
            if rule
            else (),
        )
        for token in tokens
    ]
