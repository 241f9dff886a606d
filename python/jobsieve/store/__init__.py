"""The rule store: a database of rules and lists, their revisions, versions and publications.

It knows no language: it keeps text, and never looks into it.
"""

from jobsieve.store.cutoff import Cutoff
from jobsieve.store.records import (
    Category,
    Changes,
    Committed,
    Difference,
    Fetched,
    Kind,
    ObjectText,
    Publication,
    PublicationKind,
    Revision,
    StoredObject,
    Version,
    joined,
)
from jobsieve.store.store import Store, check_url, migrate, open_store

__all__ = [
    "Category",
    "Changes",
    "Committed",
    "Cutoff",
    "Difference",
    "Fetched",
    "Kind",
    "ObjectText",
    "Publication",
    "PublicationKind",
    "Revision",
    "Store",
    "StoredObject",
    "Version",
    "check_url",
    "joined",
    "migrate",
    "open_store",
]
