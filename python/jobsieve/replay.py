"""Sends adverts to one or two services at a steady rate, and compares what comes back.

A team that changes its classifier, its rules or its machines learns here, before it switches, how fast each
answers and on which adverts they disagree. Any service will do that takes a JSON advert by POST and answers
with JSON. This module draws nothing: see `reports`.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from jobsieve.errors import JobsieveError

# What a request may take before it counts as failed.
PATIENCE = 30.0
DEFAULT_PATH = "/v1/classify"


@dataclass(frozen=True, slots=True)
class Target:
    """A service: the name it has in reports, and where it is."""

    name: str
    url: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """From `URL` or `NAME=URL`; raises `JobsieveError`."""
        name, equals, url = text.partition("=")
        if not equals or "/" in name:
            name, url = "", text
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise JobsieveError(
                f'"{text}" is no address: write http://HOST:PORT, or NAME=http://HOST:PORT/PATH'
            )
        if parts.path in ("", "/"):
            url = f"{parts.scheme}://{parts.netloc}{DEFAULT_PATH}"
        shown = f"{parts.hostname}:{port}" if port else parts.hostname
        return cls(name or shown, url)


@dataclass(frozen=True, slots=True)
class Question:
    """An advert: what people know it by, and the JSON that is sent."""

    id: str
    title: str
    description: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What one service answered to one advert. Times are seconds; `due` counts from the start of the run,
    `late` is how long after that the request went out. `answer` is None where there was no category,
    `failure` says why there was no usable answer."""

    question: int
    due: float
    late: float
    took: float
    answer: str | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the times of one service come to, in seconds; failed requests are left out."""

    answered: int
    failed: int
    average: float
    p50: float
    p90: float
    p99: float
    longest: float
    late_p99: float


@dataclass(frozen=True, slots=True)
class Series:
    """All replies of one service, in the order in which they were due."""

    target: Target
    replies: list[Reply]

    @property
    def times(self) -> list[float]:
        """The response times of the usable answers, sorted."""
        return sorted(each.took for each in self.replies if each.failure is None)

    @property
    def failures(self) -> Counter[str]:
        """How often each reason for a failure was met."""
        return Counter(each.failure for each in self.replies if each.failure is not None)

    @property
    def figures(self) -> Figures:
        times = self.times
        late = sorted(each.late for each in self.replies)
        return Figures(
            answered=len(times),
            failed=len(self.replies) - len(times),
            average=sum(times) / len(times) if times else 0.0,
            p50=quantile(times, 0.5),
            p90=quantile(times, 0.9),
            p99=quantile(times, 0.99),
            longest=times[-1] if times else 0.0,
            late_p99=quantile(late, 0.99),
        )


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two answers that meet on the same adverts, and which these are."""

    first: str | None
    second: str | None
    questions: list[int]


