"""How looks at the source compete with requests for processors.

A lower priority alone does not keep a build out of a request's way: once Linux has picked a thread, it lets
it run until the next tick, 4 ms with many kernels. From a thread of the idle class a request takes the
processor at once; with one core, the p99 beside reloads was 0.98 to 1.18 times the quiet one, and 1.7 to
2.7 times with a lower priority alone. But where requests never pause, an idle thread gets 0.3 % of a core.
So a look that is held up is begun again with a lower priority alone, and for a while others go that way at
once.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from jobsieve.reloader.worker import Worker

# Added to the thread's own: requests go before builds where they compete for a processor.
_NICENESS = 10
# Seconds that a look may have stood in line for a processor before it counts as held up.
_PATIENCE = 0.25
# Seconds until one is tried in the idle class again: few at first, for a processor is often busy for a
# moment, and twice as many each time that it is held up again.
_FIRST_RESPITE = 2.0
_LAST_RESPITE = 60.0
# Two numbers and a count, in nanoseconds; the second is the time in line. Some kernels do not keep it.
_SCHEDSTAT = Path("/proc/thread-self/schedstat")


def lower() -> None:
    """Lets the calling thread, and those it starts, go last. Linux alone has priorities of threads."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        # Some containers forbid it; then builds compete with requests.
        with contextlib.suppress(OSError):
            mine = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, min(19, mine + _NICENESS))


def seconds_in_line(since: float | None = None) -> float | None:
    """How long the calling thread was ready to run while others ran, less `since`, which it gave before.

    None where the system can't say.
    """
    try:
        return int(_SCHEDSTAT.read_bytes().split()[1]) / 1e9 - (since or 0.0)
    except (OSError, IndexError, ValueError):
        return None


class Courtesy:
    """Runs looks in the idle class while that does not hold them up."""

    def __init__(self) -> None:
        self._worker = Worker("jobsieve-look")
        self._ends = 0.0
        self._respite = _FIRST_RESPITE
        self._is_idle = False

    def look(self, look: Callable[[], float | None]) -> float | None:
        """What `look` gives or raises; on a thread of the idle class where it may be."""
        if seconds_in_line() is None or time.monotonic() < self._ends:
            return look()
        result: Future[float | None] = Future()
        self._worker.begin(lambda: self._look_idly(look, result))
        return result.result()

    def is_held_up(self, in_line: float | None) -> bool:
        """Whether the look that asks should be begun again; `in_line` are its seconds in line so far."""
        if not self._is_idle or in_line is None or in_line < _PATIENCE:
            return False
        self._ends = time.monotonic() + self._respite
        self._respite = min(self._respite * 2, _LAST_RESPITE)
        return True

    def _look_idly(self, look: Callable[[], float | None], result: Future[float | None]) -> None:
        in_line, ends = seconds_in_line(), self._ends
        # The threads that it starts, and the compiled module's, take after it.
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
            self._is_idle = True
        try:
            found = look()
            # It may have asked itself, and ended for that.
            is_held_up = self._ends > ends or self.is_held_up(seconds_in_line(since=in_line))
            if self._is_idle and not is_held_up:
                self._respite = _FIRST_RESPITE
        except BaseException as error:  # noqa: BLE001  raised where the result is awaited
            self._is_idle = False
            result.set_exception(error)
        else:
            self._is_idle = False
            result.set_result(found)
