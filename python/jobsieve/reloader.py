"""Keeps what is served up to date with what is published: looks, fetches, builds aside, hands over.

Whatever goes wrong, the rule set that was handed over last stays in force, and `status` says what went
wrong. Two kinds of trouble are kept apart: the store can't be read (`fetch_error`, tried again soon), and
the published rules can't be used (`rejected`, looked at again when something else is published). Nothing
here answers a request or writes to the store.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from jobsieve import diagnostics, observability
from jobsieve.errors import JobsieveError, RuleError, StoreUnavailable
from jobsieve.store import joined

if TYPE_CHECKING:
    from jobsieve.diagnostics import Diagnostic
    from jobsieve.snapshot import Snapshot
    from jobsieve.store import Publication, Store, StoredObject

State: TypeAlias = Literal["starting", "current", "nothing_published", "fetch_error", "rejected"]

# Seconds between attempts while something fails: doubled each time, then cut at random to between half
# and all of it, so that the servers of one store do not return in step.
FIRST_RETRY = 1.0
LAST_RETRY = 60.0
# Added to the thread's own: requests go before builds where they compete for a processor.
_NICENESS = 10
# A file of a thousand faults is no reason for a status of megabytes.
_MOST_DIAGNOSTICS = 50


class Build(Protocol):
    """Compiles the files of a version; raises `RuleError`. `snapshot.build` with its settings bound."""

    def __call__(self, sources: list[tuple[str, str]], /, *, version: int) -> Snapshot: ...


@dataclass(frozen=True, slots=True)
class Accepted:
    """The rule set in force. `accepted_at` is in Unix seconds."""

    publication: Publication
    hash: str
    rule_count: int
    accepted_at: float


@dataclass(frozen=True, slots=True)
class Rejected:
    """Published rules that could not be used; `diagnostics` is empty where they were not the reason."""

    publication: Publication
    message: str
    diagnostics: tuple[Diagnostic, ...]
    rejected_at: float


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


class _Fetch:
    """One look at the store, on a thread of its own that can be left behind."""

    def __init__(
        self,
        open_store: Callable[[], Store],
        store: Store | None,
        known: Publication | None,
        done: threading.Condition,
    ) -> None:
        self._open_store = open_store
        # Handed in from the last look and out to the next; given up after an error.
        self.store = store
        self._known = known
        self._done = done
        self.finished = False
        self.error: Exception | None = None
        self.live: Publication | None = None
        self.objects: list[StoredObject] | None = None
        self.begun = time.monotonic()
        threading.Thread(target=self._run, name="jobsieve-fetch", daemon=True).start()

    def _run(self) -> None:
        try:
            if self.store is None:
                self.store = self._open_store()
            self.live = self.store.live()
            if self.live is not None and self.live != self._known:
                self.objects = self.store.read(self.live.version)
        # Any driver may raise anything; it is reported where the result is awaited.
        except Exception as error:  # noqa: BLE001
            self.error = error
            if self.store is not None:
                self.store.close()
                self.store = None
        finally:
            with self._done:
                self.finished = True
                self._done.notify_all()


class Reloader:
    """A thread that looks at the store every `interval` seconds.

    `publish` gets each new snapshot, on that thread; `status` tells of it already then. `changed` is
    called after every look, for whoever shows the status. A fetch gets `deadline` seconds. `store_name` is
    the store's path or URL without a password. `now` gives Unix seconds and `jitter` a number in [0, 1).
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        build: Build,
        publish: Callable[[Snapshot], None],
        *,
        interval: float,
        store_name: str,
        deadline: float = 15.0,
        changed: Callable[[], None] | None = None,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._open_store = open_store
        self._build = build
        self._publish = publish
        self._interval = interval
        self._deadline = deadline
        self._name = f"the rule store {store_name}"
        self._changed = changed
        self._now = now
        self._jitter = jitter
        self._log = observability.logger(store=store_name)
        self._status = Status()
        self._signal = threading.Condition()
        self._stopping = False
        self._woken = False
        self._fetch: _Fetch | None = None
        # Kept open, though its connections are not: a look costs 1.0 ms of processor time instead of 3.3.
        self._store: Store | None = None
        # What was accepted or rejected last: it is not built again.
        self._settled: Publication | None = None
        self._thread = threading.Thread(target=self._run, name="jobsieve-reload", daemon=True)

    @property
    def status(self) -> Status:
        """How the last look went."""
        return self._status

    def start(self) -> None:
        """Begins to look, at once for the first time."""
        self._thread.start()

    def wake(self) -> None:
        """Looks now instead of at the end of the interval; ends a wait after failures too."""
        with self._signal:
            self._woken = True
            self._signal.notify_all()

    def leave(self) -> None:
        """Looks no more, and waits for nothing: the thread ends after a build that is under way."""
        with self._signal:
            self._stopping = True
            self._signal.notify_all()

    def stop(self, timeout: float = 5.0) -> bool:
        """Ends the thread; False where a build was still under way after `timeout` seconds.

        A fetch that hangs is left behind, not waited for.
        """
        self.leave()
        if self._thread.ident is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def check(self) -> float:
        """Looks once and acts on it; gives the seconds to wait until the next look.

        The thread calls it. Who wants the first result before anything else calls it before `start`.
        """
        before = self._status
        attempt = replace(before, attempts=before.attempts + 1, checked_at=self._now())
        try:
            fetch = self._fetched(attempt.attempts)
        # Not only `StoreError`: a fault in a driver must not end the thread, for then old rules would be
        # served for ever without a word.
        except Exception as error:  # noqa: BLE001
            self._fail(attempt, _message(error))
        else:
            if fetch is None:
                return 0.0
            attempt = replace(attempt, reached_at=self._now(), error=None)
            if fetch.live is None:
                self._note_nothing_published(attempt)
            elif fetch.objects is None:
                self._keep(attempt, fetch.live)
            else:
                self._renew(attempt, fetch.live, fetch.objects)
        if self._changed is not None:
            self._changed()
        return self._delay()

    def status_document(self) -> dict[str, object]:
        """The status as plain data for JSON: the answer to `GET /v1/ruleset`. Times are RFC 3339."""
        status = self._status
        accepted, rejected = status.accepted, status.rejected
        return {
            "version": accepted.publication.version if accepted else None,
            "hash": accepted.hash if accepted else None,
            "rules": accepted.rule_count if accepted else None,
            "published_at": _time(accepted.publication.created_at / 1000) if accepted else None,
            "accepted_at": _time(accepted.accepted_at) if accepted else None,
            "reload": {
                "state": status.state,
                "error": status.error,
                "attempts": status.attempts,
                "failures": status.failures,
                "checked_at": _time(status.checked_at),
                "reached_at": _time(status.reached_at),
                "rejected": None
                if rejected is None
                else {
                    "version": rejected.publication.version,
                    "message": rejected.message,
                    "rejected_at": _time(rejected.rejected_at),
                    "diagnostics": [
                        diagnostics.as_data(each)
                        for each in rejected.diagnostics[:_MOST_DIAGNOSTICS]
                    ],
                    "more_diagnostics": max(0, len(rejected.diagnostics) - _MOST_DIAGNOSTICS),
                },
            },
        }

    def _run(self) -> None:
        _lower_priority()
        delay = 0.0
        while True:
            with self._signal:
                self._signal.wait_for(lambda: self._stopping or self._woken, delay)
                self._woken = False
                if self._stopping:
                    return
            try:
                delay = self.check()
            # Of `changed`, which is not ours. See `check` for why nothing may end this thread.
            except Exception:  # noqa: BLE001
                self._log.exception("reload", result="status_not_shown")
                delay = LAST_RETRY

    def _fetched(self, attempt: int) -> _Fetch | None:
        """A finished fetch, None where the reloader is to stop. Raises what the fetch raised."""
        with self._signal:
            if self._fetch is not None and not self._fetch.finished:
                age = time.monotonic() - self._fetch.begun
                raise StoreUnavailable(
                    f"{self._name} has not answered a fetch for {age:.0f} seconds (attempt {attempt}); "
                    "another one is begun when that has ended"
                )
            # One that hangs keeps its store: the next one opens another.
            store, self._store = self._store, None
            fetch = self._fetch = _Fetch(self._open_store, store, self._settled, self._signal)
            self._signal.wait_for(lambda: fetch.finished or self._stopping, self._deadline)
            if fetch.finished:
                self._fetch = None
                self._store = fetch.store
                if fetch.error is not None:
                    raise fetch.error
                return fetch
            if self._stopping:
                return None
        raise StoreUnavailable(
            f"{self._name} did not answer within {self._deadline:g} seconds (attempt {attempt}); "
            "the rules loaded before stay in force"
        )

    def _note_nothing_published(self, attempt: Status) -> None:
        message = f"{self._name} holds no published rules; put some in: jobsieve rules import PATH"
        if self._status.state != "nothing_published":
            self._log.warning("reload", result="nothing_published", serving=_version(attempt))
        self._status = replace(attempt, state="nothing_published", error=message, failures=0)

    def _keep(self, attempt: Status, live: Publication) -> None:
        """Nothing was published since the last verdict, which stands."""
        rejected = attempt.rejected
        if rejected is not None and rejected.publication == live:
            self._status = replace(attempt, state="rejected", error=rejected.message, failures=0)
        else:
            self._status = replace(attempt, state="current", failures=0)

    def _renew(self, attempt: Status, live: Publication, objects: list[StoredObject]) -> None:
        begun = time.monotonic()
        try:
            snapshot = self._build(list(joined(objects).items()), version=live.version)
            self._status = replace(
                attempt,
                state="current",
                failures=0,
                rejected=None,
                accepted=Accepted(
                    publication=live,
                    hash=snapshot.ruleset.hash,
                    rule_count=snapshot.ruleset.rule_count,
                    accepted_at=self._now(),
                ),
            )
            self._publish(snapshot)
        except RuleError as error:
            self._settled = live
            self._reject(replace(attempt, failures=0), live, str(error), error.diagnostics)
        except (KeyboardInterrupt, SystemExit):
            raise
        # A panic of the compiled module is no `Exception`. It is tried again, for the reason may pass:
        # a lack of memory, say.
        except BaseException as error:  # noqa: BLE001
            attempt = replace(attempt, failures=attempt.failures + 1)
            self._reject(attempt, live, _message(error), ())
        else:
            self._settled = live
            self._log.info(
                "reload",
                result="accepted",
                version=live.version,
                hash=snapshot.ruleset.hash,
                rules=snapshot.ruleset.rule_count,
                seconds=round(time.monotonic() - begun, 3),
            )

    def _fail(self, attempt: Status, message: str) -> None:
        failures = attempt.failures + 1
        self._status = replace(attempt, state="fetch_error", error=message, failures=failures)
        self._log.warning(
            "reload",
            result="fetch_error",
            error=message,
            failures=failures,
            serving=_version(attempt),
        )

    def _reject(
        self,
        attempt: Status,
        live: Publication,
        message: str,
        found: tuple[Diagnostic, ...],
    ) -> None:
        rejected = Rejected(live, message, found, self._now())
        self._status = replace(attempt, state="rejected", error=message, rejected=rejected)
        self._log.error(
            "reload",
            result="rejected",
            version=live.version,
            error=message,
            diagnostics=[str(each) for each in found[:_MOST_DIAGNOSTICS]],
            serving=_version(attempt),
        )

    def _delay(self) -> float:
        failures = self._status.failures
        if not failures:
            return self._interval
        # Bounded before it is raised: after weeks of failures the power would overflow.
        longest = min(LAST_RETRY, FIRST_RETRY * 2.0 ** min(failures - 1, 16))
        return max(self._interval, longest * (0.5 + 0.5 * self._jitter()))


def _lower_priority() -> None:
    """Lets the calling thread, and those it starts, go last. Linux alone has priorities of threads."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        # Some containers forbid it; then builds compete with requests.
        with contextlib.suppress(OSError):
            mine = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, min(19, mine + _NICENESS))


def _message(error: BaseException) -> str:
    if isinstance(error, JobsieveError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error}"


def _version(status: Status) -> int | None:
    return status.accepted.publication.version if status.accepted else None


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
