from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from jobsieve import snapshot
from jobsieve.errors import StoreError
from jobsieve.publishing import import_files
from jobsieve.reloader import LastGood, Reloader, StoreSource
from jobsieve.snapshot import Snapshot
from jobsieve.store import Category, ObjectText, Store, open_store

NOW = 1_800_000_000.0
NEVER = 3600.0
CATEGORY = Category("it", "it", "active", None)


def rule(word: str) -> str:
    return f'rule "a": when "{word}" then add category "it";\n'


class Site:
    """A store on disk, a reloader over it, and what it handed over; parts of it can be made to fail."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = open_store(path)
        self.builds = 0
        self.taken: list[Snapshot] = []
        self.shown = 0
        self.open: Callable[[], Store] = functools.partial(open_store, path, create=False)
        self.on_build: Callable[[], object] = lambda: None
        self.on_take: Callable[[], object] = lambda: None
        self.reloader = self.new_reloader()

    def new_reloader(
        self,
        *,
        deadline: float = NEVER,
        jitter: float = 0.0,
        last_good: LastGood | None = None,
        set_aside: bool = False,
    ) -> Reloader:
        def show() -> None:
            self.shown += 1

        return Reloader(
            StoreSource(lambda cutoff: self.open(), "sqlite:///rules.db"),
            self._build,
            self._take,
            interval=0.25,
            deadline=deadline,
            last_good=last_good,
            set_aside=set_aside,
            changed=show,
            now=lambda: NOW,
            jitter=lambda: jitter,
        )

    def publish(self, text: str) -> int:
        return import_files(self.store, {"a.rules": text}, author="ann").version or 0

    def publish_unchecked(self, text: str) -> int:
        """What an import would refuse: another program wrote it, or another version of this one."""
        return self.store.commit(
            [ObjectText("rule", "a", text, "a.rules")],
            base_version=self.store.head(),
            author="other program",
            publish=True,
        ).version

    @property
    def served(self) -> list[int | None]:
        return [each.version for each in self.taken]

    def _build(self, sources: list[tuple[str, str]], /, *, version: int | None) -> Snapshot:
        self.builds += 1
        self.on_build()
        return snapshot.build(sources, version=version)

    def _take(self, taken: Snapshot) -> None:
        self.on_take()
        self.taken.append(taken)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "rules.db")
    yield made
    made.store.close()


def fail_with(error: BaseException) -> Callable[[], Store]:
    def fail() -> Store:
        raise error

    return fail


def test_hands_over_what_is_published_once(site: Site) -> None:
    site.publish(rule("python"))

    assert site.reloader.check() == 0.25
    site.reloader.check()

    assert site.served == [1]
    assert site.taken[0].ruleset.classify(title="python").primary == "it"
    status = site.reloader.status
    assert (status.state, status.attempts, status.failures) == ("current", 2, 0)
    assert status.accepted is not None
    assert status.accepted.hash == site.taken[0].ruleset.hash
    assert status.accepted.accepted_at == status.checked_at == status.reached_at == NOW
    assert (site.builds, site.shown) == (1, 2)


def test_follows_publications_and_rollbacks_but_no_drafts(site: Site) -> None:
    site.publish(rule("python"))
    site.reloader.check()
    import_files(site.store, {"a.rules": rule("draft")}, author="ann", draft=True)
    site.reloader.check()
    site.store.publish(2, "ann")
    site.reloader.check()
    site.store.rollback(1, "ann")
    site.reloader.check()

    assert site.served == [1, 2, 1]


def test_an_empty_store_is_no_failure_and_says_what_to_do(site: Site) -> None:
    assert site.reloader.check() == 0.25

    status = site.reloader.status
    assert (status.state, status.failures, status.accepted) == ("nothing_published", 0, None)
    assert "sqlite:///rules.db holds no published rules; put some in" in str(status.error)

    site.publish(rule("python"))
    site.reloader.check()
    assert (site.reloader.status.state, site.reloader.status.error) == ("current", None)


def test_bad_rules_keep_the_old_ones_and_are_built_once(site: Site) -> None:
    site.publish(rule("python"))
    site.reloader.check()
    site.publish_unchecked('rule "a": when then add category "it";\n')

    delays = [site.reloader.check() for _ in range(3)]

    assert (site.served, site.builds) == ([1], 2)
    # Nothing is gained by asking less often: other rules may be published at any time.
    assert delays == [0.25] * 3
    status = site.reloader.status
    assert (status.state, status.failures, status.attempts) == ("rejected", 0, 4)
    assert status.accepted is not None
    assert status.accepted.publication.version == 1
    assert status.rejected is not None
    assert status.rejected.publication.version == 2
    assert status.rejected.rejected_at == NOW
    assert [found.file for found in status.rejected.diagnostics] == ["a.rules"]
    assert status.error == status.rejected.message

    site.store.rollback(1, "ann")
    site.reloader.check()
    status = site.reloader.status
    assert (status.state, status.error, status.rejected) == ("current", None, None)


def test_a_store_that_fails_keeps_the_rules_and_is_asked_less_and_less_often(site: Site) -> None:
    site.publish(rule("python"))
    site.reloader.check()
    away = site.path.rename(site.path.with_name("away.db"))

    delays = [site.reloader.check() for _ in range(9)]

    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    status = site.reloader.status
    assert (status.state, status.failures) == ("fetch_error", 9)
    assert "rules.db" in str(status.error)
    assert status.accepted is not None
    assert status.rejected is None

    away.rename(site.path)
    assert site.reloader.check() == 0.25
    status = site.reloader.status
    assert (status.state, status.failures, status.error) == ("current", 0, None)
    assert site.served == [1]


def test_a_store_that_was_emptied_is_not_made_anew(site: Site) -> None:
    site.publish(rule("python"))
    site.reloader.check()
    for file in site.path.parent.glob("rules.db*"):
        file.write_bytes(b"")

    # At first the store that is still open fails, then the opening of another.
    for _ in range(3):
        site.reloader.check()
        assert site.reloader.status.state == "fetch_error"
    assert "the file is empty" in str(site.reloader.status.error)
    assert site.path.read_bytes() == b""


def test_retries_are_spread_up_to_a_minute(site: Site) -> None:
    site.open = fail_with(StoreError("down"))
    reloader = site.new_reloader(jitter=1.0)

    assert [reloader.check() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    # After weeks of them.
    reloader._status = replace(reloader.status, failures=100_000)
    assert reloader.check() == 60


def test_a_rejection_stays_told_while_the_store_is_away(site: Site) -> None:
    site.publish_unchecked("nonsense")
    site.reloader.check()
    away = site.path.rename(site.path.with_name("away.db"))
    site.reloader.check()

    status = site.reloader.status
    assert status.state == "fetch_error"
    assert status.rejected is not None
    assert status.error != status.rejected.message

    away.rename(site.path)
    site.reloader.check()
    assert site.reloader.status.state == "rejected"
    assert site.builds == 1


def test_a_fault_in_a_driver_is_a_fetch_error(site: Site) -> None:
    site.open = fail_with(AttributeError("'NoneType' object has no attribute 'cursor'"))

    site.reloader.check()

    status = site.reloader.status
    assert status.state == "fetch_error"
    assert status.error == (
        "unexpected AttributeError: 'NoneType' object has no attribute 'cursor' "
        "(attempt 1, after 0.0 s; next try in 0.5 s)"
    )


class Panic(BaseException):
    """The compiled module's panics are no `Exception` either."""


