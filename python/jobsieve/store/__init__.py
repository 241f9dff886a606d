"""The rule store: a database of rules and lists, their revisions, versions and publications.

It knows no language: it keeps text, and never looks into it.
"""

from jobsieve.store.records import (
    Changes,
    Committed,
    Kind,
    ObjectText,
    Publication,
    PublicationKind,
    Revision,
    StoredObject,
    Version,
)
from jobsieve.store.store import Store, open_store

__all__ = [
    "Changes",
    "Committed",
    "Kind",
    "ObjectText",
    "Publication",
    "PublicationKind",
    "Revision",
    "Store",
    "StoredObject",
    "Version",
    "open_store",
]
