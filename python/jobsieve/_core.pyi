"""The border between Python and Rust. Only plain data crosses; the GIL is released around all work.

Offsets given to Python are code points of the text as given.
"""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, TypeAlias, final

# code, severity ("error" | "warning"), index of the source, start, end, parameters,
# and for a related place: index of the source, start, end.
_Diagnostic: TypeAlias = tuple[str, str, int, int, int, dict[str, str], tuple[int, int, int] | None]

def compile(
    sources: Sequence[tuple[str, str]],
    *,
    settings: bytes | None = None,
    previous: RuleSet | None = None,
) -> tuple[RuleSet | None, list[_Diagnostic]]:
    """Compiles `(file name, text)` pairs into one rule set; None where a diagnostic is an error.

    `settings` is JSON as `Settings.for_rules` of `config` gives it; a key that is left out has its
    default. An unknown key or a wrong value is a `ValueError` that names the key.

    Without `previous` all cores work. With it, the rule set of an earlier build, what is the same is taken
    over and the rest done by one thread of the caller's priority; the outcome is the same.
    """

def check_settings(settings: bytes) -> None:
    """Raises `ValueError`, which names the key, for settings that `compile` would not take."""

def inspect_bundle(path: str | PathLike[str]) -> dict[str, Any]:
    """What a bundle says of itself: `format`, `hash`, `version`, `rules`, `categories`, `settings` (JSON),
    `data` (the checksum of its word lists), `sources` (names), `bytes`. Raises what `RuleSet.load` does."""

def split(source: str, *, settings: bytes | None = None) -> list[tuple[str, str, int, int]] | None:
    """Cuts a rule file into its objects: `(kind, name, start, end)` with kind `rule` or `list`.

    The parts join without gap to the whole text: comments above an object belong to it, what follows
    the last one to the last. None where the file does not parse or has no object.
    """

class JobsieveError(Exception):
    """Base of all exceptions that Jobsieve raises on purpose; `errors` draws the tree."""

class BundleError(JobsieveError):
    """A file is no bundle that can be used; the message names it and says why."""

class AdvertError(JobsieveError):
    """A request is not an advert. `code` is stable; `key` and `offset` (bytes) where they are known."""

    code: str
    key: str | None
    offset: int | None

@final
class Token:
    """A word of a text, and how it came about. `how` says by which step it got its noun lemma, `signs` what
    stands right before and right behind it that is part of no word; `name_like` is set where its capitals
    mark it as a name."""

    @property
    def surface(self) -> str: ...
    @property
    def folded(self) -> str: ...
    @property
    def lemma(self) -> str: ...
    @property
    def verb_lemma(self) -> str: ...
    @property
    def how(self) -> str: ...
    @property
    def signs(self) -> tuple[str, str]: ...
    @property
    def name_like(self) -> bool: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def position(self) -> int: ...
    @property
    def sentence(self) -> int: ...

def analyze(text: str, *, settings: bytes | None = None, rule: bool = False) -> list[Token]:
    """The words of an advert's text, or of a term of a `rule`, which has no markup and whose capitals
    tell nothing. Settings that can't be read are a `ValueError`, as for `compile`."""

def splits(word: str, *, settings: bytes | None = None) -> list[tuple[str, str]]:
    """The pairs of words that a folded word of a rule may be written as: `frontend` as `front end`."""

def joined(head: str, tail: str, *, hyphen: bool, settings: bytes | None = None) -> str | None:
    """What two folded words of a rule that follow each other may be written as. `hyphen` where a hyphen or
    slash stands between them."""

def parse(source: str, *, settings: bytes | None = None) -> list[tuple[Any, ...]]:
    """The objects of a rule file that can be read: `("list", name, terms)` and
    `("rule", name, when, unless, actions)`. A term is `(text, form, slop)`; a condition one of
    `("and" | "or" | "not", parts)`, `("at least", count, parts)`, `("term", fields, term)`,
    `("list", fields, name)`, `("of list", count or None for all, fields, name)`,
    `("near" | "before", distance, fields, left, right)`, `("category", path)`,
    `("compare", field, operator or "between" or "in", values)`."""

def canonical(source: str, *, settings: bytes | None = None) -> list[str]:
    """The canonical form of each object of a rule file that can be read, one a line."""

# Text, form, start, end.
_Term: TypeAlias = tuple[str, str, int, int]
# Kind ("add" | "remove" | "set" | "category"), path or attribute, score or value, start, end.
_Mention: TypeAlias = tuple[str, str, str, int, int]

def outline(
    source: str, *, settings: bytes | None = None
) -> list[
    tuple[
        str,
        str,
        tuple[int, int],
        tuple[int, int],
        list[_Term],
        list[tuple[str, int, int]],
        list[_Mention],
    ]
]:
    """The objects of a rule file that can be read: kind, name, place, place of the name, and in order the
    terms, the lists and the categories and attributes that stand in it, with their places."""

# Kind, start, end, number (of the unit of a leaf, of "at least"), bits of the fields of a leaf, parts.
_Condition: TypeAlias = tuple[str, int, int, int, int, tuple[Any, ...]]

def skeleton(
    ruleset: RuleSet,
) -> tuple[
    list[tuple[str, int, tuple[int, ...]]],
    list[tuple[str, int, _Condition, _Condition | None, bool]],
    dict[int, set[int]],
]:
    """What conditions are made of. Units by number: kind, distance, parts; equal things are one unit.
    Rules: name, source, condition, exception, and whether every advert is tried on it. For each word the
    other words that every token is which is this one."""

def wordnet_lemmas(words: Sequence[str], pos: str) -> list[str]:
    """The lemma of each word by WordNet's own rules; `pos` is n, v, a or r."""

