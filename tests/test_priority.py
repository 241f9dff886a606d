from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from jobsieve import snapshot
from jobsieve.reloader import Reloader, priority
from jobsieve.reloader.editions import Edition
from jobsieve.store import ObjectText, Publication

pytestmark = pytest.mark.skipif(
    priority.seconds_in_line() is None,
    reason="the system does not tell how long threads stood in line",
)

OBJECT = ObjectText("rule", "a", 'rule "a": when "python" then add category "it";\n', "a.rules")


class Watched:
    """A source that notes in what class each look ran. From the second look on, looks have to
    compute, on the processor that `processor` names if any."""

    name = "a source"
    remedy = "none"

    def __init__(self, processor: int | None = None) -> None:
        self.classes: list[int] = []
        self.seen = threading.Condition()
        self._processor = processor

    def look(self, known: Edition | None) -> Edition:
        if known is not None and self._processor is not None:
            os.sched_setaffinity(0, {self._processor})
        begun = time.thread_time()
        while known is not None and time.thread_time() - begun < 0.002:
            pass
        with self.seen:
            self.classes.append(os.sched_getscheduler(0))
            self.seen.notify_all()
        return Edition.of(Publication(1, 1, "publish", 1, "ann", "", 0), [OBJECT])

    def cut(self) -> None:
        raise AssertionError("no look here is cut")


def classes_of(source: Watched, enough: Callable[[list[int]], bool]) -> list[int]:
    reloader = Reloader(source, snapshot.build, lambda _: None, interval=0.01)
    reloader.start()
    with source.seen:
        assert source.seen.wait_for(lambda: enough(source.classes), timeout=60)
        found = [*source.classes]
    assert reloader.stop(60)
    return found


def test_only_the_first_look_is_as_pressing_as_requests() -> None:
    found = classes_of(Watched(), lambda classes: len(classes) == 3)

    assert found == [os.SCHED_OTHER, os.SCHED_IDLE, os.SCHED_IDLE]


def test_a_look_that_is_held_up_is_begun_again_and_the_next_ones_do_not_wait() -> None:
    processor = min(os.sched_getaffinity(0))
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        os.sched_setaffinity(busy.pid, {processor})
        found = classes_of(Watched(processor), lambda classes: classes.count(os.SCHED_OTHER) == 4)
    finally:
        busy.kill()
        busy.wait()

    idle = found.count(os.SCHED_IDLE)
    assert idle > 0
    assert found[1 : 1 + idle] == [os.SCHED_IDLE] * idle
