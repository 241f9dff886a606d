"""Many adverts at once: in order, on all cores, also in a child process."""

from __future__ import annotations

import os
import warnings

import pytest

import jobsieve
from jobsieve import _core

RULES = "".join(f'rule "r{n}": when "w{n}" then add category "c/{n}";\n' for n in range(50))


@pytest.fixture(scope="module")
def rules() -> jobsieve.RuleSet:
    return jobsieve.compile(RULES)


def test_answers_come_in_order(rules: jobsieve.RuleSet) -> None:
    rows = [{"title": f"w{n % 50} w{n % 7}"} for n in range(2000)]
    answers = rules.classify_many(rows)
    expected = [sorted({f"r{n % 50}", f"r{n % 7}"}) for n in range(2000)]
    assert [answer.matched_rules for answer in answers] == expected
    lines = [b'{"id": %d, "title": "w%d"}' % (n, n % 50) for n in range(1000)]
    records = rules.classify_lines(lines)
    assert all(b'"id":%d,' % n in record for n, record in enumerate(records))


def test_the_first_row_that_is_wrong_is_named(rules: jobsieve.RuleSet) -> None:
    rows: list[dict[str, object]] = [{"title": "w1"} for _ in range(500)]
    rows[300] = {"title": " "}
    rows[400] = {"title": 1}
    with pytest.raises(jobsieve.AdvertError, match=r"^rows\[300\]: "):
        rules.classify_many(rows)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_has_threads_of_its_own(rules: jobsieve.RuleSet) -> None:
    rows = [{"title": f"w{n % 50}"} for n in range(400)]
    before = [answer.primary for answer in rules.classify_many(rows)]
    with warnings.catch_warnings():
        # Python warns that a fork leaves threads behind: that is what is tried here.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            same = [answer.primary for answer in rules.classify_many(rows)] == before
            built = jobsieve.compile(RULES).hash == rules.hash
            os._exit(0 if same and built else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_what_is_built_from_a_previous_rule_set_is_the_same(rules: jobsieve.RuleSet) -> None:
    changed = RULES.replace('"w7"', '"w7" or "other"')
    again, found = _core.compile([("rules", changed)], previous=rules)
    assert again is not None
    assert found == []
    assert again.hash == jobsieve.compile(changed).hash != rules.hash
    assert again.classify(title="other").matched_rules == ["r7"]
    nothing, found = _core.compile([("rules", changed + "rule")], previous=rules)
    assert nothing is None
    assert found == _core.compile([("rules", changed + "rule")])[1]
