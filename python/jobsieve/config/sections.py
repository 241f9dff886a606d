"""The sections of the settings: every key with its type, its default and its meaning."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

# A day: what is longer is a slip of the pen. The bound also refuses `inf`.
Seconds = Annotated[
    float, Meta(gt=0, le=86_400, title="a number of seconds above 0, at most 86400")
]


def masked(url: str) -> str:
    """The URL without its passwords, for messages and logs."""
    # Up to the last @: a password may hold @ and / where it should have been percent-encoded.
    url = re.sub(r"(?<=://)([^/@:]*):.*@", r"\1:***@", url)
    return re.sub(r"(?i)([?&]pass\w*=)[^&]*", r"\1***", url)


class StoreSettings(msgspec.Struct, frozen=True):
    """Where the rules are kept."""

    url: Annotated[
        str,
        Meta(
            min_length=1,
            title='a file path or a URL such as "sqlite:///jobsieve.db"',
            description="the rule store: an SQLite file, or a database by mysql:// or postgresql://",
        ),
    ] = "sqlite:///jobsieve.db"

    def __repr__(self) -> str:
        return f"StoreSettings(url={masked(self.url)!r})"


class ServerSettings(msgspec.Struct, frozen=True):
    """The HTTP service."""

    host: Annotated[
        str,
        Meta(
            min_length=1,
            title='a host name or address such as "127.0.0.1"',
            description="the address that is listened on; 0.0.0.0 for all",
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(
            ge=0,
            le=65_535,
            title="a whole number from 0 to 65535",
            description="the port that is listened on; 0 lets the system choose one",
        ),
    ] = 8000
    unix_socket: Annotated[
        str,
        Meta(
            title="the path of a Unix socket, or nothing",
            description="a Unix socket to listen on instead of host and port",
        ),
    ] = ""
    tls_certificate: Annotated[
        str,
        Meta(
            title="the path of a file, or nothing",
            description="certificate chain as PEM; with tls_key, connections are encrypted",
        ),
    ] = ""
    tls_key: Annotated[
        str,
        Meta(
            title="the path of a file, or nothing",
            description="private key of the certificate as PEM",
        ),
    ] = ""
    threads: Annotated[
        int,
        Meta(
            ge=0,
            le=1_024,
            title="a whole number from 0 to 1024",
            description="threads that answer requests; 0 for one on each processor",
        ),
    ] = 0
    # Below the 1,024 open files that a process usually gets, with room for stores and logs.
    max_connections: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            title="a whole number from 1 to 1000000",
            description="connections served at once; further ones are answered 503, then wait",
        ),
    ] = 900
    max_in_flight: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            title="a whole number from 1 to 1000000",
            description="requests worked on at once, shared out evenly among the threads (rounded up); "
            "further ones of a thread are answered 503",
        ),
    ] = 512
    max_body_bytes: Annotated[
        int,
        Meta(
            ge=1_024,
            le=1 << 30,
            title="a whole number from 1024 to 1073741824",
            description="the largest advert that is read, in bytes, also once decompressed",
        ),
    ] = 1 << 20
    header_timeout: Annotated[
        Seconds, Meta(description="seconds for the head of a request to arrive")
    ] = 10.0
    body_timeout: Annotated[
        Seconds,
        Meta(
            description="seconds for the body of a request, or the next line of a batch, to arrive, "
            "and for an answer to be taken"
        ),
    ] = 10.0
    drain_timeout: Annotated[
        Seconds,
        Meta(description="seconds that requests under way get to end when the service stops"),
    ] = 10.0


_TOKENS = "tokens of at least 16 visible characters, separated by spaces"
_TOKENS_FILE = "the path of a file with a token a line, or nothing"


class AuthSettings(msgspec.Struct, frozen=True):
    """Who may ask. Without any token everybody may ask for everything."""

    classify_tokens: Annotated[
        str, Meta(title=_TOKENS, description="who may classify; everybody where there is none")
    ] = ""
    classify_tokens_file: Annotated[
        str, Meta(title=_TOKENS_FILE, description="more of them, one a line; read again at SIGHUP")
    ] = ""
    inspect_tokens: Annotated[
        str,
        Meta(
            title=_TOKENS,
            description="who may also see explanations, the rule set's state and metrics; "
            "those who may classify where there is none",
        ),
    ] = ""
    inspect_tokens_file: Annotated[
        str, Meta(title=_TOKENS_FILE, description="more of them, one a line; read again at SIGHUP")
    ] = ""

    def __repr__(self) -> str:
        return "AuthSettings(***)"


class MetricsSettings(msgspec.Struct, frozen=True):
    """What is counted for `/metrics`."""

    categories: Annotated[
        int,
        Meta(
            ge=0,
            le=100_000,
            title="a whole number from 0 to 100000",
            description="categories with a counter of their own; all others are counted together",
        ),
    ] = 1_000


class ReloadSettings(msgspec.Struct, frozen=True):
    """How the service learns of published rules."""

    interval: Annotated[Seconds, Meta(description="seconds between two looks at the store")] = 2.0
    deadline: Annotated[
        Seconds, Meta(description="seconds that a reload may take; after them it is given up")
    ] = 15.0
    last_good: Annotated[
        str,
        Meta(
            title='a file path such as "jobsieve.last-good", or "" for none',
            description="the file that keeps the rules for a start while the store is away; empty for none",
        ),
    ] = "jobsieve.last-good"
    on_error: Annotated[
        Literal["refuse", "set_aside"],
        Meta(
            description="refuse a version that holds a rule with an error, or set_aside such rules alone"
        ),
    ] = "refuse"


class LogSettings(msgspec.Struct, frozen=True):
    """What is logged, and in which form."""

    format: Annotated[
        Literal["auto", "json", "human"],
        Meta(
            description="json, human, or auto: human on a terminal, json elsewhere; a request is always json"
        ),
    ] = "auto"
    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="the least serious events that are logged"),
    ] = "info"
    access: Annotated[bool, Meta(description="whether every request is logged")] = True
    decisions: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            title="a number from 0 to 1",
            description="the share of answers that are logged with the rules that decided",
        ),
    ] = 0.0


class AnalysisSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """How text becomes words; part of a rule set's identity. The engine has the same defaults."""

    lemmas: Annotated[
        Literal["wordnet-plus", "wordnet", "off"],
        Meta(description="how words are reduced to the form under which rules and adverts meet"),
    ] = "wordnet-plus"
    lexemes: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^(?=.*[^A-Za-z0-9])[!-~]+$")], ...],
        Meta(
            title='a list of names with signs and without spaces, such as ["T-SQL"]',
            description="names with signs that are one word each, beside those that come with Jobsieve",
        ),
    ] = ()
    lemma_overrides: Annotated[
        dict[Annotated[str, Meta(pattern=r"^\S+$")], Annotated[str, Meta(pattern=r"^\S+$")]],
        Meta(
            title='a table of words with their lemmas, such as { sales = "sales" }',
            description="words whose lemma is the site's own choice; this wins over all else",
        ),
    ] = {}
    wordnet: Annotated[
        str,
        Meta(
            title="the folder of a WordNet database",
            description="a WordNet database that is read in place of the one that comes with Jobsieve",
        ),
    ] = ""
    compounds: Annotated[
        bool,
        Meta(description="whether front-end, front end and frontend meet each other"),
    ] = True
    max_text_bytes: Annotated[
        int,
        Meta(
            ge=1,
            le=268_435_456,
            title="a whole number from 1 to 268435456",
            description="the longest text of an advert that is read, as given and once its characters are"
            " normalised",
        ),
    ] = 1_048_576
    too_long: Annotated[
        Literal["refuse", "cut"],
        Meta(
            description="whether an advert with a longer text is refused, or classified by what stands before"
            " the limit, which its answer says",
        ),
    ] = "refuse"


# What an advert may give in a field that is declared.
FieldKind: TypeAlias = Literal["text", "keyword", "number", "date", "boolean"]
