"""What the control plane knows, as lines of `/metrics`: how looks at the store end, how old the rules are.

What the data plane counts (requests, adverts, times) it writes itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobsieve.reloader import Accepted, Rejected, Status

RESULTS = ("accepted", "unchanged", "rejected", "fetch_error", "nothing_published")


class ReloadMetrics:
    """Counts how looks at the store end."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(RESULTS, 0)
        self._accepted: Accepted | None = None
        self._rejected: Rejected | None = None
        self._succeeded_at: float | None = None

    def note(self, status: Status) -> None:
        """A look has ended like this."""
        if status.accepted is not self._accepted:
            result = "accepted"
        elif status.state in ("fetch_error", "nothing_published"):
            result = status.state
        elif status.rejected is not None and status.rejected is not self._rejected:
            result = "rejected"
        else:
            result = "unchanged"
        self._counts[result] += 1
        self._accepted, self._rejected = status.accepted, status.rejected
        if status.state == "current":
            self._succeeded_at = status.checked_at

    def text(self, status: Status) -> str:
        """The lines, each with its line break."""
        return "".join(f"{line}\n" for line in self._lines(status))

    def _lines(self, status: Status) -> Iterator[str]:
        yield from _head("reloads_total", "counter", "Looks at the store, by how they ended.")
        for result, count in self._counts.items():
            yield f'jobsieve_reloads_total{{result="{result}"}} {count}'
        gauges = [
            (
                "last_reload_successful",
                "Whether the newest published rules are served.",
                int(status.state == "current"),
            ),
            (
                "last_reload_success_timestamp_seconds",
                "When the newest published rules were last known to be served.",
                self._succeeded_at,
            ),
            (
                "reload_consecutive_failures",
                "Looks in a row that failed and are repeated.",
                status.failures,
            ),
            (
                "store_reached_timestamp_seconds",
                "When the store last answered.",
                status.reached_at,
            ),
        ]
        if status.accepted is not None:
            published = status.accepted.publication.created_at / 1000
            gauges += [
                (
                    "ruleset_set_aside",
                    "Rules and lists left out of the rules that answer, because of an error in them.",
                    len(status.accepted.set_aside),
                ),
                (
                    "ruleset_published_timestamp_seconds",
                    "When the rules that answer were published.",
                    published,
                ),
                (
                    "ruleset_accepted_timestamp_seconds",
                    "When the rules that answer began to.",
                    status.accepted.accepted_at,
                ),
            ]
        for name, meaning, value in gauges:
            if value is not None:
                yield from _head(name, "gauge", meaning)
                yield f"jobsieve_{name} {value!r}"


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP jobsieve_{name} {meaning}"
    yield f"# TYPE jobsieve_{name} {kind}"
