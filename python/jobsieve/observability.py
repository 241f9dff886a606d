"""Log lines: one event each, as JSON for machines or in colour for a person at a terminal.

Owns how Jobsieve's own events and those of libraries (through `logging`) become lines, and where the
lines go. It knows none of the program's types. An event is a noun (`reload`, `drain`) and its fields say
what happened: `log.info("reload", result="rejected", version=7)`. A log that can't be written never
stops the program: the line is dropped.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TextIO, TypeAlias

import msgspec
import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

LogFormat: TypeAlias = Literal["auto", "json", "human"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]
LineSink: TypeAlias = Callable[[str], None]

# A traceback fits; a hostile value can't fill a disk.
_LONGEST_VALUE = 8_000
_MOST_ITEMS = 100
_DEEPEST = 4

_CONTROLS = [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029]
# Overrides of the writing direction make a line read otherwise than it is; a lone surrogate can't be
# written as UTF-8 at all.
_DISGUISES = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_ESCAPES = {n: f"\\x{n:02x}" if n < 0x100 else f"\\u{n:04x}" for n in _CONTROLS + _DISGUISES}
_ESCAPES |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}
# JSON escapes these itself; escaped here they would arrive with two backslashes.
_ESCAPES_IN_JSON = {n: text for n, text in _ESCAPES.items() if n >= 0x20}
_ESCAPES_IN_TRACEBACK = {n: text for n, text in _ESCAPES.items() if n not in (0x09, 0x0A)}


class _Output:
    """Where lines go at the moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sink: LineSink | None = None
        self._stream: TextIO | None = None

    def to_stream(self, stream: TextIO) -> None:
        self._stream, self._sink = stream, None

    def to_sink(self, sink: LineSink | None) -> None:
        self._sink = sink

    def write(self, line: str) -> None:
        sink, stream = self._sink, self._stream
        try:
            if sink is not None:
                sink(line)
            elif stream is not None:
                # One write a line under a lock: lines of several threads never mix.
                with self._lock:
                    stream.write(line + "\n")
                    stream.flush()
        # Closed, full, gone or broken in a way of its own: a log line is not worth the program.
        except Exception:  # noqa: BLE001
            return


_output = _Output()


def configure(
    log_format: LogFormat = "auto", level: LogLevel = "info", stream: TextIO | None = None
) -> None:
    """Sets up logging for the process; calling it again replaces what was set up.

    Lines go to `stream`, by default standard error. `auto` is `human` where that is a terminal.
    """
    stream = sys.stderr if stream is None else stream
    _output.to_stream(stream)
    human = log_format == "human" or (log_format == "auto" and _is_terminal(stream))
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.format_exc_info,
        _clean_for_people if human else _clean_for_json,
    ]
    renderer = _people_renderer(colors=_is_terminal(stream)) if human else _as_json_line
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_logger,
        cache_logger_on_first_use=False,
    )
    handler = _LibraryHandler(shared, renderer)
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _LibraryHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    # What libraries say at `info` (each migration, each connection) is noise unless asked for.
    root.setLevel(number if level == "debug" else max(number, logging.WARNING))


def send_lines_to(sink: LineSink | None) -> None:
    """From now on hands every line, without its line break, to `sink`; None goes back to the stream.

    While the service runs, the writer of its data plane owns standard output: two writers would cut
    each other's lines in pieces.
    """
    _output.to_sink(sink)


def logger(**fields: object) -> FilteringBoundLogger:
    """A logger whose events all carry `fields`. It follows later calls of `configure`."""
    bound: FilteringBoundLogger = structlog.get_logger(**fields)
    return bound


def _logger(*_: object) -> _LineLogger:
    return _LineLogger()


class _LineLogger:
    """What structlog calls with a finished line, under the name of the level."""

    def msg(self, line: str) -> None:
        _output.write(line)

    debug = info = warning = warn = error = exception = critical = fatal = log = msg


class _LibraryHandler(logging.Handler):
    """Brings the records of libraries into the same form; the record's text is the event."""

    def __init__(self, shared: list[Processor], renderer: Processor) -> None:
        super().__init__()
        self._processors = [*shared, renderer]

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event: Any = {"event": record.getMessage(), "library": record.name}
            if record.exc_info:
                event["exc_info"] = record.exc_info
            for processor in self._processors:
                event = processor(None, record.levelname.lower(), event)
            _output.write(event)
        # A library's record may be broken (wrong number of arguments); logging never raises.
        except Exception:  # noqa: BLE001
            return


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (ValueError, AttributeError):  # closed, or no real stream
        return False


def _as_json_line(_: WrappedLogger, __: str, event: EventDict) -> str:
    # The fields that every line has come first, for those who read JSON by eye.
    ordered = {key: event.pop(key) for key in ("ts", "level", "event") if key in event}
    return msgspec.json.encode({**ordered, **event}).decode()


def _people_renderer(*, colors: bool) -> Processor:
    # Plain tracebacks: structlog's coloured ones print local variables, and with them adverts.
    return structlog.dev.ConsoleRenderer(
        colors=colors,
        pad_event_to=0,
        timestamp_key="ts",
        exception_formatter=structlog.dev.plain_traceback,
    )


def _clean_for_json(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {str(key): _clean(value, _ESCAPES_IN_JSON) for key, value in event.items()}


def _clean_for_people(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {
        str(key): _clean(value, _ESCAPES_IN_TRACEBACK if key == "exception" else _ESCAPES)
        for key, value in event.items()
    }


def _clean(value: object, escapes: Mapping[int, str], depth: int = 0) -> object:
    """The value as plain data: text escaped and cut, anything else by its `str`."""
    if value is None or isinstance(value, bool | int | float):
        # Beyond 64 bits the JSON encoder refuses an integer.
        return str(value) if isinstance(value, int) and abs(value) >= 2**63 else value
    if depth < _DEEPEST and isinstance(value, Mapping):
        pairs = list(value.items())[:_MOST_ITEMS]
        return {_text(key, escapes): _clean(item, escapes, depth + 1) for key, item in pairs}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, escapes, depth + 1) for item in list(value)[:_MOST_ITEMS]]
    return _text(value, escapes)


def _text(value: object, escapes: Mapping[int, str]) -> str:
    try:
        text = str(value)
    # Whatever an object's own __str__ may raise.
    except Exception:  # noqa: BLE001
        text = f"<{type(value).__name__}>"
    if len(text) > _LONGEST_VALUE:
        text = f"{text[:_LONGEST_VALUE]}… ({len(text)} characters)"
    return "".join(
        character if character < "\ud800" or character > "\udfff" else f"\\u{ord(character):04x}"
        for character in text.translate(escapes)
    )
