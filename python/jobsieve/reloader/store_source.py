"""A store as the source of rules: what changed since an edition is fetched, not the whole again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jobsieve.errors import StoreError
from jobsieve.reloader.editions import Edition
from jobsieve.store import Cutoff, ObjectText, Publication, Store, StoredObject

if TYPE_CHECKING:
    from jobsieve.store import Changes, Fetched


class StoreSource:
    """The live version of a store. `store_name` is its path or URL without a password."""

    remedy = "jobsieve rules import PATH"

    def __init__(self, open_store: Callable[[Cutoff], Store], store_name: str) -> None:
        self._open_store = open_store
        self.name = f"the rule store {store_name}"
        self._cutoff = Cutoff()
        # Kept open, though its connections are not: a look costs 1.0 ms of processor time instead of 3.3.
        self._store: Store | None = None

    def look(self, known: Edition | None) -> Edition | None:
        """One transaction on a connection of its own: what is live, and what differs from `known`."""
        if self._cutoff.happened:
            self._give_up()
        publication = known.publication if known is not None else None
        if not isinstance(publication, Publication):
            publication = known = None
        try:
            if self._store is None:
                self._store = self._open_store(self._cutoff)
            fetched = self._store.fetch(publication)
            edition = self._edition(fetched, known)
            if edition is None and fetched.live is not None:
                # What was known is not what this store says it was.
                fetched = self._store.fetch(None)
                edition = self._edition(fetched, None)
        except Exception:
            self._give_up()
            raise
        if edition is None and fetched.live is not None:
            raise StoreError(
                f"{self.name} holds {fetched.rule_count} rules in version {fetched.live.version} by its own "
                "account, but others were read; restore it from a backup or import the rules anew"
            )
        return edition

    def cut(self) -> None:
        self._cutoff.cut()

    def _give_up(self) -> None:
        if self._store is not None:
            self._store.close()
        self._store = None
        self._cutoff = Cutoff()

    def _edition(self, fetched: Fetched, known: Edition | None) -> Edition | None:
        """None where nothing is live, or where the number of rules is not that of the version."""
        if fetched.live is None:
            return None
        if known is not None and fetched.live == known.publication:
            return known
        if fetched.objects is not None:
            edition = Edition.of(fetched.live, fetched.objects)
        elif known is not None and fetched.changes is not None:
            edition = known.altered(fetched.live, _altered_files(known, fetched.changes))
        else:
            return None
        return edition if edition.rule_count == fetched.rule_count else None


def _altered_files(known: Edition, changes: Changes) -> dict[str, tuple[ObjectText, ...]]:
    """The files in which something changed, as they are now."""
    touched = {item.file for item in (*changes.closed, *changes.opened)}
    gone = {(item.file, item.object_id) for item in changes.closed}
    altered: dict[str, tuple[ObjectText, ...]] = {}
    for file in touched:
        kept: list[StoredObject] = [
            item
            for item in known.files.get(file, ())
            if isinstance(item, StoredObject) and (file, item.object_id) not in gone
        ]
        kept += [item for item in changes.opened if item.file == file]
        kept.sort(key=lambda item: item.position)
        altered[file] = tuple(kept)
    return altered
