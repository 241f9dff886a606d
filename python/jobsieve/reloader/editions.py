"""What a source of rules gives: an edition, whole and immutable, and what was published when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeAlias

from jobsieve.store import ObjectText, Publication


@dataclass(frozen=True, slots=True)
class FilesRead:
    """The act by which files on disk became an edition. It has the names of a `Publication`'s fields that
    tell of a source: files have no version, and `created_at` is the newest file's, in Unix milliseconds."""

    digest: str
    created_at: int
    version: None = None


_COMPILED = ("rule", "list", "category")

Act: TypeAlias = "Publication | FilesRead"


@dataclass(frozen=True, slots=True)
class Edition:
    """The rules of one publication: the objects of each file in order, and the text of those that are
    compiled. Editions share the files in which they do not differ.
    """

    publication: Act
    files: Mapping[str, tuple[ObjectText, ...]]
    texts: Mapping[str, str]
    rule_count: int

    @classmethod
    def of(cls, publication: Act, objects: Iterable[ObjectText]) -> Self:
        """From objects in the order of the places in their files."""
        files: dict[str, list[ObjectText]] = {}
        for item in objects:
            files.setdefault(item.file, []).append(item)
        return cls(
            publication,
            {file: tuple(items) for file, items in files.items()},
            _texts(files),
            _count_rules(files),
        )

    def altered(self, publication: Act, files: Mapping[str, tuple[ObjectText, ...]]) -> Self:
        """The edition with other objects in some files; a file without any is gone."""
        texts = {**dict.fromkeys(files, ""), **_texts(files)}
        gone = {file for file, items in files.items() if not items}
        before = {file: self.files.get(file, ()) for file in files}
        return type(self)(
            publication,
            {file: items for file, items in {**self.files, **files}.items() if file not in gone},
            {file: text for file, text in {**self.texts, **texts}.items() if text},
            self.rule_count - _count_rules(before) + _count_rules(files),
        )

    @property
    def objects(self) -> list[ObjectText]:
        """All objects, in the order of the files' names and the places in them."""
        return [item for file in sorted(self.files) for item in self.files[file]]

    def rules(self) -> list[ObjectText]:
        """The rules and lists."""
        return [item for item in self.objects if item.kind in ("rule", "list")]

    def categories(self) -> list[ObjectText]:
        """The rows of the taxonomy."""
        return [item for item in self.objects if item.kind == "category"]

    def sources(self) -> list[tuple[str, str]]:
        """The files of rules, lists and categories by name, in the order of the names."""
        return sorted(self.texts.items())


def _count_rules(files: Mapping[str, Sequence[ObjectText]]) -> int:
    return sum(item.kind == "rule" for items in files.values() for item in items)


def _texts(files: Mapping[str, Sequence[ObjectText]]) -> dict[str, str]:
    texts = {
        file: "".join(item.source for item in items if item.kind in _COMPILED)
        for file, items in files.items()
    }
    return {file: text for file, text in texts.items() if text}


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
