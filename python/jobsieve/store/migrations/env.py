"""Alembic's entry: runs the migrations on the connection that `schema` hands over, in its transaction.

It opens no connection and reads no ini file.
"""

from __future__ import annotations

from alembic import context

from jobsieve.store import tables
from jobsieve.store.schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
