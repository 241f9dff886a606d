"""Keeps what is served up to date with what is published: looks, fetches, builds aside, hands over.

Whatever goes wrong, the rule set that was handed over last stays in force, and `status` says what went
wrong. Two kinds of trouble are kept apart: the store can't be read (`fetch_error`, tried again soon), and
the published rules can't be used (`rejected`, looked at again when something else is published). Nothing
here answers a request or writes to the store.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from jobsieve import observability
from jobsieve.errors import (
    FileError,
    JobsieveError,
    RuleError,
    StoreUnavailable,
    TaxonomyError,
)
from jobsieve.reloader import aside, memory, priority
from jobsieve.reloader.fetch import Fetch
from jobsieve.reloader.status import (
    MOST_DIAGNOSTICS,
    Accepted,
    Rejected,
    SetAside,
    Standby,
    Status,
    document,
)
from jobsieve.reloader.worker import Worker
from jobsieve.store import Publication

if TYPE_CHECKING:
    from jobsieve.diagnostics import Diagnostic
    from jobsieve.reloader.editions import Act, Edition, Source
    from jobsieve.reloader.last_good import LastGood
    from jobsieve.snapshot import Snapshot

# Seconds between attempts while something fails: doubled each time, then cut at random to between half
# and all of it, so that the servers of one store do not return in step.
FIRST_RETRY = 1.0
LAST_RETRY = 60.0
# How long the first look may take before the copy on disk answers in the meantime.
_GRACE = 1.0
# Writing the copy on disk waits for the disk; where publications follow each other, seconds apart are enough.
_SAVES_APART = 1.0
# The same goes for giving back memory.
_TRIMS_APART = 1.0


class Build(Protocol):
    """Compiles the files of a version; raises `RuleError` or `TaxonomyError`. `snapshot.build` with its
    settings bound."""

    def __call__(self, sources: list[tuple[str, str]], /, *, version: int | None) -> Snapshot: ...


class _Fetching(threading.local):
    """For each thread that looks, the one that fetches for it and takes after it."""

    def __init__(self) -> None:
        self.worker = Worker("jobsieve-fetch")


class Reloader:
    """A thread that looks at a source every `interval` seconds.

    `publish` gets each new snapshot, on that thread; `status` tells of it already then. `changed` is
    called after every look, for whoever shows the status. A look gets `deadline` seconds. `last_good` keeps
    a copy on disk. With `set_aside`, rules with errors are left out, else they refuse the whole. `now`
    gives Unix seconds and `jitter` a number in [0, 1).
    """

    def __init__(
        self,
        source: Source,
        build: Build,
        publish: Callable[[Snapshot], None],
        *,
        interval: float,
        deadline: float = 15.0,
        last_good: LastGood | None = None,
        set_aside: bool = False,
        changed: Callable[[], None] | None = None,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._source = source
        self._build = build
        self._publish = publish
        self._interval = interval
        self._deadline = deadline
        self._last_good = last_good
        self._set_aside = set_aside
        self._changed = changed
        self._now = now
        self._jitter = jitter
        self._log = observability.logger(source=source.name)
        self._status = Status(standby=Standby(str(last_good.file)) if last_good else None)
        self._courtesy = priority.Courtesy()
        self._signal = threading.Condition()
        self._stopping = False
        self._woken = False
        self._fetching = _Fetching()
        self._fetch: Fetch | None = None
        # What was accepted or rejected last: it is not built again, and the next fetch starts from it.
        self._settled: Edition | None = None
        # What was accepted and is not on disk yet, and when the last one was written.
        self._unsaved: Edition | None = None
        self._saved_at = -math.inf
        # Whether something was built since memory was given back, and when that was.
        self._is_untidy = False
        self._tidied_at = -math.inf
        # What was found on disk, with the time of its writing, until it is used or not needed any more.
        self._kept: tuple[Edition, float] | None = None
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
        if before.attempts == 0:
            self._look_on_disk()
        attempt = replace(self._status, attempts=before.attempts + 1, checked_at=self._now())
        begun = time.monotonic()
        delay = self._interval
        try:
            fetch = self._fetched()
        # Not only `StoreError`: a fault in a driver must not end the thread, for then old rules would be
        # served for ever without a word.
        except Exception as error:  # noqa: BLE001
            self._fall_back()
            attempt = replace(self._caught_up(attempt), failures=before.failures + 1)
            delay = self._delay(attempt.failures)
            self._fail(attempt, error, time.monotonic() - begun, delay)
        else:
            # Where it was held up, a build might be as well; it begins anew, without waiting.
            if fetch is None or self._courtesy.is_held_up(fetch.seconds_in_line):
                return 0.0
            attempt = replace(self._caught_up(attempt), reached_at=self._now(), error=None)
            if fetch.edition is None:
                self._note_nothing_published(attempt)
            elif self._is_settled(fetch.edition):
                self._keep(attempt, fetch.edition.publication)
            else:
                self._renew(attempt, fetch.edition, time.monotonic() - begun)
            self._kept = None
            delay = self._delay(self._status.failures)
        self._save(apart=_SAVES_APART)
        if self._changed is not None:
            self._changed()
        return delay

    def status_document(self) -> dict[str, object]:
        """The status as plain data for JSON: the answer to `GET /v1/ruleset`."""
        return document(self._status, self._now())

    def _run(self) -> None:
        priority.lower()
        delay: float | None = 0.0
        while delay is not None:
            turn = partial(self._turn, delay)
            try:
                # What nobody is served by yet, or what went wrong, is not to wait for a free processor.
                is_pressing = self._status.accepted is None or self._status.failures > 0
                delay = turn() if is_pressing else self._courtesy.look(turn)
            # Of `changed`, which is not ours. See `check` for why nothing may end this thread.
            except Exception:  # noqa: BLE001
                self._log.exception("reload", result="status_not_shown")
                delay = LAST_RETRY
        self._save()

    def _turn(self, delay: float) -> float | None:
        """Looks once after `delay` seconds; gives the seconds until the next look, None for no more.

        The wait belongs to it: the thread that looks is to begin by itself. If another one woke it up,
        that would push a request aside, and Linux lets whoever is next go on until its next tick, even a
        thread of the idle class.
        """
        with self._signal:
            self._signal.wait_for(lambda: self._stopping or self._woken, delay)
            self._woken = False
            if self._stopping:
                return None
        begun = time.monotonic()
        delay = self.check()
        self._tidy()
        if not self._status.failures:
            # Looks begin an interval apart, but a slow one leaves time to others.
            delay = max(delay - (time.monotonic() - begun), delay / 10)
        return delay

    def _tidy(self) -> None:
        """Gives back what builds left, unless that was done less than a moment ago."""
        if self._is_untidy and time.monotonic() - self._tidied_at >= _TRIMS_APART:
            self._is_untidy = False
            self._tidied_at = time.monotonic()
            memory.give_back()

    def _caught_up(self, attempt: Status) -> Status:
        """With what happened while the source was waited for: the copy on disk may answer by now."""
        return replace(attempt, accepted=self._status.accepted, standby=self._status.standby)

    def _look_on_disk(self) -> None:
        """Whatever is wrong with the copy on disk is told and hinders nothing."""
        if self._last_good is None:
            return
        try:
            self._kept = self._last_good.load()
        except FileError as error:
            self._log.error("last_good", result="not_used", error=str(error))
            self._note_standby(error=str(error))
            return
        if self._kept is not None:
            edition, written_at = self._kept
            self._note_standby(version=edition.publication.version, written_at=written_at)

    def _note_standby(self, **changes: object) -> None:
        standby = self._status.standby
        assert standby is not None
        self._status = replace(self._status, standby=replace(standby, **changes))  # type: ignore[arg-type]

    def _fetched(self) -> Fetch | None:
        """A finished fetch, None where the reloader is to stop. Raises what the fetch raised."""
        with self._signal:
            if self._fetch is not None and not self._fetch.finished:
                raise StoreUnavailable(
                    f"{self._source.name} has not answered a fetch for {self._fetch.seconds:.0f} seconds; "
                    "another one is begun when that has ended"
                )
            known = self._kept[0] if self._kept is not None else self._settled
            worker = self._fetching.worker
            fetch = self._fetch = Fetch(self._source, known, self._signal, worker)
        end = time.monotonic() + self._deadline
        # An answer is worth waiting for, but not long if there is something to answer by meanwhile.
        if self._kept is not None and not self._ended(fetch, min(_GRACE, self._deadline)):
            self._fall_back()
        if self._ended(fetch, end - time.monotonic()):
            self._fetch = None
            if fetch.error is not None:
                raise fetch.error
            return fetch
        self._source.cut()
        if self._stopping:
            return None
        raise StoreUnavailable(
            f"{self._source.name} did not answer within {self._deadline:g} seconds; the fetch was cut; the "
            "rules loaded before stay in force"
        )

    def _ended(self, fetch: Fetch, seconds: float) -> bool:
        with self._signal:
            self._signal.wait_for(lambda: fetch.finished or self._stopping, seconds)
            return fetch.finished

    def _fall_back(self) -> None:
        """Answers by the copy on disk, where nothing else answers yet."""
        kept, self._kept = self._kept, None
        if kept is None or self._status.accepted is not None:
            return
        edition, written_at = kept
        try:
            snapshot, gone = self._built(edition)
            self._accept(self._status, edition, snapshot, gone, written_at)
        except Exception as error:  # noqa: BLE001  as in `_renew`
            self._log.error("last_good", result="not_used", error=_message(error))
            self._note_standby(error=_message(error))
            return
        self._settled = edition
        self._log.warning(
            "last_good",
            result="in_use",
            version=edition.publication.version,
            age_seconds=round(self._now() - written_at),
            file=str(self._last_good.file) if self._last_good else None,
        )

    def _is_settled(self, edition: Edition) -> bool:
        return self._settled is not None and edition.publication == self._settled.publication

    def _note_nothing_published(self, attempt: Status) -> None:
        message = (
            f"{self._source.name} holds no published rules; put some in: {self._source.remedy}"
        )
        if self._status.state != "nothing_published":
            self._log.warning("reload", result="nothing_published", serving=_version(attempt))
        self._status = replace(attempt, state="nothing_published", error=message, failures=0)

    def _keep(self, attempt: Status, live: Act) -> None:
        """Nothing was published since the last verdict, which stands."""
        rejected, accepted = attempt.rejected, attempt.accepted
        if rejected is not None and rejected.publication == live:
            self._status = replace(attempt, state="rejected", error=rejected.message, failures=0)
            return
        if accepted is not None and accepted.written_at is not None:
            # The copy on disk turns out to be what is published.
            accepted = replace(accepted, written_at=None)
            self._log.info("reload", result="confirmed", version=live.version)
        self._status = replace(attempt, state="current", failures=0, accepted=accepted)

    def _renew(self, attempt: Status, edition: Edition, fetch_seconds: float) -> None:
        begun = time.monotonic()
        live = edition.publication
        try:
            snapshot, gone = self._built(edition)
            built = time.monotonic()
            fresh = replace(attempt, state="current", failures=0, rejected=None)
            self._accept(fresh, edition, snapshot, gone, None)
        except (RuleError, TaxonomyError) as error:
            self._settled = edition
            found = error.diagnostics if isinstance(error, RuleError) else ()
            self._reject(replace(attempt, failures=0), live, str(error), found)
        except (KeyboardInterrupt, SystemExit):
            raise
        # A panic of the compiled module is no `Exception`. It is tried again, for the reason may pass:
        # a lack of memory, say.
        except BaseException as error:  # noqa: BLE001
            attempt = replace(attempt, failures=attempt.failures + 1)
            self._reject(attempt, live, _message(error), ())
        else:
            self._settled = edition
            swapped = time.monotonic()
            self._log.info(
                "reload",
                result="accepted",
                version=live.version,
                hash=snapshot.ruleset.hash,
                rules=snapshot.ruleset.rule_count,
                seconds=round(fetch_seconds + swapped - begun, 6),
                fetch_seconds=round(fetch_seconds, 6),
                build_seconds=round(built - begun, 6),
                swap_seconds=round(swapped - built, 6),
            )
            self._unsaved = edition

    def _built(self, edition: Edition) -> tuple[Snapshot, tuple[SetAside, ...]]:
        version = edition.publication.version
        self._is_untidy = True
        try:
            return self._build(edition.sources(), version=version), ()
        except RuleError:
            if not self._set_aside:
                raise
        reduced = aside.build(edition, lambda sources: self._build(sources, version=version))
        self._log.error(
            "reload",
            result="set_aside",
            version=version,
            rules=[f"{each.kind} {each.name}" for each in reduced.set_aside],
            diagnostics=[str(found) for each in reduced.set_aside for found in each.diagnostics][
                :MOST_DIAGNOSTICS
            ],
        )
        return reduced.snapshot, reduced.set_aside

    def _accept(
        self,
        status: Status,
        edition: Edition,
        snapshot: Snapshot,
        gone: tuple[SetAside, ...],
        written_at: float | None,
    ) -> None:
        """Hands over. The status tells of it already; it is taken back where that fails."""
        before = self._status
        self._status = replace(
            status,
            accepted=Accepted(
                publication=edition.publication,
                hash=snapshot.ruleset.hash,
                rule_count=snapshot.ruleset.rule_count,
                memory_bytes=snapshot.ruleset.memory_bytes,
                accepted_at=self._now(),
                set_aside=gone,
                written_at=written_at,
            ),
        )
        try:
            self._publish(snapshot)
        except BaseException:
            self._status = before
            raise

    def _save(self, *, apart: float = 0.0) -> None:
        """Writes what was accepted last, unless something was written less than `apart` seconds ago."""
        if self._unsaved is None or time.monotonic() - self._saved_at < apart:
            return
        edition, self._unsaved = self._unsaved, None
        if self._last_good is None or not isinstance(edition.publication, Publication):
            return
        self._saved_at = time.monotonic()
        now = self._now()
        try:
            self._last_good.save(edition, now)
        except FileError as error:
            self._log.error("last_good", result="not_written", error=str(error))
            self._note_standby(error=str(error))
        else:
            version = edition.publication.version
            self._note_standby(version=version, written_at=now, error=None)

    def _fail(self, attempt: Status, error: Exception, seconds: float, delay: float) -> None:
        message = (
            f"{_message(error)} (attempt {attempt.failures}, after {seconds:.1f} s; "
            f"next try in {delay:.1f} s)"
        )
        self._status = replace(attempt, state="fetch_error", error=message)
        self._log.warning(
            "reload",
            result="fetch_error",
            error=message,
            failures=attempt.failures,
            seconds=round(seconds, 3),
            next_try_seconds=round(delay, 3),
            serving=_version(attempt),
        )

    def _reject(
        self,
        attempt: Status,
        live: Act,
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
            diagnostics=[str(each) for each in found[:MOST_DIAGNOSTICS]],
            serving=_version(attempt),
        )

    def _delay(self, failures: int) -> float:
        if not failures:
            return self._interval
        # Bounded before it is raised: after weeks of failures the power would overflow.
        longest = min(LAST_RETRY, FIRST_RETRY * 2.0 ** min(failures - 1, 16))
        return max(self._interval, longest * (0.5 + 0.5 * self._jitter()))


def _message(error: BaseException) -> str:
    if isinstance(error, JobsieveError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error}"


def _version(status: Status) -> int | None:
    return status.accepted.publication.version if status.accepted else None