@dataclass(frozen=True, slots=True)
class Run:
    """One replay."""

    questions: Sequence[Question]
    series: list[Series]
    rate: float
    seconds: float

    @property
    def compared(self) -> int:
        """How many adverts both services answered at least once."""
        return len(self._pairs()) if len(self.series) == 2 else 0

    @property
    def agreed(self) -> int:
        """How many of these got the same answer."""
        return sum(first == second for first, second in self._pairs().values())

    def disagreements(self) -> list[Disagreement]:
        """By the two answers, the most frequent first."""
        found: dict[tuple[str | None, str | None], list[int]] = {}
        for question, pair in self._pairs().items():
            if pair[0] != pair[1]:
                found.setdefault(pair, []).append(question)
        sorted_ = sorted(found.items(), key=lambda item: (-len(item[1]), str(item[0])))
        return [Disagreement(*pair, questions) for pair, questions in sorted_]

    def by_category(self) -> list[tuple[str | None, int, int]]:
        """For each answer of the first service: how many adverts had it, and on how many of these the
        second one answered otherwise; the most disputed first."""
        given: Counter[str | None] = Counter()
        otherwise: Counter[str | None] = Counter()
        for first, second in self._pairs().values():
            given[first] += 1
            otherwise[first] += first != second
        return sorted(
            ((path, count, otherwise[path]) for path, count in given.items()),
            key=lambda row: (-row[2], -row[1], str(row[0])),
        )

    def _pairs(self) -> dict[int, tuple[str | None, str | None]]:
        if len(self.series) != 2:
            return {}
        first, second = (
            {each.question: each.answer for each in series.replies if each.failure is None}
            for series in self.series
        )
        return {number: (first[number], second[number]) for number in first if number in second}


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the sorted `values` do not exceed; 0 of none."""
    if not values:
        return 0.0
    return values[min(len(values) - 1, max(0, int(share * len(values) + 0.999999) - 1))]


@dataclass(slots=True)
class _Schedule:
    """Hands out requests one by one; each is due at its time, whoever sends it."""

    count: int
    rate: float
    begin: float
    _next: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> tuple[int, float] | None:
        with self._lock:
            number = self._next
            if number >= self.count:
                return None
            self._next += 1
        return number, number / self.rate


def run(
    questions: Sequence[Question],
    targets: Sequence[Target],
    *,
    rate: float,
    connections: int,
    count: int | None = None,
    answer_key: str = "primary",
    token: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Run:
    """Sends `count` requests (by default each advert once, else over and over) to every target at `rate` a
    second. `answer_key` names the category in the answers, with dots where it lies deeper. Raises
    `JobsieveError` where a service can't be reached at all."""
    if not questions:
        raise JobsieveError("there is no advert to send")
    count = len(questions) if count is None else count
    for target in targets:
        _connect(target).close()
    begin = time.perf_counter() + 0.05
    replies: list[list[Reply]] = [[] for _ in targets]
    threads = []
    for target, own in zip(targets, replies, strict=True):
        schedule = _Schedule(count, rate, begin)
        for _ in range(connections):
            sender = _Sender(target, questions, schedule, answer_key, token, own)
            threads.append(threading.Thread(target=sender.run, daemon=True))
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        progress(min(map(len, replies)))
        time.sleep(0.1)
    seconds = time.perf_counter() - begin
    series = [
        Series(target, sorted(own, key=lambda each: each.due))
        for target, own in zip(targets, replies, strict=True)
    ]
    return Run(questions, series, rate, seconds)


@dataclass(slots=True)
class _Sender:
    """One connection to one service."""

    target: Target
    questions: Sequence[Question]
    schedule: _Schedule
    answer_key: str
    token: str | None
    replies: list[Reply]

    def run(self) -> None:
        path = self.target.url.split("/", 3)[3]
        headers = {"content-type": "application/json"}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        connection: http.client.HTTPConnection | None = None
        while (next_ := self.schedule.take()) is not None:
            number, due = next_
            question = number % len(self.questions)
            moment = self.schedule.begin + due
            if (wait := moment - time.perf_counter()) > 0:
                time.sleep(wait)
            begun = time.perf_counter()
            answer, failure = None, None
            try:
                if connection is None:
                    connection = _connect(self.target)
                connection.request("POST", f"/{path}", self.questions[question].body, headers)
                response = connection.getresponse()
                body = response.read()
                if response.status == 200:
                    answer = _pick(body, self.answer_key)
                else:
                    failure = f"status {response.status}"
            except (OSError, http.client.HTTPException, JobsieveError) as error:
                failure = _reason(error)
                if connection is not None:
                    connection.close()
                    connection = None
            except (msgspec.MsgspecError, LookupError, TypeError) as error:
                failure = f"an answer of another form: {error}"
            took = time.perf_counter() - begun
            # Appending is atomic: the threads of one service share the list.
            self.replies.append(Reply(question, due, begun - moment, took, answer, failure))
        if connection is not None:
            connection.close()


def _connect(target: Target) -> http.client.HTTPConnection:
    parts = urlsplit(target.url)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=PATIENCE, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.connect()
    except OSError as error:
        raise JobsieveError(f"can't reach {target.url}: {_reason(error)}") from None
    return connection


def _pick(body: bytes, key: str) -> str | None:
    """The category that an answer names."""
    value: Any = msgspec.json.decode(body)
    for part in key.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    if value is not None and not isinstance(value, str | int):
        raise TypeError(f"{key} is neither text nor null")
    return None if value is None else str(value)


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer in {PATIENCE:g} seconds"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
