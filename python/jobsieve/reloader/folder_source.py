"""Rule files on disk as the source of rules, for those who keep them without a store.

The files are looked at, not subscribed to: that works on every file system. What is being written is left
until it rests: files count once two looks in a row find them alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from jobsieve import _core, rules
from jobsieve.errors import FileError
from jobsieve.reloader.editions import Edition, FilesRead
from jobsieve.store import ObjectText

# Name, size, time of the last change, inode: of every file.
_Marks: TypeAlias = tuple[tuple[str, int, int, int], ...]


class FolderSource:
    """The rule files of some paths, as `rules.read_files` reads them; `settings` as `compile` takes them."""

    remedy = "put a *.rules file there"

    def __init__(self, paths: Iterable[Path], *, settings: bytes | None = None) -> None:
        self._settings = settings
        self._paths = [path.absolute() for path in paths]
        self.name = "the rule files of " + ", ".join(str(path) for path in self._paths)
        self._seen: _Marks | None = None
        self._read: _Marks | None = None

    def look(self, known: Edition | None) -> Edition | None:
        marks = self._marks()
        rests = self._seen is None or marks == self._seen
        self._seen = marks
        if known is not None and (marks == self._read or not rests):
            return known
        texts = rules.read_files(self._paths)
        if known is not None and self._marks() != marks:
            # Written meanwhile; the next look finds out whether it rests.
            return known
        self._read = marks
        digest = hashlib.sha256()
        for name, text in sorted(texts.items()):
            for part in (name.encode(), text.encode()):
                digest.update(len(part).to_bytes(8, "big"))
                digest.update(part)
        act = FilesRead(digest.hexdigest(), max(mark[2] for mark in marks) // 1_000_000)
        if (
            known is not None
            and isinstance(known.publication, FilesRead)
            and known.publication.digest == act.digest
        ):
            # Touched, not changed.
            return known
        return Edition.of(act, _objects(texts, self._settings))

    def cut(self) -> None:
        """A file is read or it is not: nothing can be cut."""

    def _marks(self) -> _Marks:
        found = []
        for _, file in rules.located(self._paths):
            try:
                state = file.stat()
            except OSError as error:
                raise FileError("read", file, error.strerror or str(error)) from error
            found.append((str(file), state.st_size, state.st_mtime_ns, state.st_ino))
        return tuple(found)


def _objects(texts: dict[str, str], settings: bytes | None) -> list[ObjectText]:
    found = []
    for file, text in sorted(texts.items()):
        if rules.is_taxonomy(file):
            found.append(ObjectText("category", file, text, file))
            continue
        # A file that does not parse stands as a whole: the compiler will say why.
        parts = _core.split(text, settings=settings) or [("rule", file, 0, len(text))]
        found += [
            ObjectText("list" if kind == "list" else "rule", name, text[start:end], file)
            for kind, name, start, end in parts
        ]
    return found
