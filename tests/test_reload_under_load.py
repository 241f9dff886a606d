"""Reloads beside a load: no request is lost, none is answered by two versions, none by rules that were
refused. `benchmarks/reload_under_load.py` does the same at full size and measures what it costs."""

from __future__ import annotations

from pathlib import Path

from jobsieve.store import ObjectText, open_store
from tests.service import Load, Service, serving

RELOADS = 20


def deciding(number: int) -> str:
    return f'rule "deciding": when "chef" then add category "v{number}" score 9;\n'


def test_answers_belong_to_one_version_through_good_and_bad_reloads(tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    others = [
        ObjectText("rule", f"{n}", f'rule "{n}": when "w{n}" then add category "o";\n', "o.rules")
        for n in range(200)
    ]
    with open_store(path) as store:
        for source in (deciding(1), deciding(2), 'rule "deciding": when then;\n'):
            store.commit(
                [*others, ObjectText("rule", "deciding", source, "a.rules")],
                base_version=store.head(),
                author="ann",
                publish=store.head() is None,
            )
        with serving(path, JOBSIEVE_RELOAD_INTERVAL="0.02") as service:
            service.wait_for("ready")
            with Load(service.connect, {"title": "chef"}, connections=2) as load:
                for number in range(RELOADS):
                    to = 3 if number % 5 == 4 else 2
                    store.publish(to, "ann")
                    if to == 2:
                        service.until("it is served", lambda: version(service) == 2)
                    else:
                        assert service.ruleset_of_state("rejected")["version"] == 1
                    store.rollback(1, "ann")
                    service.ruleset_of_state("current")
                    service.until("it is back", lambda: version(service) == 1)

    assert load.lost == []
    assert {status for status, _ in load.answers} == {200}
    answers = [answer for _, answer in load.answers]
    assert {answer["ruleset"]["version"] for answer in answers} == {1, 2}
    assert all(answer["primary"] == f"v{answer['ruleset']['version']}" for answer in answers)


def version(service: Service) -> int:
    found: int = service.classify(title="chef")["ruleset"]["version"]
    return found
