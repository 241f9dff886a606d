"""Rule files on disk, and what lies beside them: which there are, what they say, writing them back.

A rule file is UTF-8 text named `*.rules`. Beside it may lie `NAME.examples.jsonl`, adverts with what is
expected of them, and in the folder itself `taxonomy.csv`. What they mean is not this module's affair.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path, PurePosixPath

from jobsieve import taxonomy
from jobsieve.errors import FileError, TaxonomyError

SUFFIX = ".rules"
EXAMPLES_SUFFIX = ".examples.jsonl"
TAXONOMY = taxonomy.FILE


def read_files(paths: Iterable[Path]) -> dict[str, str]:
    """The texts of rule files, and of the taxonomy in their folder, by name. A folder stands for all
    `*.rules` files below it, named by their path within it; a file for itself, named by its own name. Raises
    `FileError`, and `TaxonomyError` where there are two taxonomies."""
    return _texts(located(paths))


def located(paths: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """The files that `paths` stand for, by the names that `read_files` gives them."""
    paths = list(paths)
    listed = _taxonomies(paths)
    for name, file in _rule_files(paths):
        if name != TAXONOMY:
            yield name, file
    for file in listed:
        yield TAXONOMY, file


def read_in_place(paths: Iterable[Path]) -> dict[str, str]:
    """The texts of the same files by path, as an editor finds them from the working folder; each once."""
    files = dict.fromkeys(_name(file, str(file)) for _, file in located(paths))
    return {file: read_text(Path(file)) for file in files}


def read_with_companions(paths: Iterable[Path]) -> dict[str, str]:
    """The texts of rule files, with the examples and the taxonomy of those that are folders: what a store
    is to hold of them."""
    paths = list(paths)
    beside = [
        (_name(path / name, name), path / name)
        for path in paths
        if path.is_dir()
        for name in _companions(path)
    ]
    _taxonomies([path for path in paths if path.is_dir() or path.name == TAXONOMY])
    return _texts([*_rule_files(paths), *beside])


def is_taxonomy(name: str) -> bool:
    """Whether a file of this name lists categories."""
    return PurePosixPath(name).name == TAXONOMY


def is_companion(name: str) -> bool:
    """Whether a file of this name is no rule file but lies beside one."""
    return name.endswith(EXAMPLES_SUFFIX) or is_taxonomy(name)


def starter_files(*, companions: bool = False) -> dict[str, str]:
    """The rules of the starter taxonomy, which comes with the package."""
    folder = resources.files("jobsieve") / "starter"
    with resources.as_file(folder) as path:
        return read_with_companions([path]) if companions else read_files([path])


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Writes rule files below `folder`, making folders as needed. Raises `FileError`."""
    for name, text in texts.items():
        file = folder / name
        if not file.resolve().is_relative_to(folder.resolve()):
            raise FileError("write", file, "its name leads out of the folder")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # Line ends stay as they are: what comes out is what went in.
            file.write_bytes(text.encode())
        except OSError as error:
            raise FileError("write", file, error.strerror or str(error)) from error


def other_files(folder: Path, names: Collection[str]) -> list[str]:
    """The rule files below `folder` and their companions, by their path within it, not among `names`."""
    found = (
        file.relative_to(folder).as_posix() for file in folder.rglob(f"*{SUFFIX}") if file.is_file()
    )
    return sorted({*found, *_companions(folder)} - set(names))


def remove_files(folder: Path, names: Iterable[str]) -> None:
    """Removes files below `folder`; folders stay. Raises `FileError`."""
    for name in names:
        file = folder / name
        try:
            file.unlink()
        except OSError as error:
            raise FileError("remove", file, error.strerror or str(error)) from error


def _companions(folder: Path) -> list[str]:
    found = [*folder.rglob(f"*{EXAMPLES_SUFFIX}"), folder / TAXONOMY]
    return sorted(file.relative_to(folder).as_posix() for file in found if file.is_file())


def _texts(files: Iterable[tuple[str, Path]]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, file in files:
        if name in texts:
            raise FileError("read", file, f"another file of the name {name} was given before")
        texts[name] = read_text(file)
    return texts


def _taxonomies(paths: Iterable[Path]) -> list[Path]:
    """The taxonomy of the folders, and of those in which the files lie: none or one."""
    folders = (path if path.is_dir() else path.parent for path in paths)
    found = {file.resolve(): file for folder in folders if (file := folder / TAXONOMY).is_file()}
    if len(found) > 1:
        raise TaxonomyError(two_taxonomies(found.values()))
    return list(found.values())


def two_taxonomies(files: Iterable[object]) -> str:
    """Why they can't be used together."""
    named = " and ".join(map(str, files))
    return f"{named} both list the categories there are; a rule set has one {TAXONOMY}"


def _rule_files(paths: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    for path in paths:
        yield from _files(path)


def _files(path: Path) -> list[tuple[str, Path]]:
    if not path.is_dir():
        return [(_name(path, path.name), path)]
    found = sorted(file for file in path.rglob(f"*{SUFFIX}") if file.is_file())
    if not found:
        raise FileError("read rules from", path, f"the folder holds no *{SUFFIX} file")
    return [(_name(file, file.relative_to(path).as_posix()), file) for file in found]


def _name(file: Path, name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise FileError("read", file, "its name is not UTF-8; rename it") from None
    return name


def read_text(file: Path) -> str:
    """The text of a file; raises `FileError`."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise FileError("read", file, error.strerror or str(error)) from error
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"byte {error.start} (line {line}) is not UTF-8; save the file as UTF-8"
        raise FileError("read", file, reason) from error
