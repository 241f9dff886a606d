"""The Python interface: what `import jobsieve` gives."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from typing import Any, Literal

import msgspec
import pytest

import jobsieve
from jobsieve.config import AnalysisSettings, FieldKind, Settings

RULES = """
list "programmers": "developer", "programmer", "software engineer";
rule "python":  when title "python" and list "programmers" then add category "it/python" score 2;
rule "it":      when list "programmers" then add category "it" score 0.5, add category "it/python";
rule "not it":  when "cook" then add category "food" score -1.25;
"""


@pytest.fixture(scope="module")
def rules() -> jobsieve.RuleSet:
    return jobsieve.compile(RULES)


def test_an_answer_has_the_records_names(rules: jobsieve.RuleSet) -> None:
    answer = rules.classify(title="Python Developers", description="<p>Cook &amp; clean</p>")
    assert answer.status == "matched"
    assert answer.primary == "it/python"
    assert [(each.path, each.score, each.rules) for each in answer.categories] == [
        ("it/python", 3.0, ["it", "python"]),
        ("it", 0.5, ["it"]),
        ("food", -1.25, ["not it"]),
    ]
    assert answer.matched_rules == ["it", "not it", "python"]
    assert answer.attributes == {}
    nothing = rules.classify(title="Nurse")
    assert (nothing.status, nothing.primary, nothing.categories) == ("unmatched", None, [])


def test_many_are_answered_in_order(rules: jobsieve.RuleSet) -> None:
    rows = [{"title": title} for title in ("Cook", "Nurse", "Python Programmer")] * 100
    found = [answer.primary for answer in rules.classify_many(rows)]
    assert found == ["food", None, "it/python"] * 100


def test_what_is_no_advert_is_refused_by_name(rules: jobsieve.RuleSet) -> None:
    with pytest.raises(jobsieve.AdvertError) as blank:
        rules.classify(title=" ", description="")
    assert blank.value.code == "no-text"
    with pytest.raises(jobsieve.AdvertError, match=r"fields\.salary") as field:
        rules.classify(title="Cook", salary=30_000)
    assert (field.value.code, field.value.key) == ("undeclared-field", "fields.salary")
    with pytest.raises(TypeError):
        rules.classify(title=b"bytes")  # type: ignore[arg-type]
    with pytest.raises(jobsieve.AdvertError, match="byte 11"):
        rules.classify_json(b'{"title": "\xff"}')


def test_a_row_may_hold_all_that_a_request_may(rules: jobsieve.RuleSet) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 7, "title": "Cook", "description": None, "fields": {}},
        {"id": "x", "title": "-"},
    ]
    assert [each.status for each in rules.classify_many(rows)] == ["matched", "unmatched"]
    assert rules.classify(id="x", title="Cook").primary == "food"


@pytest.mark.parametrize(
    ("row", "error", "says"),
    [
        ({"id": 1}, jobsieve.AdvertError, "has no text"),
        ({"title": "x", "fields": {"salary": 1}}, jobsieve.AdvertError, r"fields\.salary"),
        ({"title": "x", "salary": 1}, TypeError, '"salary" is no key'),
        ({"title": 1}, TypeError, '"title" must be a str or None, not int'),
        ({"title": "x", "id": True}, TypeError, '"id" must be .*, not bool'),
        ({"title": "x", "id": 1.5}, TypeError, '"id" must be .*, not float'),
        ({"title": "x", "fields": None}, TypeError, '"fields" must be a mapping, not NoneType'),
        ({"title": "\ud800"}, ValueError, '"title" holds half a surrogate pair'),
        ({1: "x"}, TypeError, "a key of an advert must be a str, not int"),
        (["x"], TypeError, "an advert must be a mapping, not list"),
    ],
)
def test_the_row_that_fails_is_named(
    rules: jobsieve.RuleSet, row: Any, error: type[Exception], says: str
) -> None:
    rows: list[Any] = [{"title": "Cook"}, {"title": "Nurse"}, row, {}]
    with pytest.raises(error, match=rf"^rows\[2\]: .*{says}"):
        rules.classify_many(rows)


def test_bad_rules_raise_one_error_with_every_finding() -> None:
    sources = {
        "a.rules": 'rule "x": when title python then add category "c";',
        "b.rules": 'rule "y": when list "none" then add category "c" score 1,5;\n',
    }
    with pytest.raises(jobsieve.RuleError) as raised:
        jobsieve.compile(sources)
    found = [(each.file, each.line, each.code) for each in raised.value.diagnostics]
    assert found == [
        ("a.rules", 1, "JS009"),
        ("b.rules", 1, "JS015"),
        ("b.rules", 1, "JS025"),
    ]


@pytest.mark.parametrize(
    ("source", "error", "says"),
    [
        (b"bytes", TypeError, "not from bytes"),
        (None, TypeError, "not from NoneType"),
        ({"a.rules": b"x"}, TypeError, "text of 'a.rules' must be a str, not bytes"),
        ({1: "x"}, TypeError, "file name must be a str, not int"),
        ("# \ud800", ValueError, "text of 'rules' .* character 2"),
        ({"a\udce9.rules": ""}, ValueError, "file name .* character 1"),
    ],
)
def test_what_is_no_text_is_not_compiled(source: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says) as raised:
        jobsieve.compile(source)
    assert type(raised.value) is error


def test_the_hash_is_that_of_the_meaning(rules: jobsieve.RuleSet) -> None:
    lines = [line for line in RULES.splitlines() if line]
    turned = {"b": "# a comment\n" + "\n".join(reversed(lines[1:])), "a": lines[0]}
    assert jobsieve.compile(turned).hash == rules.hash
    changed = RULES.replace("score 2", "score 3")
    assert jobsieve.compile(changed).hash != rules.hash


def test_threads_share_a_rule_set(rules: jobsieve.RuleSet) -> None:
    found: list[str | None] = []

    def work() -> None:
        found.extend(rules.classify(title="Python Developer").primary for _ in range(500))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["it/python"] * 2_000


def test_a_child_process_classifies_after_a_fork() -> None:
    script = """
        import os, jobsieve
        rules = jobsieve.compile('rule "r": when "cook" then add category "food";')
        rows = [{"title": "Cook"}] * 1000
        assert len(rules.classify_many(rows)) == 1000
        child = os.fork()
        if child == 0:
            answers = rules.classify_many(rows)
            os._exit(0 if answers[999].primary == "food" else 3)
        _, status = os.waitpid(child, 0)
        raise SystemExit(os.waitstatus_to_exitcode(status))
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)], timeout=30, check=False
    )
    assert done.returncode == 0