def diagnostic_codes() -> list[str]:
    """Every code that `compile` can give: the registry in `diagnostics` must explain each."""

@final
class RuleSet:
    """An immutable, compiled set of rules. Threads may share it."""

    @property
    def hash(self) -> str:
        """`sha256:` and 64 hexadecimal digits over content and settings; the order of rules and files,
        comments and layout play no part."""
    @property
    def rule_count(self) -> int: ...
    @property
    def category_count(self) -> int: ...
    @property
    def memory_bytes(self) -> int:
        """The bytes of memory that it takes, with the text of its sources. A rule set that was built with
        a `previous` one shares some of them with it."""
    @property
    def rule_names(self) -> list[str]: ...
    @property
    def settings(self) -> bytes:
        """The settings that it was compiled with, as JSON with every key."""
    @property
    def fields(self) -> dict[str, str]:
        """The fields that adverts may have beside title and description, with their kinds."""
    def save(self, path: str | PathLike[str], *, version: int | None = None) -> None:
        """Writes a bundle: the file is replaced whole, or raises `OSError` and stays as it was."""
    @staticmethod
    def load(path: str | PathLike[str], *, settings: bytes | None = None) -> RuleSet:
        """The rule set of a bundle. Raises `BundleError` where it is damaged, of another kind or form, or
        built with other word lists; also where `settings`, as `compile` takes them, are not those it was
        built with, and names the key. `OSError` where it can't be read."""
    def classify(
        self,
        *,
        id: str | int | None = None,  # noqa: A002  the name in the request
        title: str | None = None,
        description: str | None = None,
        **fields: object,
    ) -> Classification:
        """Text without a word, of signs alone say, is matched by nothing. Raises `AdvertError` where both
        texts are missing or blank, a field is not declared, or its value is none of its kind: a `str` for a
        text, a `str` or a list of them for keywords, an `int` or `float`, a `datetime.date` or a `str` such
        as "2026-11-25", a `bool`; None is no value. `id` is taken, so that a row can be given
        as it is, and ignored."""
    def classify_many(self, rows: Iterable[Mapping[str, Any]]) -> list[Classification]:
        """The answers to adverts of the keys `id`, `title`, `description` and `fields`, in order; all or
        none. Raises what `classify` raises, `TypeError` for other keys and types; the message begins
        with the row: `rows[3]: …`."""
    def classify_json(self, body: bytes, *, version: int | None = None) -> bytes:
        """The record of one JSON advert, as the HTTP service would answer; raises `AdvertError`."""
    def classify_lines(self, lines: Sequence[bytes], *, version: int | None = None) -> list[bytes]:
        """The records of JSON adverts, in order; a refused advert becomes a record of status `error`."""
    def explain_json(
        self, body: bytes, *, rule: str | None = None, version: int | None = None
    ) -> bytes:
        """The record with `explanations`: each matched rule, and `rule` even if it did not match,
        clause by clause with verdict and places. Raises `KeyError` for an unknown rule."""
    def costs(self, lines: Sequence[bytes]) -> tuple[list[tuple[str, int, int, int]], int]:
        """What each rule costs on JSON adverts: `(name, tried, matched, nanoseconds)`, by name; and how many
        of the adverts were refused. One thread works, so that times compare."""
    def match_unfiltered(self, body: bytes) -> Classification:
        """The answer to a JSON advert found by trying every rule; for tests."""

@final
class Classification:
    @property
    def status(self) -> str: ...
    @property
    def primary(self) -> str | None: ...
    @property
    def categories(self) -> list[CategoryScore]: ...
    @property
    def attributes(self) -> dict[str, list[str]]: ...
    @property
    def matched_rules(self) -> list[str]: ...
    @property
    def cut(self) -> list[str]:
        """The keys of the texts that were longer than `analysis.max_text_bytes`, so that their end was
        not read; only where `analysis.too_long` is "cut"."""

@final
class CategoryScore:
    @property
    def path(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def rules(self) -> list[str]: ...

@final
class Server:
    """The data plane: an HTTP server on threads of its own that never take the GIL."""

    @staticmethod
    def start(settings: bytes) -> Server:
        """Binds and starts to serve: `/livez` answers, `/readyz` is 503 until the first `publish`.

        `settings` is a JSON object of the names in `crates/server/src/settings.rs`; times are seconds,
        `workers` 0 is one for each core. Raises `ValueError` for what is no such object, `OSError` where
        the address can't be bound or a file can't be used; its text names it. Used after a fork, every
        method raises `RuntimeError`.
        """
    @property
    def address(self) -> tuple[str, int] | None:
        """The bound host and port (the real one where port 0 was asked for); None for a Unix socket."""
    def publish(self, ruleset: RuleSet, version: int | None, status: bytes, metrics: str) -> None:
        """Swaps the rule set that requests are answered by; `status` is the JSON of `GET /v1/ruleset`,
        `metrics` further lines of `GET /metrics`."""
    def set_status(self, status: bytes, metrics: str) -> None:
        """Replaces what is told of the rule set and keeps it."""
    def renew(self, settings: bytes) -> None:
        """Takes the tokens of `settings` into force, and reads the files of their TLS again. Raises
        `OSError` where one can't be used; nothing changes then."""
    def probe(self, deadline: float) -> bool:
        """Whether every worker classifies an advert within `deadline` seconds."""
    def log(self, line: str) -> None:
        """Hands one line to the writer of standard output; dropped and counted where its queue is full."""
    def drain(self, deadline: float) -> bool:
        """Turns `/readyz` off, stops accepting, lets requests under way end. False where `deadline`
        seconds did not suffice and connections were cut."""
    def flush_log(self, deadline: float) -> bool:
        """Waits until the lines up to now are written or lost. False where they still wait after
        `deadline` seconds."""