@pytest.mark.parametrize("where", ["on_build", "on_take"])
def test_what_fails_for_another_reason_than_the_rules_is_tried_again(
    site: Site, where: str
) -> None:
    site.publish(rule("python"))
    site.reloader.check()
    site.publish(rule("django"))
    setattr(site, where, fail_with(Panic("index out of bounds")))

    delays = [site.reloader.check() for _ in range(3)]

    assert delays == [0.5, 1, 2]
    status = site.reloader.status
    assert (status.state, status.failures) == ("rejected", 3)
    assert status.error == "unexpected Panic: index out of bounds"
    assert status.accepted is not None
    assert status.accepted.publication.version == 1

    setattr(site, where, lambda: None)
    assert site.reloader.check() == 0.25
    assert site.served == [1, 2]
    assert site.reloader.status.state == "current"


def test_at_most_one_fetch_lingers_and_further_ones_fail_at_once(site: Site) -> None:
    site.publish(rule("python"))
    working, release = site.open, threading.Event()
    opened = 0

    def hang() -> Store:
        nonlocal opened
        opened += 1
        release.wait()
        return working()

    site.open = hang
    reloader = site.new_reloader(deadline=0.01)

    reloader.check()
    assert "sqlite:///rules.db did not answer within 0.01 seconds" in str(reloader.status.error)
    for _ in range(2):
        reloader.check()
        assert "another one is begun when that has ended" in str(reloader.status.error)
    assert opened == 1
    assert (reloader.status.state, reloader.status.failures) == ("fetch_error", 3)

    site.open = working
    release.set()
    with reloader._signal:
        lingering = reloader._fetch
        assert lingering is not None
        assert reloader._signal.wait_for(lambda: lingering.finished, 30)
    # What came too late is not used: it may be older than what was loaded since.
    assert site.served == []
    patient = site.new_reloader()
    patient.check()
    reloader._deadline = NEVER
    reloader.check()
    assert reloader.status.state == patient.status.state == "current"


