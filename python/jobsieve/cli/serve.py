"""`jobsieve serve`: the HTTP service."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobsieve import config
from jobsieve.cli.context import RULES, Context
from jobsieve.errors import StoreUnavailable

if TYPE_CHECKING:
    from jobsieve.config import Settings
    from jobsieve.reloader import Source


@click.command()
@click.option("--host", help="Address to listen on instead of the settings'.")
@click.option(
    "--port", type=int, help="Port to listen on instead of the settings'; 0 for any free one."
)
@click.option("--store", "store_url", metavar="URL", help="Store to use instead of the settings'.")
@RULES
@click.pass_obj
def serve(
    context: Context,
    host: str | None,
    port: int | None,
    store_url: str | None,
    rule_paths: tuple[Path, ...],
) -> None:
    """Answer requests over HTTP, by the newest published rules of the store.

    The store must exist: `jobsieve rules import` makes one. While it is away, the rules that were accepted
    last answer, after a restart too. With --rules no store is used: the files are watched instead.

    SIGHUP looks for new rules at once. SIGTERM ends the service after the requests under way; a second one
    ends it at once.
    """
    from jobsieve import serve as service

    if rule_paths and store_url is not None:
        raise click.UsageError("Rules come from --rules or from --store, not from both.")
    settings = context.settings(server_host=host, server_port=port, store_url=store_url)
    service.run(settings, _source(settings, rule_paths))


def _source(settings: Settings, rule_paths: tuple[Path, ...]) -> Source:
    from jobsieve.reloader import FolderSource, StoreSource
    from jobsieve.store import Cutoff, Store, check_url, open_store

    if rule_paths:
        return FolderSource(rule_paths, settings=settings.for_rules())
    url = settings.store.url
    check_url(url)

    # A store that is not there is made neither now, in what may be the wrong folder, nor later, where an
    # empty one would stand for the one that was lost.
    def opened(cutoff: Cutoff) -> Store:
        return open_store(url, create=False, cutoff=cutoff)

    if not config.is_server(url) and not _has_copy(settings):
        # Whoever locks the file may be done soon; the service waits for that. For a server it waits anyway.
        with contextlib.suppress(StoreUnavailable):
            opened(Cutoff()).close()
    return StoreSource(opened, config.masked(url))


def _has_copy(settings: Settings) -> bool:
    return bool(settings.reload.last_good) and Path(settings.reload.last_good).exists()
