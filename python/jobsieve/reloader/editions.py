"""What a source of rules gives: an edition, whole and immutable, and what was published when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from jobsieve.store import ObjectText, Publication, joined


@dataclass(frozen=True, slots=True)
class FilesRead:
    """The act by which files on disk became an edition. It has the names of a `Publication`'s fields that
    tell of a source: files have no version, and `created_at` is the newest file's, in Unix milliseconds."""

    digest: str
    created_at: int
    version: None = None


Act: TypeAlias = "Publication | FilesRead"


@dataclass(frozen=True, slots=True)
class Edition:
    """The rules of one publication. `objects` come in the order of the files and of the places in them."""

    publication: Act
    objects: tuple[ObjectText, ...]

    def rules(self) -> list[ObjectText]:
        """The rules and lists: what is compiled. Examples and categories only travel with them."""
        return [each for each in self.objects if each.kind in ("rule", "list")]

    def sources(self) -> list[tuple[str, str]]:
        """The files that the rules and lists make up."""
        return list(joined(self.rules()).items())


class Source(Protocol):
    """Where rules come from. `look` is called by one thread at a time, `cut` by any."""

    @property
    def name(self) -> str:
        """For messages: `the rule store …`; no password in it."""

    @property
    def remedy(self) -> str:
        """What to do where nothing is published."""

    def look(self, known: Edition | None) -> Edition | None:
        """What is published now: `known` itself where that is it, None where nothing is."""

    def cut(self) -> None:
        """Ends a `look` that waits for a network."""
