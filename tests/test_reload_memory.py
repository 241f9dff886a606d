"""What builds leave behind is given back to the system."""

from __future__ import annotations

import ctypes
import re
import sys
import threading
from pathlib import Path

import pytest

from jobsieve import snapshot
from jobsieve.reloader import Reloader, memory
from jobsieve.reloader.editions import Edition
from jobsieve.store import ObjectText, Publication


def resident() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="the C library gives memory back by itself or never",
)
def test_most_of_a_rule_set_that_is_gone_is_given_back() -> None:
    text = "".join(
        f'rule "{n}": when "word{n}" and "other{n}" then add category "c{n}";\n'
        for n in range(10_000)
    )
    built = snapshot.build([("a.rules", text)])
    size = built.ruleset.memory_bytes
    del built
    before = resident()

    memory.give_back()

    assert resident() < before - size / 2


def test_a_reloader_gives_back_after_a_build_and_not_after_looks_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Unchanging:
        name, remedy = "a source", "none"

        def __init__(self) -> None:
            self.looks = 0
            self.seen = threading.Condition()

        def look(self, known: Edition | None) -> Edition:
            with self.seen:
                self.looks += 1
                self.seen.notify_all()
            rule = 'rule "a": when "python" then add category "it";\n'
            held = [ObjectText("rule", "a", rule, "a.rules")]
            return Edition.of(Publication(1, 1, "publish", 1, "ann", "", 0), held)

        def cut(self) -> None:
            raise AssertionError("no look here is cut")

    given: list[str] = []
    monkeypatch.setattr(memory, "give_back", lambda: given.append(threading.current_thread().name))
    source = Unchanging()
    reloader = Reloader(source, snapshot.build, lambda _: None, interval=0.01)
    reloader.start()
    with source.seen:
        assert source.seen.wait_for(lambda: source.looks > 3, timeout=60)
    assert reloader.stop(60)

    # Not on the thread of the idle class.
    assert given == ["jobsieve-reload"]
