"""How published rules reach those who answer: looks, fetches, builds aside, hands over.

`loop` is the thread that does it, `fetch` bounds each look, `editions` says what a source of rules gives,
`store_source` and `folder_source` are the two there are, `last_good` keeps a copy on disk, `aside` leaves
out single bad rules where that is wanted, `status` tells how it went.
"""

from jobsieve.reloader.editions import Edition, FilesRead, Source
from jobsieve.reloader.folder_source import FolderSource
from jobsieve.reloader.last_good import LastGood
from jobsieve.reloader.loop import FIRST_RETRY, LAST_RETRY, Build, Reloader
from jobsieve.reloader.status import Accepted, Rejected, SetAside, Standby, State, Status
from jobsieve.reloader.store_source import StoreSource

__all__ = [
    "FIRST_RETRY",
    "LAST_RETRY",
    "Accepted",
    "Build",
    "Edition",
    "FilesRead",
    "FolderSource",
    "LastGood",
    "Rejected",
    "Reloader",
    "SetAside",
    "Source",
    "Standby",
    "State",
    "Status",
    "StoreSource",
]
