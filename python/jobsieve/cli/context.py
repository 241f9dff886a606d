"""What all commands share: the settings, the store, and the rule set that a command works with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobsieve import config, rules, snapshot
from jobsieve.cli.output import note
from jobsieve.errors import StoreError, StoreMissing

if TYPE_CHECKING:
    from jobsieve.config import Settings
    from jobsieve.snapshot import Snapshot
    from jobsieve.store import Store


# How the name of a bundle ends.
BUNDLE = ".bundle"

# The options by which a command is told where its rules come from.
RULES = click.option(
    "--rules",
    "rule_paths",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Rule file or folder to use; may be given several times. Or one bundle, a file *.bundle.",
)
STORE = click.option("--store", "store_url", metavar="URL", help="Store whose live rules are used.")


class Context:
    """The settings file that was named, if any."""

    def __init__(self, config_file: Path | None) -> None:
        self._config_file = config_file

    def settings(self, **overrides: object) -> Settings:
        """The settings in force; `overrides` are flags, `store_url` for the key `store.url`."""
        dotted = {name.replace("_", ".", 1): value for name, value in overrides.items()}
        return config.load(self._config_file, overrides=dotted)

    def open_store(self, url: str | None = None, *, create: bool = True) -> Store:
        """The store of `url` or of the settings."""
        # Imported where it is used: SQLAlchemy takes a quarter of a second, and `check` needs none.
        from jobsieve.store import open_store

        return open_store(self.settings(store_url=url).store.url, create=create)

    def live_files(self, store_url: str) -> dict[str, str]:
        """The files of a store's live version, by name: rules and what lies beside them."""
        from jobsieve import publishing

        with self.open_store(store_url, create=False) as store:
            return publishing.export_files(store)

    def snapshot(self, paths: Iterable[Path], store_url: str | None) -> Snapshot:
        """The rule set that a command was told to use; says on standard error which it is.

        Rule files or a bundle if given, else the live version of the store if there is one, else the
        starter rules.
        """
        paths = list(paths)
        if paths and store_url is not None:
            raise click.UsageError("Rules come from --rules or from --store, not from both.")
        settings = self.settings(store_url=store_url)
        if any(path.suffix == BUNDLE for path in paths):
            if len(paths) > 1:
                raise click.UsageError(
                    "A bundle is a whole rule set: name no other rules beside it."
                )
            return snapshot.load(paths[0], settings=settings)
        if paths:
            texts = rules.read_files(paths)
            return snapshot.build(list(texts.items()), settings=settings)
        if found := self._live(settings, required=store_url is not None):
            return found
        note("using the starter rules that come with Jobsieve")
        return snapshot.build(list(rules.starter_files().items()), settings=settings)

    def named_rules(self, name: str, store_url: str | None) -> Snapshot:
        """The rule set called `name`: rule files or a folder, "starter", "live", or a version's number."""
        settings = self.settings(store_url=store_url)
        if Path(name).exists():
            sources = list(rules.read_files([Path(name)]).items())
            return snapshot.build(sources, settings=settings)
        if name == "starter":
            return snapshot.build(list(rules.starter_files().items()), settings=settings)
        if name != "live" and not name.isdigit():
            raise click.BadParameter(
                f'"{name}" is no file or folder, nor "starter", "live" or the number of a version'
            )
        from jobsieve import publishing

        version = None if name == "live" else int(name)
        with self.open_store(store_url, create=False) as store:
            files = publishing.export_files(store, version)
        return snapshot.build(list(files.items()), settings=settings, version=version)

    def _live(self, settings: Settings, *, required: bool) -> Snapshot | None:
        from jobsieve import publishing
        from jobsieve.store import open_store

        url = settings.store.url
        shown = config.masked(url)
        chosen = required or settings.origin("store.url") != "default"
        try:
            opened = open_store(url, create=False)
        except StoreMissing:
            if chosen:
                raise
            return None
        with opened as store:
            live = store.live()
            if live is None:
                if chosen:
                    raise StoreError(
                        f"the store {shown} holds no published rules; "
                        "put some in: jobsieve rules import PATH"
                    )
                return None
            sources = list(publishing.export_files(store, live.version).items())
        note(f"using version {live.version} of the store {shown}")
        return snapshot.build(sources, settings=settings, version=live.version)
