"""The copy on disk of the rules that were accepted last, to start from when the store is away.

It holds the rules' text, not what was compiled from it: another release can use it, and the next fetch
from the store needs only what changed since. The file appears by renaming, synced before and after, and
carries a checksum: it is the old or the new one, whole, or it is not used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path

import msgspec

from jobsieve.errors import FileError
from jobsieve.reloader.editions import Edition
from jobsieve.store import Publication, StoredObject

_MAGIC = b"jobsieve last-good 1\n"
_DIGEST = hashlib.sha256().digest_size
# What a process that was killed left behind is old; what another writes is young.
_ABANDONED_SECONDS = 60.0


class _Content(msgspec.Struct, frozen=True, array_like=True):
    store: str
    written_at: float
    publication: Publication
    objects: list[StoredObject]


class LastGood:
    """The file of one store, named without its password."""

    def __init__(self, file: Path, store_name: str) -> None:
        # Absolute, so that a later change of the working folder does not lead elsewhere.
        self.file = file.absolute()
        self._store_name = store_name

    def load(self) -> tuple[Edition, float] | None:
        """The edition and when it was written, in Unix seconds; None where there is no file.

        Raises `FileError` where it can't be read, is damaged, or belongs to another store.
        """
        self._remove_abandoned()
        try:
            data = self.file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._error("read", error.strerror or str(error)) from error
        start = len(_MAGIC) + _DIGEST
        payload = memoryview(data)[start:]
        if (
            not data.startswith(_MAGIC)
            or hashlib.sha256(payload).digest() != data[len(_MAGIC) : start]
        ):
            raise self._error(
                "use", "it is damaged, or no last-good file of this release; remove it"
            )
        try:
            content = msgspec.msgpack.decode(payload, type=_Content)
        except msgspec.DecodeError as error:
            raise self._error("use", f"it is of another release ({error}); remove it") from None
        if content.store != self._store_name:
            raise self._error(
                "use",
                f"it is that of {content.store}, not of {self._store_name}; give each service a file of its "
                "own (reload.last_good)",
            )
        return Edition.of(content.publication, content.objects), content.written_at

    def save(self, edition: Edition, written_at: float) -> None:
        """Replaces the file; raises `FileError`, and then the old one is still there."""
        if not isinstance(edition.publication, Publication):
            raise TypeError("only what came from a store is kept")
        objects = [item for item in edition.objects if isinstance(item, StoredObject)]
        payload = msgspec.msgpack.encode(
            _Content(self._store_name, written_at, edition.publication, objects)
        )
        temporary: str | None = None
        try:
            descriptor, temporary = tempfile.mkstemp(
                prefix=f"{self.file.name}.", suffix=".tmp", dir=self.file.parent
            )
            with open(descriptor, "wb") as out:  # noqa: PTH123  it is open already
                out.write(_MAGIC + hashlib.sha256(payload).digest())
                out.write(payload)
                out.flush()
                os.fsync(out.fileno())
            os.replace(temporary, self.file)  # noqa: PTH105  as the others here
            temporary = None
            self._sync_folder()
        except OSError as error:
            raise self._error("write", error.strerror or str(error)) from error
        finally:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)  # noqa: PTH108  as the others here

    def _sync_folder(self) -> None:
        descriptor = os.open(self.file.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _remove_abandoned(self) -> None:
        with contextlib.suppress(OSError):
            for left in self.file.parent.glob(f"{self.file.name}.*.tmp"):
                if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                    left.unlink()

    def _error(self, operation: str, reason: str) -> FileError:
        return FileError(f"{operation} the last-good file", self.file, reason)