def test_stop_does_not_wait_for_a_fetch_that_hangs(site: Site) -> None:
    hanging, release = threading.Event(), threading.Event()

    def hang() -> Store:
        hanging.set()
        release.wait()
        raise StoreError("too late")

    site.open = hang
    site.reloader.start()
    hanging.wait()

    # The fetch has an hour to answer, and stop none to wait for it.
    assert site.reloader.stop(timeout=30.0)
    release.set()


def test_leaving_waits_for_no_build(site: Site) -> None:
    building, release = threading.Event(), threading.Event()

    def build() -> None:
        building.set()
        release.wait()

    site.on_build = build
    site.publish(rule("python"))
    site.reloader.start()
    assert building.wait(30)

    site.reloader.leave()
    assert not site.reloader.stop(timeout=0.0)

    release.set()
    assert site.reloader.stop(timeout=30.0)


def test_the_thread_follows_the_store_until_it_is_stopped(site: Site) -> None:
    first, second = threading.Event(), threading.Event()
    site.on_take = lambda: (second if first.is_set() else first).set()
    site.publish(rule("python"))
    site.reloader._interval = 0.0

    site.reloader.start()
    assert first.wait(30)
    site.publish(rule("django"))
    assert second.wait(30)

    assert site.reloader.stop(timeout=30.0)
    assert site.served == [1, 2]
    assert "jobsieve-reload" not in {each.name for each in threading.enumerate()}


def test_waking_ends_the_wait_for_the_next_look(site: Site) -> None:
    looked = threading.Semaphore(0)
    site.reloader._interval = NEVER
    site.reloader._changed = looked.release
    site.reloader.start()
    assert looked.acquire(timeout=30)

    site.publish(rule("python"))
    site.reloader.wake()

    assert looked.acquire(timeout=30)
    assert site.served == [1]
    assert site.reloader.stop(timeout=30.0)


def test_stop_before_start_is_fine(site: Site) -> None:
    assert site.reloader.stop()


