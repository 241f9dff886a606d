"""Every exception that Jobsieve raises on purpose.

    JobsieveError
    ├── RuleError          rules do not compile; carries all diagnostics
    ├── BundleError        a file is no bundle that can be used; the message says why
    ├── AdvertError        a request is not an advert; carries code, key, offset
    ├── TaxonomyError      rows of a taxonomy are wrong; names file, line and column of each
    ├── FileError          a file could not be read or written; names it and the operation
    ├── ConfigError        a setting is wrong or unknown; names the key and where it was set
    ├── ServeError         the service can't start or go on (a port in use, say)
    └── StoreError         the rule store refused or failed
        ├── StoreMissing       there is none at the place that was named
        ├── StoreUnavailable   it could not be reached in time; names what was tried
        └── StaleBase          somebody else published meanwhile; nothing was written

The first, `AdvertError` and `BundleError` are defined in the compiled module, which raises them. A mistake in
a rule is data (`diagnostics.Diagnostic`), not an exception: `RuleError` is raised only by
callers that can't go on without a rule set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jobsieve._core import AdvertError, BundleError, JobsieveError

if TYPE_CHECKING:
    from jobsieve.diagnostics import Diagnostic


__all__ = [
    "AdvertError",
    "BundleError",
    "ConfigError",
    "FileError",
    "JobsieveError",
    "RuleError",
    "ServeError",
    "StaleBase",
    "StoreError",
    "StoreMissing",
    "StoreUnavailable",
    "TaxonomyError",
]


class RuleError(JobsieveError):
    """Rules do not compile. `diagnostics` holds every finding, in the order of the sources."""

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)


class TaxonomyError(JobsieveError):
    """Rows of a `taxonomy.csv` are wrong, or there are two; the message names file, line and column."""


class FileError(JobsieveError):
    """A file could not be read or written."""

    def __init__(self, operation: str, path: object, reason: str) -> None:
        # A name that is not UTF-8 holds what no output takes.
        shown = str(path).encode("utf-8", "backslashreplace").decode()
        super().__init__(f"cannot {operation} {shown}: {reason}")
        self.operation = operation
        self.path = str(path)
        self.reason = reason


class ConfigError(JobsieveError):
    """A setting is wrong, unknown or unreadable."""


class ServeError(JobsieveError):
    """The service can't start or go on."""


class StoreError(JobsieveError):
    """The rule store refused or failed."""


class StoreMissing(StoreError):
    """There is no rule store at the place that was named."""


class StoreUnavailable(StoreError):
    """The rule store could not be reached in time."""


class StaleBase(StoreError):
    """The store moved on since the caller read it; nothing was written."""


def separator_advice(head: Sequence[str]) -> str:
    """What to do where the first row of a table is one cell, since signs other than commas part its names."""
    found = next((sign for sign in (";", "\t") if len(head) == 1 and sign in head[0]), None)
    name = {";": "semicolons", "\t": "tabs", None: ""}[found]
    return f"; {name} stand between its cells: save it as CSV with commas" if name else ""
