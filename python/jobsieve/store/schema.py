"""The state of a database's schema: reads it, and brings it up to what this code expects.

The migrations lie beside this module and run inside the caller's transaction.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from jobsieve.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

# A table name of our own: `alembic_version` may be another application's.
VERSION_TABLE = "jobsieve_schema"
# The newest migration; a test holds it against the folder.
NEWEST = "0002"

_version_table = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32)))
_one_at_a_time = threading.Lock()


def current(connection: Connection) -> str | None:
    """The migration that the database stands at; None where it holds no table at all.

    Raises `StoreError` where the tables are somebody else's, or of a schema newer than this code.
    """
    names = inspect(connection).get_table_names()
    if VERSION_TABLE not in names:
        if names:
            listed = ", ".join(sorted(names)[:5])
            raise StoreError(
                f"it is not a rule store but holds other tables ({listed}); give another file or "
                "database, an empty one"
            )
        return None
    found = connection.execute(select(_version_table.c.version_num)).scalars().all()
    if not found:
        return None
    if found[0] != NEWEST and found[0] not in _known():
        raise StoreError(
            f"its schema is {found[0]!r} and this Jobsieve knows none above {NEWEST!r}: a newer Jobsieve "
            "wrote it; upgrade this one"
        )
    return str(found[0])


def migrate(connection: Connection, current: str | None, target: str) -> None:
    """Runs the migrations from `current` up or down to `target`, a number or "base" for no table at all.

    The way down loses what only the newer schema can hold. The transaction of `connection` is left open.
    On MySQL and MariaDB each change of a table commits by itself: a migration that broke off there goes
    on when it is run again.
    """
    from alembic import command

    known = _known()
    if target not in (*known, "base"):
        raise StoreError(
            f"there is no schema {target!r}; known are {', '.join(known)}, and base for no table at all"
        )
    order = ["base", *known]
    down = order.index(target) < order.index(current or "base")
    # Alembic keeps the migration under way in globals of its module.
    with _one_at_a_time:
        (command.downgrade if down else command.upgrade)(_config(connection), target)


def _config(connection: Connection | None) -> Config:
    # Imported here: a database that needs no migration, the usual case, does not pay for it.
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    # Alembic reads % as the start of a substitution.
    folder = str(Path(__file__).with_name("migrations")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    return config


def _known() -> list[str]:
    """The numbers of all migrations, oldest first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config(None))
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]
