"""Whatever happens to the database: no look outlives its deadline, no request is lost, and what is
published afterwards is served without a restart."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jobsieve import snapshot
from jobsieve.publishing import import_files
from jobsieve.reloader import Reloader, StoreSource
from jobsieve.snapshot import Snapshot
from jobsieve.store import location, open_store
from tests.conftest import DatabaseServers
from tests.database_servers import PASSWORD, QUOTED, DatabaseServer
from tests.fault_proxy import FAULTS, Fault, FaultProxy
from tests.service import Load, Service, serving

NAMES = ("mariadb", "postgresql")
# In production 15; the drivers' own bounds, 3 and 5, are not what holds here.
DEADLINE = 0.7
# Beside a load, whatever goes well must fit too.
DEADLINE_UNDER_LOAD = 2.5


def rules(number: int) -> dict[str, str]:
    return {"a.rules": f'rule "a": when "chef" then add category "v{number}";\n'}


class Site:
    """A store on a server, reached through a proxy."""

    def __init__(self, server: DatabaseServer, proxy: FaultProxy, database: str) -> None:
        self.server = server
        self.proxy = proxy
        self.database = database
        self.direct = server.url_of(database)
        self.url = server.url_of(database, proxy.port)
        self.number = 0

    def publish(self) -> int:
        """The next version, past all faults."""
        self.number += 1
        with open_store(self.direct) as store:
            import_files(store, rules(self.number), author="ann")
        return self.number


@pytest.fixture(scope="module", params=NAMES)
def shared_site(request: pytest.FixtureRequest, database_server: DatabaseServers) -> Iterator[Site]:
    server = database_server(request.param)
    database = server.url().rsplit("/", 1)[1]
    with FaultProxy(server.port) as proxy:
        yield Site(server, proxy, database)


@pytest.fixture
def site(shared_site: Site) -> Site:
    """A store that can be reached and holds a new version."""
    shared_site.proxy.set("pass")
    shared_site.publish()
    return shared_site


def reloader(site: Site, taken: list[int | None], deadline: float = DEADLINE) -> Reloader:
    def build(sources: list[tuple[str, str]], /, *, version: int | None) -> Snapshot:
        return snapshot.build(sources, version=version)

    return Reloader(
        StoreSource(
            lambda cutoff: open_store(site.url, create=False, cutoff=cutoff),
            str(location.read(site.url)),
        ),
        build,
        lambda built: taken.append(built.version),
        interval=0.1,
        deadline=deadline,
    )


def wait_for_fetch(of: Reloader) -> None:
    """What was cut ends by itself; only the opening of a connection may take its three seconds."""
    with of._signal:
        assert of._signal.wait_for(lambda: of._fetch is None or of._fetch.finished, 30)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_start_ends_in_an_error_and_recovers(site: Site, fault: Fault) -> None:
    taken: list[int | None] = []
    looking = reloader(site, taken)
    site.proxy.set(fault)

    looking.check()

    status = looking.status
    assert (status.state, status.failures, taken) == ("fetch_error", 1, [])
    told = str(status.error)
    assert f"jobsieve@127.0.0.1:{site.proxy.port}/{site.database}" in told
    assert "(attempt 1, after " in told
    assert "next try in " in told
    assert PASSWORD not in told
    wait_for_fetch(looking)
    site.proxy.set("pass")
    looking._deadline = 30.0
    looking.check()
    assert (looking.status.state, taken) == ("current", [site.number])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fetch_that_is_under_way_is_ended(site: Site, fault: Fault) -> None:
    taken: list[int | None] = []
    looking = reloader(site, taken, deadline=30.0)
    looking.check()
    before = site.number
    site.publish()
    looking._deadline = DEADLINE
    site.proxy.set(fault)

    looking.check()

    assert (looking.status.state, taken) == ("fetch_error", [before])
    wait_for_fetch(looking)
    site.proxy.set("pass")
    looking._deadline = 30.0
    looking.check()
    assert (looking.status.state, taken) == ("current", [before, site.number])


TERMINATE = {
    "mysql": "kill user jobsieve",
    "postgresql": "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'jobsieve'",
}


def test_connections_that_the_server_ends_between_two_looks_are_not_missed(site: Site) -> None:
    looking = reloader(site, [], deadline=30.0)
    for _ in range(int(os.environ.get("JOBSIEVE_TEST_CYCLES", "3"))):
        looking.check()
        assert looking.status.state == "current"
        site.server.execute(TERMINATE[site.server.scheme])
        site.publish()


@pytest.fixture
def service(site: Site, tmp_path: Path) -> Iterator[Service]:
    environment = {
        "JOBSIEVE_RELOAD_DEADLINE": str(DEADLINE_UNDER_LOAD),
        "JOBSIEVE_RELOAD_INTERVAL": "0.1",
        "JOBSIEVE_RELOAD_LAST_GOOD": str(tmp_path / "copy"),
    }
    with serving(site.url, **environment) as running:
        yield running


def serves(service: Service, version: int) -> Callable[[], bool]:
    def check() -> bool:
        # Whatever wait the failures have led to ends now.
        service.process.send_signal(signal.SIGHUP)
        time.sleep(0.05)
        answer = service.classify(title="chef")
        return bool(answer["ruleset"]["version"] == version)

    return check


def frozen(site: Site, service: Service) -> None:
    site.server.signal(signal.SIGSTOP)
    try:
        service.ruleset_of_state("fetch_error")
    finally:
        site.server.signal(signal.SIGCONT)


def killed(site: Site, service: Service) -> None:
    site.server.kill()
    try:
        service.ruleset_of_state("fetch_error")
    finally:
        site.server.start()


def cut_off(fault: Fault) -> Callable[[Site, Service], None]:
    def strike(site: Site, service: Service) -> None:
        site.proxy.set(fault)
        service.ruleset_of_state("fetch_error")
        site.proxy.set("pass")

    return strike


@pytest.mark.timeout(240)
def test_no_request_is_lost_and_what_is_published_afterwards_is_served(
    site: Site, service: Service
) -> None:
    service.wait_for("ready")
    strikes = [*map(cut_off, FAULTS), killed, frozen]
    with Load(service.connect, {"title": "chef"}, connections=2) as load:
        for strike in strikes:
            strike(site, service)
            version = site.publish()
            service.until(f"version {version} is served", serves(service, version))
    assert load.lost == []
    assert {status for status, _ in load.answers} == {200}
    # Each answer belongs to one version, whole.
    for _, answer in load.answers:
        assert answer["primary"] == f"v{answer['ruleset']['version']}"
    _assert_no_password(service)


def _assert_no_password(service: Service) -> None:
    told: list[Any] = [service.events, service.request("GET", "/v1/ruleset")]
    for secret in (PASSWORD, QUOTED):
        assert secret not in repr(told)


def test_a_start_while_the_database_is_away_answers_by_the_copy(site: Site, tmp_path: Path) -> None:
    environment = {
        "JOBSIEVE_RELOAD_DEADLINE": "30",
        "JOBSIEVE_RELOAD_LAST_GOOD": str(tmp_path / "copy"),
    }
    with serving(site.url, **environment) as first:
        first.wait_for("ready")
        first.until("the copy is written", (tmp_path / "copy").exists)
    site.proxy.set("black_hole")

    with serving(site.url, **environment) as second:
        event = second.wait_for("last_good", result="in_use")
        assert event["version"] == site.number
        assert second.classify(title="chef")["primary"] == f"v{site.number}"
        document = second.request("GET", "/v1/ruleset")[1]
        assert document["last_good"]["age_seconds"] >= 0
        _assert_no_password(second)
