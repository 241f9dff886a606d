"""One look at a source on another thread, which can be left behind.

Drivers bound each read; a whole look is bounded here, by whoever waits. Name resolution, which nothing can
cut, is inside that bound too.
"""

from __future__ import annotations

import threading
import time

from jobsieve.reloader import priority
from jobsieve.reloader.editions import Edition, Source
from jobsieve.reloader.worker import Worker


class Fetch:
    """A look that was begun. `done` is notified when it has finished."""

    def __init__(
        self, source: Source, known: Edition | None, done: threading.Condition, worker: Worker
    ) -> None:
        self._source = source
        self._known = known
        self._done = done
        self.finished = False
        self.error: Exception | None = None
        self.edition: Edition | None = None
        # Spent in this fetch by its thread; known when it has finished.
        self.seconds_in_line: float | None = None
        self.begun = time.monotonic()
        worker.begin(self._run)

    @property
    def seconds(self) -> float:
        """How long ago it was begun."""
        return time.monotonic() - self.begun

    def _run(self) -> None:
        in_line = priority.seconds_in_line()
        try:
            self.edition = self._source.look(self._known)
        # Any driver may raise anything; it is reported where the result is awaited.
        except Exception as error:  # noqa: BLE001
            self.error = error
        finally:
            self.seconds_in_line = priority.seconds_in_line(since=in_line)
            with self._done:
                self.finished = True
                self._done.notify_all()