def test_a_fault_in_showing_the_status_does_not_end_the_thread(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobsieve.reloader.loop.LAST_RETRY", 0.0)
    faults = iter([ValueError("can't show"), ValueError("can't show")])
    taken = threading.Event()

    def show() -> None:
        for fault in faults:
            raise fault
        taken.set()

    site.publish(rule("python"))
    site.reloader._changed = show
    site.reloader.start()

    assert taken.wait(30)
    assert site.reloader.stop(timeout=30.0)
    assert site.served == [1]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities of threads")
def test_builds_run_at_a_lower_priority_than_the_rest(site: Site) -> None:
    seen: list[int] = []
    built = threading.Event()

    def look() -> None:
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        built.set()

    site.on_build = look
    site.publish(rule("python"))
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    site.reloader.start()
    assert built.wait(30)
    site.reloader.stop(timeout=30.0)

    assert seen == [min(19, mine + 10)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == mine


def test_the_status_document_is_plain_data_at_every_stage(site: Site) -> None:
    document = site.reloader.status_document()
    assert document["version"] is document["last_good"] is document["standby"] is None
    assert document["reload"] == {
        "state": "starting",
        "error": None,
        "attempts": 0,
        "failures": 0,
        "checked_at": None,
        "reached_at": None,
        "rejected": None,
    }

    during: list[dict[str, object]] = []
    site.on_take = lambda: during.append(site.reloader.status_document())
    site.publish(rule("python"))
    site.reloader.check()
    document = site.reloader.status_document()
    # Whoever takes the rule set over can show it with its status at once.
    assert during == [document]
    assert (document["version"], document["rules"]) == (1, 1)
    assert document["hash"] == site.taken[0].ruleset.hash
    assert document["memory_bytes"] == site.taken[0].ruleset.memory_bytes
    assert document["accepted_at"] == "2027-01-15T08:00:00.000Z"

    site.publish_unchecked("nonsense " * 200)
    site.reloader.check()
    document = msgspec.json.decode(msgspec.json.encode(site.reloader.status_document()))
    assert (document["version"], document["reload"]["state"]) == (1, "rejected")
    rejected = document["reload"]["rejected"]
    assert (rejected["version"], rejected["rejected_at"]) == (2, "2027-01-15T08:00:00.000Z")
    assert rejected["diagnostics"][0]["file"] == "a.rules"
    assert document["reload"]["error"] == rejected["message"]


def test_single_bad_rules_are_set_aside_where_that_is_wanted(site: Site) -> None:
    site.store.commit(
        [
            ObjectText("rule", "a", rule("python"), "a.rules"),
            ObjectText("rule", "b", 'rule "b": when then add category "it";\n', "a.rules"),
        ],
        base_version=None,
        author="other program",
        publish=True,
    )
    strict, lenient = site.new_reloader(), site.new_reloader(set_aside=True)

    strict.check()
    assert (strict.status.state, site.served) == ("rejected", [])

    lenient.check()
    assert (lenient.status.state, site.served) == ("current", [1])
    document = msgspec.json.decode(msgspec.json.encode(lenient.status_document()))
    assert document["rules"] == 1
    (gone,) = document["set_aside"]
    assert (gone["kind"], gone["name"], gone["file"]) == ("rule", "b", "a.rules")
    assert gone["diagnostics"][0]["severity"] == "error"


def test_a_wrong_taxonomy_rejects_the_version_and_the_old_answers_go_on(site: Site) -> None:
    def publish(text: str) -> None:
        row = ObjectText("category", "it", text, "taxonomy.csv", category=CATEGORY)
        objects = [ObjectText("rule", "a", rule("python"), "a.rules"), row]
        site.store.commit(objects, base_version=site.store.head(), author="ann", publish=True)
        site.reloader.check()

    publish("path\nit\n")
    for text, fault in (("path\nit\nit\n", "taxonomy.csv, line 3, "), ("path\nzoo\n", "JS059")):
        publish(text)
        assert (site.reloader.status.state, site.served) == ("rejected", [1])
        assert fault in (site.reloader.status.error or "")
