from __future__ import annotations

import io
import json
import logging
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from jobsieve import observability


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _fresh_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    observability.send_lines_to(None)
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def events(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_without_a_terminal_each_event_is_one_json_line() -> None:
    stream = io.StringIO()
    observability.configure(stream=stream)
    observability.logger(part="reload").info("ruleset", version=7, rules=["a", "b"], ratio=0.5)
    (line,) = stream.getvalue().splitlines()
    event = json.loads(line)
    assert list(event)[:3] == ["ts", "level", "event"]
    assert event.pop("ts").endswith("Z")
    assert event == {
        "level": "info",
        "event": "ruleset",
        "part": "reload",
        "version": 7,
        "rules": ["a", "b"],
        "ratio": 0.5,
    }


def test_on_a_terminal_the_same_event_is_for_people() -> None:
    stream = Terminal()
    observability.configure(stream=stream)
    observability.logger().warning("reload", result="rejected")
    (line,) = stream.getvalue().splitlines()
    assert "\x1b[" in line
    assert "reload" in line
    assert "rejected" in line
    assert not line.startswith("{")


def test_the_form_can_be_chosen_against_the_stream() -> None:
    terminal, file = Terminal(), io.StringIO()
    observability.configure("json", stream=terminal)
    observability.logger().info("start")
    observability.configure("human", stream=file)
    observability.logger().info("start")
    assert events(terminal)[0]["event"] == "start"
    assert "start" in file.getvalue()
    assert "\x1b" not in file.getvalue()


def test_events_below_the_level_are_left_out_also_those_of_libraries() -> None:
    stream = io.StringIO()
    observability.configure(level="warning", stream=stream)
    observability.logger().info("quiet")
    observability.logger().error("loud")
    logging.getLogger("some.library").info("quiet")
    logging.getLogger("some.library").error("bad %s", "thing")
    assert [(e["event"], e["level"], e.get("library")) for e in events(stream)] == [
        ("loud", "error", None),
        ("bad thing", "error", "some.library"),
    ]


def test_libraries_are_heard_below_warning_only_at_debug() -> None:
    stream = io.StringIO()
    observability.configure(level="info", stream=stream)
    logging.getLogger("some.library").info("chatter")
    observability.configure(level="debug", stream=stream)
    logging.getLogger("some.library").info("detail")
    assert [event["event"] for event in events(stream)] == ["detail"]


def test_while_serving_lines_go_to_the_sink_without_their_breaks() -> None:
    stream, lines = io.StringIO(), list[str]()
    observability.configure(stream=stream)
    log = observability.logger()
    observability.send_lines_to(lines.append)
    log.info("ruleset")
    logging.getLogger("some.library").warning("slow")
    observability.send_lines_to(None)
    log.info("end")
    assert [json.loads(line)["event"] for line in lines] == ["ruleset", "slow"]
    assert [event["event"] for event in events(stream)] == ["end"]


def test_hostile_text_stays_on_one_line_and_harmless() -> None:
    hostile = 'a\nb\x1b[31m\x85\u2028\u202e\ud800"é'
    file, terminal = io.StringIO(), Terminal()
    observability.configure(stream=file)
    observability.logger().info("advert", title=hostile, **{"od\nd": hostile})
    observability.configure("human", stream=terminal)
    observability.logger().info("advert", title=hostile)
    (line,) = file.getvalue().split("\n")[:-1]
    assert line.isprintable()
    assert json.loads(line)["title"] == 'a\nb\x1b[31m\\x85\\u2028\\u202e\\ud800"é'
    (line,) = terminal.getvalue().split("\n")[:-1]
    assert "x1b[31m" in line
    assert "\x1b[31m" not in line
    assert re.sub(r"\x1b\[\d+m", "", line).isprintable()


def test_values_are_cut_and_never_refused() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    stream = io.StringIO()
    observability.configure(stream=stream)
    endless: list[object] = []
    endless.append(endless)
    observability.logger().info(
        "values",
        long="x" * 100_000,
        many=list(range(1_000)),
        broken=Broken(),
        big=10**30,
        endless=endless,
        nan=float("nan"),
        raw=b"\xff",
        table={1: {"a": None}},
    )
    (event,) = events(stream)
    assert event["long"] == "x" * 8_000 + "… (100000 characters)"
    assert event["many"] == list(range(100))
    assert event["broken"] == "<Broken>"
    assert event["big"] == str(10**30)
    assert event["nan"] is None
    assert event["raw"] == "b'\\xff'"
    assert event["table"] == {"1": {"a": None}}


def test_exceptions_are_logged_with_their_traceback_and_without_local_variables() -> None:
    file, terminal = io.StringIO(), Terminal()
    secret = "the text of an advert"
    for stream in (file, terminal):
        observability.configure(stream=stream)
        try:
            assert secret
            raise OSError("disk on fire")
        except OSError:
            observability.logger().exception("reload", result="failed")
        assert "OSError: disk on fire" in stream.getvalue()
        assert secret not in stream.getvalue().replace("secret = ", "")
    assert "Traceback" in events(file)[0]["exception"]


def _closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


def _full() -> io.StringIO:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(28, "No space left on device")

    return Full()


@pytest.mark.parametrize("make", [_closed, _full])
def test_a_line_that_cannot_be_written_is_dropped_and_harms_nobody(make: Any) -> None:
    observability.configure(stream=make())
    observability.logger().info("lost")
    logging.getLogger("some.library").error("lost too")

    def broken(_: str) -> None:
        raise RuntimeError("the server is gone")

    observability.send_lines_to(broken)
    observability.logger().info("lost as well")


def test_a_broken_record_of_a_library_is_dropped_and_harms_nobody() -> None:
    # pytest's own handlers would raise where a program's must not.
    logging.getLogger().handlers.clear()
    stream = io.StringIO()
    observability.configure(stream=stream)
    logging.getLogger("some.library").error("%d and %d", 1)
    observability.logger().info("goes on")
    assert [each["event"] for each in events(stream)] == ["goes on"]


def test_lines_of_several_threads_never_mix() -> None:
    class Slow(io.StringIO):
        """Writes character by character, so that an unguarded writer would be cut into."""

        def write(self, text: str) -> int:
            return sum(super(Slow, self).write(character) for character in text)

    stream = Slow()
    observability.configure(stream=stream)

    def work(number: int) -> None:
        for turn in range(50):
            observability.logger().info("turn", thread=number, turn=turn)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = {(event["thread"], event["turn"]) for event in events(stream)}
    assert len(seen) == 200
