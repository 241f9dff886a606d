from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from jobsieve import replay
from jobsieve.errors import JobsieveError
from jobsieve.replay import Question, Reply, Run, Series, Target
from jobsieve.reports import plots
from tests import service
from tests.test_serve import write_rule


@pytest.mark.parametrize(
    ("text", "name", "url"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", "http://127.0.0.1:8000/v1/classify"),
        ("new=http://a:1/", "new", "http://a:1/v1/classify"),
        ("https://a/classify?x=1", "a", "https://a/classify?x=1"),
    ],
)
def test_a_target_is_an_address_with_or_without_a_name(text: str, name: str, url: str) -> None:
    assert Target.parse(text) == Target(name, url)


@pytest.mark.parametrize("text", ["", "localhost:8000", "ftp://a/", "old=", "http://a:port/"])
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(JobsieveError, match="write http://HOST:PORT"):
        Target.parse(text)


def test_quantiles_are_values_that_occurred() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [replay.quantile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 50, 99, 100]
    assert replay.quantile([7.0], 0.99) == 7.0
    assert replay.quantile([], 0.5) == 0.0


def reply(question: int, answer: str | None, took: float = 0.001, **more: Any) -> Reply:
    return Reply(question, question / 10, 0.0, took, answer, more.get("failure"))


def test_disagreements_are_told_by_category_and_failures_are_left_out() -> None:
    questions = [Question(f"a{number}", "", "", b"") for number in range(5)]
    first = Series(
        Target("old", ""),
        [reply(0, "it"), reply(1, "it"), reply(2, None), reply(3, "it"), reply(4, "law", took=0.1)],
    )
    second = Series(
        Target("new", ""),
        [
            reply(0, "it"),
            reply(1, "it/python"),
            reply(2, "law"),
            reply(3, None, failure="status 500"),
            reply(4, "law"),
        ],
    )
    run = Run(questions, [first, second], 10, 0.5)
    assert (run.compared, run.agreed) == (4, 2)
    assert [(each.first, each.second, each.questions) for each in run.disagreements()] == [
        ("it", "it/python", [1]),
        (None, "law", [2]),
    ]
    assert run.by_category() == [("it", 2, 1), (None, 1, 1), ("law", 1, 0)]
    assert second.figures.failed == 1
    assert second.failures == {"status 500": 1}
    assert first.figures.longest == 0.1


class Odd(http.server.BaseHTTPRequestHandler):
    """Another make of service: answers of its own form, and sometimes none."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        advert = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if advert["title"] == "hang up":
            self.close_connection = True
            return
        status = 500 if advert["title"] == "fail" else 200
        body = json.dumps({"result": [{"name": "it/python"}]}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def odd_service() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/other"
        server.shutdown()


def test_answers_of_another_form_are_read_and_failures_are_told() -> None:
    titles = ["a", "fail", "hang up", "b"]
    questions = [
        Question(title, title, "", json.dumps({"title": title}).encode()) for title in titles
    ]
    with odd_service() as url:
        run = replay.run(
            questions,
            [Target("odd", url)],
            rate=1000,
            connections=2,
            count=8,
            answer_key="result.0.name",
        )
        wrong = replay.run(
            questions[:1], [Target("odd", url)], rate=1000, connections=1, answer_key="primary"
        )
    (series,) = run.series
    answers = {each.question: (each.answer, each.failure) for each in series.replies}
    assert answers[0] == answers[3] == ("it/python", None)
    assert answers[1] == (None, "status 500")
    assert answers[2][1] is not None
    assert len(series.replies) == 8
    assert list(wrong.series[0].failures) == ["an answer of another form: 'primary'"]


def test_a_service_that_is_not_there_ends_the_run_before_it_begins() -> None:
    with pytest.raises(JobsieveError, match=r"can't reach http://127\.0\.0\.1:1/x: "):
        replay.run(
            [Question("", "", "", b"")],
            [Target("a", "http://127.0.0.1:1/x")],
            rate=1,
            connections=1,
        )


def test_two_running_services_are_compared_in_a_report(tmp_path: Path) -> None:
    stores = []
    for name, category in (("old", "it/<old>"), ("new", "it/new")):
        folder = tmp_path / name
        folder.mkdir()
        stores.append(folder / "store.db")
        service.run(
            "rules", "import", str(write_rule(folder, category)), "--store", str(stores[-1])
        )
    adverts = tmp_path / "adverts.jsonl"
    titles = ["Python Developer", "Florist", "Python <b>Programmer</b>"]
    adverts.write_text(
        "".join(
            json.dumps({"id": title, "title": title, "description": "For a <i>hospital</i>."})
            + "\n"
            for title in titles
        ),
        "utf-8",
    )
    html, png = tmp_path / "report.html", tmp_path / "report.png"
    with service.serving(stores[0]) as old, service.serving(stores[1]) as new:
        for each in (old, new):
            each.wait_for("ready")
        addresses = [
            f"--to={name}=http://{each.host}:{each.port}"
            for name, each in (("old", old), ("new", new))
        ]
        done = service.run(
            "replay", str(adverts), *addresses, "--rate=200", "--count=60", "--json",
            f"--html={html}", f"--png={png}",
        )  # fmt: skip
    data = json.loads(done.stdout)
    assert {name: each["answered"] for name, each in data["services"].items()} == {
        "old": 60,
        "new": 60,
    }
    assert (data["compared"], data["agreed"]) == (3, 1)
    assert data["disagreements"] == [
        {
            "answers": ["it/<old>", "it/new"],
            "adverts": ["Python Developer", "Python <b>Programmer</b>"],
        }
    ]
    assert png.read_bytes().startswith(b"\x89PNG")
    page = html.read_text(encoding="utf-8")
    assert page.count("<svg") == 4
    assert "it/&lt;old&gt;" in page
    assert "<b>Programmer" not in page
    # What they disagree on can be read without going back to the adverts.
    assert page.count("For a hospital<") == 2
    assert not re.search(
        r"<script|src=|https?://(?!127|www\.w3\.org|purl|creativecommons|matplotlib)", page
    )


def test_plots_need_no_second_series_and_no_answers(tmp_path: Path) -> None:
    failed = Series(Target("a", ""), [reply(0, None, failure="status 500")])
    run = Run([Question("", "", "", b"")], [failed], 1, 1.0)
    assert set(plots.as_svg(run)) == {"over_time", "distribution", "figures"}
    plots.write_png(run, tmp_path / "plots.png")
