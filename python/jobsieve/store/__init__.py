"""The rule store: a database of rules and lists, their revisions, versions and publications.

It knows no language: it keeps text, and never looks into it.
"""

from jobsieve.store.records import (
    Changes,
    Committed,
    Difference,
    Kind,
    ObjectText,
    Publication,
    PublicationKind,
    Revision,
    StoredObject,
    Version,
    joined,
)
from jobsieve.store.store import Store, open_store

__all__ = [
    "Changes",
    "Committed",
    "Difference",
    "Kind",
    "ObjectText",
    "Publication",
    "PublicationKind",
    "Revision",
    "Store",
    "StoredObject",
    "Version",
    "joined",
    "open_store",
]
