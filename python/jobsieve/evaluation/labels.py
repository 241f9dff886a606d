"""Which category paths count for a label that somebody gave an advert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from jobsieve.corpus import is_below
from jobsieve.errors import FileError, JobsieveError


@dataclass(frozen=True, slots=True)
class LabelMap:
    """For each label the subtrees of categories that count for it; none where the label says nothing,
    as "Other" does: its adverts are left out."""

    subtrees: Mapping[str, tuple[str, ...]]

    @staticmethod
    def read(file: Path) -> LabelMap:
        """Reads a JSON object of label to a list of paths, or to null. Raises `FileError`."""
        try:
            given = msgspec.json.decode(file.read_bytes(), type=dict[str, list[str] | None])
        except OSError as error:
            raise FileError("read the label map", file, error.strerror or str(error)) from error
        except msgspec.MsgspecError as error:
            reason = f"it must be a JSON object of labels to lists of paths, or null: {error}"
            raise FileError("read the label map", file, reason) from None
        return LabelMap({label: tuple(paths or ()) for label, paths in given.items()})

    @staticmethod
    def of_paths(labels: Iterable[str]) -> LabelMap:
        """For adverts whose labels are category paths themselves."""
        return LabelMap({label: (label,) for label in sorted(set(labels))})

    def require(self, labels: Iterable[str]) -> None:
        """Raises `JobsieveError` where a label has no entry: a slip of the pen must not count as wrong."""
        if missing := sorted(set(labels) - set(self.subtrees)):
            names = ", ".join(f'"{label}"' for label in missing)
            raise JobsieveError(
                f"the label map has no entry for {names}; give each its category paths, or null to "
                "leave its adverts out"
            )

    def says_something(self, label: str) -> bool:
        return bool(self.subtrees.get(label))

    def meets(self, label: str, path: str) -> bool:
        """Whether a category counts for a label."""
        return any(is_below(path, subtree) for subtree in self.subtrees.get(label, ()))

    def label_of(self, path: str, wanted: Iterable[str] = ()) -> str | None:
        """What a category would be called by those who labelled: a `wanted` label that it counts for,
        else the one whose subtree is the smallest; of equals the first in the alphabet."""
        for label in wanted:
            if self.meets(label, path):
                return label
        near = [
            (-len(subtree), label)
            for label, subtrees in self.subtrees.items()
            for subtree in subtrees
            if is_below(path, subtree)
        ]
        return min(near)[1] if near else None