def test_a_server_is_refused_after_a_fork() -> None:
    script = """
        import os
        from jobsieve import _core
        server = _core.Server.start(b'{"host": "127.0.0.1", "port": 0, "workers": 1}')
        child = os.fork()
        if child == 0:
            try:
                server.set_status(b"{}", "")
            except RuntimeError as error:
                os._exit(0 if "fork" in str(error) else 3)
            os._exit(4)
        _, status = os.waitpid(child, 0)
        assert server.drain(5.0)
        raise SystemExit(os.waitstatus_to_exitcode(status))
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)], timeout=30, check=False
    )
    assert done.returncode == 0


LIMIT = 60


def limited(too_long: Literal["refuse", "cut"]) -> jobsieve.RuleSet:
    """Rules that read texts of at most `LIMIT` bytes."""
    analysis = AnalysisSettings(max_text_bytes=LIMIT, too_long=too_long)
    fields: dict[str, FieldKind] = {"employer": "text"}
    return jobsieve.compile(RULES, settings=Settings(analysis=analysis, fields=fields))


def filled(*, length: int) -> str:
    """Text of so many bytes, a cook at its end."""
    return "x " * ((length - 4) // 2) + " " * (length % 2) + "cook"


def test_a_text_beyond_the_limit_is_refused_by_name() -> None:
    rules = limited("refuse")
    assert rules.classify(title=filled(length=LIMIT)).primary == "food"
    with pytest.raises(jobsieve.AdvertError, match="longer than 60 bytes") as refused:
        rules.classify(title="Cook", employer=filled(length=LIMIT + 1))
    assert (refused.value.code, refused.value.key) == ("text-too-long", "fields.employer")
    with pytest.raises(jobsieve.AdvertError, match=r"rows\[1\]"):
        rules.classify_many([{"title": "Cook"}, {"description": filled(length=LIMIT + 1)}])
    body = msgspec.json.encode({"id": 7, "description": filled(length=LIMIT + 1)})
    error = msgspec.json.decode(rules.classify_lines([body])[0])
    assert (error["id"], error["error"]["key"]) == (7, "description")
    with pytest.raises(jobsieve.AdvertError):
        rules.explain_json(body)


def test_a_text_that_normalising_makes_too_long_is_refused_too() -> None:
    # One character, which stands for eighteen.
    with pytest.raises(jobsieve.AdvertError, match="normalised"):
        limited("refuse").classify(title="\ufdfa" * 5)


def test_a_text_is_cut_where_the_settings_say_so_and_the_answer_tells() -> None:
    rules = limited("cut")
    whole = rules.classify(title=filled(length=LIMIT))
    assert (whole.primary, whole.cut) == ("food", [])
    # Of the last word a part is left, which is no word.
    cut = rules.classify(title="Cook", employer="x", description=filled(length=LIMIT) + "s")
    assert (cut.matched_rules, cut.cut) == (["not it"], ["description"])
    assert rules.classify(description=filled(length=LIMIT) + "s").matched_rules == []
    body = msgspec.json.encode({"title": "x", "fields": {"employer": filled(length=LIMIT + 1)}})
    assert msgspec.json.decode(rules.classify_json(body))["cut"] == ["fields.employer"]
    assert "cut" not in msgspec.json.decode(rules.classify_json(b'{"title":"x"}'))
