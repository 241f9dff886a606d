"""How long a database server may keep us waiting, in seconds.

`connect` alone cures no hang: a port that accepts and says nothing, a stalled proxy or a frozen host
are bounded only by `read`. Each bounds one wait, not a whole exchange; who needs that cuts (`cutoff`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from jobsieve.errors import StoreUnavailable

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
WRITE_SECONDS = 5.0
# Below the former, so that a lock that another writer holds is told from a server that is gone.
LOCK_SECONDS = 4
# Another process that migrates is worth waiting for.
SCHEMA_SECONDS = 60


def wait_for_schema(place: object, taken: Callable[[], bool]) -> None:
    """Asks until a lock on the schema was got; raises `StoreUnavailable` after `SCHEMA_SECONDS`."""
    end = time.monotonic() + SCHEMA_SECONDS
    while not taken():
        if time.monotonic() > end:
            raise StoreUnavailable(
                f"cannot migrate the store (rule store {place}): another program has been doing so for more "
                f"than {SCHEMA_SECONDS} seconds; nothing was changed; try again"
            )
        time.sleep(0.05)
