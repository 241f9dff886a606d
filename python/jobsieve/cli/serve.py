"""`jobsieve serve`: the HTTP service."""

from __future__ import annotations

import contextlib
import functools

import click

from jobsieve.cli.context import Context
from jobsieve.errors import StoreUnavailable


@click.command()
@click.option("--host", help="Address to listen on instead of the settings'.")
@click.option(
    "--port", type=int, help="Port to listen on instead of the settings'; 0 for any free one."
)
@click.option("--store", "store_url", metavar="URL", help="Store to use instead of the settings'.")
@click.pass_obj
def serve(context: Context, host: str | None, port: int | None, store_url: str | None) -> None:
    """Answer requests over HTTP, by the newest published rules of the store.

    The store must exist: `jobsieve rules import` makes one. SIGHUP looks for new rules at once. SIGTERM
    ends the service after the requests under way; a second one ends it at once.
    """
    from jobsieve import serve as service
    from jobsieve.store import open_store

    settings = context.settings(server_host=host, server_port=port, store_url=store_url)
    # A store that is not there is made neither now, in what may be the wrong folder, nor later, where an
    # empty one would stand for the one that was lost.
    opened = functools.partial(open_store, settings.store.url, create=False)
    # Whoever locks it may be done soon; the service waits for that.
    with contextlib.suppress(StoreUnavailable):
        opened().close()
    service.run(settings, opened)
