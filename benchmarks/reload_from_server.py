#!/usr/bin/env python3
"""How long the rules take from a database server to the answers: the first load, and one changed rule.

    .venv/bin/python benchmarks/reload_from_server.py [mariadb|postgresql|sqlite] [--rules 50000] [--save]

The server is started for this, in a temporary folder. Fetch, build and swap are timed apart; medians over
the rounds. What comes out is checked: the rule that changed must decide.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import rule_sets
from jobsieve import snapshot
from jobsieve._core import Server
from jobsieve.reloader import Edition, StoreSource
from jobsieve.store import ObjectText, Store, location, open_store
from tests.database_servers import running

RESULTS = Path(__file__).parent / "results"


def commit(store: Store, drawn: list[tuple[str, str]], word: str) -> float:
    """A version in which one rule, in the middle of a file, says `word`; gives the seconds it took."""
    wanted = [
        ObjectText("rule", name, source, f"{number // 1000:03}.rules")
        for number, (name, source) in enumerate(drawn)
    ]
    text = f'rule "deciding": when "{word}" then add category "decided";\n'
    wanted.insert(500, ObjectText("rule", "deciding", text, "000.rules"))
    begun = time.perf_counter()
    store.commit(wanted, base_version=store.head(), author="b", publish=True)
    return time.perf_counter() - begun


class Loader:
    """Fetches, builds and swaps as the reloader does, and times each."""

    def __init__(self, url: str, server: Server) -> None:
        self._source = StoreSource(
            lambda cutoff: open_store(url, create=False, cutoff=cutoff), str(location.read(url))
        )
        self._server = server
        self.known: Edition | None = None
        self.built: snapshot.Snapshot | None = None

    def load(self, word: str) -> dict[str, float]:
        begun = time.perf_counter()
        edition = self._source.look(self.known)
        fetched = time.perf_counter()
        assert edition is not None
        version = edition.publication.version
        previous = self.built.ruleset if self.built is not None else None
        built = snapshot.build(edition.sources(), version=version, previous=previous)
        compiled = time.perf_counter()
        self._server.publish(built.ruleset, version, b"{}", "")
        swapped = time.perf_counter()
        if built.ruleset.classify(title=word).primary != "decided":
            raise SystemExit("the rule that was changed last does not decide")
        self.known, self.built = edition, built
        return {
            "fetch_seconds": fetched - begun,
            "build_seconds": compiled - fetched,
            "swap_seconds": swapped - compiled,
            "seconds": swapped - begun,
        }


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "database", nargs="?", choices=("mariadb", "postgresql", "sqlite"), default="mariadb"
    )
    parser.add_argument("--rules", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    given = parser.parse_args()
    drawn = rule_sets.rules(given.rules - 1)
    with ExitStack() as stack:
        if given.database == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            url = f"sqlite:///{folder}/rules.db"
        else:
            url = stack.enter_context(running(given.database)).url()
        settings = {"port": 0, "workers": 1, "access_log": False}
        server = Server.start(json.dumps(settings).encode())
        with open_store(url) as store:
            first_commit = commit(store, drawn, "aardvark")
            firsts = [Loader(url, server).load("aardvark") for _ in range(given.rounds)]
            loader = Loader(url, server)
            loader.load("aardvark")
            changes, commits = [], []
            for number in range(given.rounds):
                commits.append(commit(store, drawn, f"word{number}x"))
                changes.append(loader.load(f"word{number}x"))
    result: dict[str, Any] = {
        "database": given.database,
        "rules": given.rules,
        "first_load": medians(firsts),
        "one_rule": medians(changes),
        "first_commit_seconds": first_commit,
        "one_rule_commit_seconds": statistics.median(commits),
    }
    print(json.dumps(result, indent=1))
    if given.save:
        day = datetime.now(UTC).date().isoformat()
        file = RESULTS / f"{day}-reload-from-{given.database}.json"
        file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
