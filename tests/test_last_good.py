"""The copy on disk of the rules that were accepted last, and starting from it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobsieve.errors import FileError, StoreUnavailable
from jobsieve.publishing import import_files
from jobsieve.reloader import Edition, LastGood, Reloader, StoreSource
from jobsieve.snapshot import Snapshot, build
from jobsieve.store import Cutoff, Publication, Store, StoredObject, open_store

STORE = "mysql://ann@db.example:3306/rules"


def edition(version: int = 1, rules: int = 3, text: str = "python") -> Edition:
    def stored(number: int) -> StoredObject:
        source = f'rule "{number}": when "{text}" then add category "v{version}/{number}";\n'
        return StoredObject(
            "rule", f"{number}", source, "é.rules", number, number, version, "x", "ann", 5
        )

    publication = Publication(version, version, "publish", version, "ann", "ü", 7)
    return Edition.of(publication, [stored(number) for number in range(rules)])


@pytest.fixture
def last_good(tmp_path: Path) -> LastGood:
    return LastGood(tmp_path / "copy", STORE)


def test_what_was_saved_is_loaded(last_good: LastGood) -> None:
    assert last_good.load() is None

    last_good.save(edition(), 1.5)
    last_good.save(edition(2), 2.5)

    assert last_good.load() == (edition(2), 2.5)
    assert [file.name for file in last_good.file.parent.iterdir()] == ["copy"]


@settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_damaged_copy_is_used(last_good: LastGood, data: st.DataObject) -> None:
    """Cut short, lengthened, or with other bits anywhere."""
    kept = last_good.file.with_name("good")
    if not kept.exists():
        last_good.save(edition(), 1.5)
        last_good.file.rename(kept)
    good = kept.read_bytes()
    how = data.draw(st.sampled_from(["cut", "longer", "bit", "zeros"]))
    at = data.draw(st.integers(0, len(good) - 1))
    if how == "cut":
        bad = good[:at]
    elif how == "longer":
        bad = good + b"\0" * (at + 1)
    elif how == "bit":
        bit = 1 << data.draw(st.integers(0, 7))
        bad = good[:at] + bytes([good[at] ^ bit]) + good[at + 1 :]
    else:
        end = data.draw(st.integers(at + 1, len(good)))
        bad = good[:at] + b"\0" * (end - at) + good[end:]
        if bad == good:
            return
    last_good.file.write_bytes(bad)

    with pytest.raises(FileError, match=r"cannot use the last-good file .*copy: it is damaged"):
        last_good.load()


def test_the_copy_of_another_store_is_not_used(last_good: LastGood) -> None:
    last_good.save(edition(), 1.5)

    with pytest.raises(FileError, match=r"it is that of mysql.*, not of sqlite.*reload\.last_good"):
        LastGood(last_good.file, "sqlite:///rules.db").load()


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"write the last-good file .*gone/copy: No such file"):
        LastGood(tmp_path / "gone" / "copy", STORE).save(edition(), 1.5)


def test_what_a_full_disk_cuts_leaves_the_old_copy(last_good: LastGood) -> None:
    """A file may be no larger than this, which is what a full disk is to a writer."""
    last_good.save(edition(), 1.5)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(FileError, match="cannot write the last-good file .*copy: File too"):
            last_good.save(edition(2, rules=1_000), 2.5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)

    assert last_good.load() == (edition(), 1.5)
    assert [file.name for file in last_good.file.parent.iterdir()] == ["copy"]


@pytest.mark.parametrize("where", ["/proc/copy", "/sys/copy"])
def test_a_folder_that_takes_no_file_is_told(where: str) -> None:
    """The tests may run as a user whom no permission binds; these folders refuse everybody."""
    with pytest.raises(FileError, match=f"cannot write the last-good file {where}: "):
        LastGood(Path(where), STORE).save(edition(), 1.5)


def test_what_a_killed_writer_left_behind_is_removed(last_good: LastGood) -> None:
    old, young = (last_good.file.with_name(f"copy.{name}.tmp") for name in ("old", "young"))
    for left in (old, young):
        left.write_bytes(b"half")
    os.utime(old, (1.0, 1.0))

    last_good.load()

    assert not old.exists()
    assert young.exists()


# Forks a writer for each line that it reads, says its number, and waits for its end: what takes long, the
# start of an interpreter, is done once.
WRITERS = """
import os, sys
from pathlib import Path
from tests.test_last_good import STORE, edition
from jobsieve.reloader import LastGood

