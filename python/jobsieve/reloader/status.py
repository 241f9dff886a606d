"""How reloads go, as records and as the document of `GET /v1/ruleset`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from jobsieve import diagnostics

if TYPE_CHECKING:
    from jobsieve.diagnostics import Diagnostic
    from jobsieve.reloader.editions import Act

State: TypeAlias = Literal["starting", "current", "nothing_published", "fetch_error", "rejected"]

# A file of a thousand faults is no reason for a status of megabytes.
MOST_DIAGNOSTICS = 50


@dataclass(frozen=True, slots=True)
class SetAside:
    """A rule or list that was left out of the rule set because of an error in it."""

    kind: str
    name: str
    file: str
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The rule set in force, which takes `memory_bytes`. `accepted_at` is in Unix seconds. `written_at`, the
    same, is when the copy on disk was written that it was loaded from; None where it came from the source
    itself."""

    publication: Act
    hash: str
    rule_count: int
    memory_bytes: int
    accepted_at: float
    set_aside: tuple[SetAside, ...] = ()
    written_at: float | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Published rules that could not be used; `diagnostics` is empty where they were not the reason."""

    publication: Act
    message: str
    diagnostics: tuple[Diagnostic, ...]
    rejected_at: float


@dataclass(frozen=True, slots=True)
class Standby:
    """The copy on disk. `written_at` is in Unix seconds; `error` says why there is no newer one."""

    file: str
    version: int | None = None
    written_at: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """How the last look went. Times are Unix seconds, None where it never happened.

    `attempts` counts all looks, `failures` those in a row that are to be repeated; rules that do not
    compile are not among them. `error` says what keeps the newest rules from being served, None where
    nothing does. `rejected` stays until other rules are accepted.
    """

    state: State = "starting"
    accepted: Accepted | None = None
    rejected: Rejected | None = None
    error: str | None = None
    attempts: int = 0
    failures: int = 0
    checked_at: float | None = None
    reached_at: float | None = None
    standby: Standby | None = None


def document(status: Status, now: float) -> dict[str, object]:
    """The status as plain data for JSON. Times are RFC 3339; ages are seconds at the last look."""
    accepted, rejected = status.accepted, status.rejected
    return {
        "version": accepted.publication.version if accepted else None,
        "hash": accepted.hash if accepted else None,
        "rules": accepted.rule_count if accepted else None,
        "memory_bytes": accepted.memory_bytes if accepted else None,
        "published_at": time(accepted.publication.created_at / 1000) if accepted else None,
        "accepted_at": time(accepted.accepted_at) if accepted else None,
        "last_good": _last_good(accepted, now),
        "set_aside": [_aside(each) for each in accepted.set_aside[:MOST_DIAGNOSTICS]]
        if accepted
        else [],
        "reload": {
            "state": status.state,
            "error": status.error,
            "attempts": status.attempts,
            "failures": status.failures,
            "checked_at": time(status.checked_at),
            "reached_at": time(status.reached_at),
            "rejected": None if rejected is None else _rejected(rejected),
        },
        "standby": None
        if status.standby is None
        else {
            "file": status.standby.file,
            "version": status.standby.version,
            "written_at": time(status.standby.written_at),
            "error": status.standby.error,
        },
    }


def _last_good(accepted: Accepted | None, now: float) -> dict[str, object] | None:
    """Of which age the rules are that answer, where they came from the disk."""
    if accepted is None or accepted.written_at is None:
        return None
    return {
        "written_at": time(accepted.written_at),
        "age_seconds": round(max(0.0, now - accepted.written_at), 1),
    }


def _aside(aside: SetAside) -> dict[str, object]:
    return {
        "kind": aside.kind,
        "name": aside.name,
        "file": aside.file,
        "diagnostics": [diagnostics.as_data(each) for each in aside.diagnostics],
    }


def _rejected(rejected: Rejected) -> dict[str, object]:
    return {
        "version": rejected.publication.version,
        "message": rejected.message,
        "rejected_at": time(rejected.rejected_at),
        "diagnostics": [
            diagnostics.as_data(each) for each in rejected.diagnostics[:MOST_DIAGNOSTICS]
        ],
        "more_diagnostics": max(0, len(rejected.diagnostics) - MOST_DIAGNOSTICS),
    }


def time(seconds: float | None) -> str | None:
    """RFC 3339, in UTC."""
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
