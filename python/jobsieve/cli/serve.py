"""`jobsieve serve`: the HTTP service."""

from __future__ import annotations

import click

from jobsieve.cli.context import Context


@click.command()
@click.option("--host", help="Address to listen on instead of the settings'.")
@click.option(
    "--port", type=int, help="Port to listen on instead of the settings'; 0 for any free one."
)
@click.option("--store", "store_url", metavar="URL", help="Store to use instead of the settings'.")
@click.pass_obj
def serve(context: Context, host: str | None, port: int | None, store_url: str | None) -> None:
    """Answer requests over HTTP, by the newest published rules of the store.

    SIGTERM ends the service after the requests under way; a second one ends it at once.
    """
    from jobsieve import serve as service
    from jobsieve.store import open_store

    settings = context.settings(server_host=host, server_port=port, store_url=store_url)
    raise click.exceptions.Exit(service.run(settings, lambda: open_store(settings.store.url)))