last_good = LastGood(Path(sys.argv[1]), STORE)
editions = [edition(1, 3000, "one"), edition(2, 3000, "two")]
for line in sys.stdin:
    writer = os.fork()
    while writer == 0:
        for each in editions:
            last_good.save(each, 0.0)
    print(writer, flush=True)
    os.waitpid(writer, 0)
    print("ended", flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_copy(last_good: LastGood, root: Path) -> None:
    kills = int(os.environ.get("JOBSIEVE_TEST_KILLS", "30"))
    whole = {1: edition(1, 3000, "one"), 2: edition(2, 3000, "two")}
    last_good.save(whole[1], 0.0)
    writers = subprocess.Popen(
        [sys.executable, "-c", WRITERS, str(last_good.file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    with writers:
        assert writers.stdin is not None
        assert writers.stdout is not None
        for number in range(kills):
            writers.stdin.write("go\n")
            writers.stdin.flush()
            writer = int(writers.stdout.readline())
            # From the first moments to several files later.
            time.sleep(0.0007 * (number * 37 % 100))
            os.kill(writer, signal.SIGKILL)
            assert writers.stdout.readline() == "ended\n"

            found = last_good.load()
            assert found is not None
            assert found[0] == whole[found[0].publication.version or 0]
        writers.stdin.close()


class Site:
    """A store, a reloader with a copy on disk, and what it handed over."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(folder / "rules.db")
        self.last_good = LastGood(folder / "copy", "the store")
        self.taken: list[int | None] = []
        self.builds = 0
        self.clock = 1_800_000_000.0
        self.open: Callable[[Cutoff], Store] = lambda _: open_store(
            folder / "rules.db", create=False
        )

    def publish(self, word: str) -> None:
        text = f'rule "a": when "{word}" then add category "it";\n'
        import_files(self.store, {"a.rules": text}, author="ann")

    def reloader(self, deadline: float = 3600.0) -> Reloader:
        def compile_(sources: list[tuple[str, str]], /, *, version: int | None) -> Snapshot:
            self.builds += 1
            return build(sources, version=version)

        return Reloader(
            StoreSource(lambda cutoff: self.open(cutoff), "the store"),
            compile_,
            lambda snapshot: self.taken.append(snapshot.version),
            interval=0.25,
            deadline=deadline,
            last_good=self.last_good,
            now=lambda: self.clock,
            jitter=lambda: 0.0,
        )

    def away(self, _: Cutoff) -> Store:
        raise StoreUnavailable("cannot open the store: no connection")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_start_without_the_store_answers_by_the_copy_and_shows_its_age(site: Site) -> None:
    site.publish("python")
    site.reloader().check()
    working, site.open = site.open, site.away
    site.clock += 90.0

    reloader = site.reloader()
    reloader.check()

    assert site.taken == [1, 1]
    document = reloader.status_document()
    assert document["version"] == 1
    assert document["last_good"] == {
        "written_at": "2027-01-15T08:00:00.000Z",
        "age_seconds": 90.0,
    }
    assert reloader.status.state == "fetch_error"
    # Once the store is back, what it confirms is not built again.
    site.open = working
    builds = site.builds
    reloader.check()
    assert (reloader.status.state, site.builds) == ("current", builds)
    assert reloader.status_document()["last_good"] is None
    site.publish("django")
    reloader.check()
    assert site.taken == [1, 1, 2]


def test_a_store_that_lets_us_wait_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobsieve.reloader.loop._GRACE", 0.01)
    site.publish("python")
    site.reloader().check()
    working = site.open
    site.publish("django")

    def slow(cutoff: Cutoff) -> Store:
        while not site.taken[1:]:
            time.sleep(0.001)
        return working(cutoff)

    site.open = slow
    reloader = site.reloader()
    reloader.check()

    # The copy first, then what was published since.
    assert site.taken == [1, 1, 2]
    assert reloader.status.state == "current"


def test_a_start_with_the_store_answers_by_the_store(site: Site) -> None:
    site.publish("python")
    site.reloader().check()
    site.publish("django")

    reloader = site.reloader()
    reloader.check()

    assert site.taken == [1, 2]
    standby = reloader.status.standby
    assert standby is not None
    assert (standby.version, standby.error) == (2, None)


def test_a_copy_that_can_t_be_used_hinders_nothing(site: Site) -> None:
    site.last_good.file.write_bytes(b"\0" * 100)
    site.publish("python")
    site.open, working = site.away, site.open

    reloader = site.reloader()
    reloader.check()

    assert site.taken == []
    standby = reloader.status.standby
    assert standby is not None
    assert "it is damaged" in str(standby.error)
    site.open = working
    reloader.check()
    assert site.taken == [1]
    assert site.last_good.load() is not None


def test_a_copy_that_can_t_be_written_is_told_and_hinders_nothing(
    site: Site, tmp_path: Path
) -> None:
    site.last_good = LastGood(tmp_path / "gone" / "copy", "the store")
    site.publish("python")

    reloader = site.reloader()
    reloader.check()

    assert site.taken == [1]
    standby = reloader.status.standby
    assert standby is not None
    assert "No such file" in str(standby.error)
    assert reloader.status.state == "current"
