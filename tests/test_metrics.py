"""The control plane's metrics, and that dashboard and alert rules ask for metrics that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobsieve.metrics import ReloadMetrics
from jobsieve.reloader import Accepted, Rejected, Status
from jobsieve.store import Publication
from tests.conftest import RequireComponent
from tests.service import Service, run, serving

SAMPLE = re.compile(r"^(\w+(?:\{.*\})?) (\S+)$", re.MULTILINE)
RULE = 'rule "chefs": when "chef" then add category "catering/chefs";\n'


def publication(version: int) -> Publication:
    return Publication(version, version, "publish", version, "", "", 1_700_000_000_500)


def samples(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in SAMPLE.findall(text)}


def test_each_look_is_counted_once_by_how_it_ended() -> None:
    metrics = ReloadMetrics()
    first = Accepted(publication(1), "sha256:x", 3, 5000, 1_700_000_001.5)
    bad = Rejected(publication(2), "an error", (), 1_700_000_009.0)
    second = Accepted(publication(3), "sha256:y", 4, 6000, 1_700_000_020.0)
    looks = [
        Status("nothing_published", checked_at=1.0),
        Status("current", accepted=first, checked_at=2.0, reached_at=2.0),
        Status("current", accepted=first, checked_at=3.0, reached_at=3.0),
        Status("fetch_error", accepted=first, checked_at=4.0, reached_at=3.0, failures=1),
        Status("rejected", accepted=first, rejected=bad, checked_at=5.0, reached_at=5.0),
        Status("rejected", accepted=first, rejected=bad, checked_at=6.0, reached_at=6.0),
        Status("fetch_error", accepted=first, rejected=bad, checked_at=7.0, failures=1),
    ]
    for status in looks:
        metrics.note(status)
    told = samples(metrics.text(looks[-1]))
    results = {
        result: told[f'jobsieve_reloads_total{{result="{result}"}}']
        for result in ("accepted", "unchanged", "rejected", "fetch_error", "nothing_published")
    }
    assert results == {
        "accepted": 1,
        "unchanged": 2,
        "rejected": 1,
        "fetch_error": 2,
        "nothing_published": 1,
    }
    assert told["jobsieve_last_reload_successful"] == 0
    assert told["jobsieve_last_reload_success_timestamp_seconds"] == 3.0
    assert told["jobsieve_reload_consecutive_failures"] == 1
    repaired = Status("current", accepted=second, checked_at=8.0, reached_at=8.0)
    metrics.note(repaired)
    told = samples(metrics.text(repaired))
    assert told["jobsieve_last_reload_successful"] == 1
    assert told["jobsieve_ruleset_published_timestamp_seconds"] == 1_700_000_000.5
    assert told["jobsieve_ruleset_set_aside"] == 0
    assert told["jobsieve_ruleset_accepted_timestamp_seconds"] == 1_700_000_020.0


@pytest.fixture(scope="module")
def whole_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The metrics of a service that has answered an advert."""
    folder = tmp_path_factory.mktemp("metrics")
    (folder / "food.rules").write_text(RULE, encoding="utf-8")
    store = folder / "store.db"
    run("rules", "import", str(folder / "food.rules"), "--store", str(store))
    with serving(store) as service:
        service.wait_for("ready")
        service.classify(title="chef")
        # The status at the moment of a publication does not count the look that is under way.
        service.until(
            "the look is counted",
            lambda: samples(page(service)).get('jobsieve_reloads_total{result="accepted"}') == 1,
        )
        return page(service)


@pytest.fixture(scope="module")
def exposed(whole_page: str) -> set[str]:
    """Their names."""
    return {name.partition("{")[0] for name in samples(whole_page)}


def page(service: Service) -> str:
    url = f"http://{service.host}:{service.port}/metrics"
    with urllib.request.urlopen(url, timeout=20) as answer:
        text: str = answer.read().decode()
    return text


def expressions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "expr" or (key == "query" and isinstance(inner, str)):
                yield inner
            else:
                yield from expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner)


def test_the_dashboard_asks_for_metrics_that_exist(root: Path, exposed: set[str]) -> None:
    dashboard = json.loads((root / "docs/monitoring/grafana.json").read_text(encoding="utf-8"))
    asked = [set(names(text)) for text in expressions(dashboard)]
    assert len(asked) > 20
    assert set().union(*asked) - exposed == set()


def test_the_alerts_ask_for_metrics_that_exist(root: Path, exposed: set[str]) -> None:
    text = (root / "docs/monitoring/alerts.yml").read_text(encoding="utf-8")
    alerts = re.findall(r"alert: (\w+)", text)
    asked = set(names(re.sub(r"#.*", "", text)))
    assert len(alerts) >= 8
    assert len(asked) >= 8
    assert asked - exposed == set()
    page = (root / "docs/operations.md").read_text(encoding="utf-8")
    assert [alert for alert in alerts if alert not in page] == []


def test_prometheus_finds_no_fault_with_the_metrics_and_each_alert_fires_when_it_should(
    root: Path, whole_page: str, require_component: RequireComponent
) -> None:
    promtool = shutil.which("promtool")
    require_component("promtool", promtool is not None, "apt-get install prometheus")
    assert promtool is not None
    cases = root / "tests" / "data" / "alerts.test.yml"
    for arguments, read in (
        (["check", "metrics"], whole_page),
        (["check", "rules", str(root / "docs" / "monitoring" / "alerts.yml")], ""),
        (["test", "rules", str(cases)], ""),
    ):
        done = subprocess.run(
            [promtool, *arguments], input=read, capture_output=True, text=True, timeout=60
        )
        assert (arguments[:2], done.returncode, done.stderr) == (arguments[:2], 0, "")
    tried = cases.read_text(encoding="utf-8")
    alerts = (root / "docs" / "monitoring" / "alerts.yml").read_text(encoding="utf-8")
    # Each is seen to fire once, and not to where all is well.
    for alert in re.findall(r"alert: (\w+)", alerts):
        assert f"alertname: {alert}}}" in tried, alert
        assert f"alertname: {alert}\n        exp_alerts:" in tried, alert


def names(text: str) -> list[str]:
    return re.findall(r"\b(?:jobsieve|process)_\w+", text)
