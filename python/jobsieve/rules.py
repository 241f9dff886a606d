"""Rule files on disk, and what lies beside them: which there are, what they say, writing them back.

A rule file is UTF-8 text named `*.rules`. Beside it may lie `NAME.examples.jsonl`, adverts with what is
expected of them, and in the folder itself `taxonomy.csv`. What they mean is not this module's affair.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path

from jobsieve.errors import FileError

SUFFIX = ".rules"
EXAMPLES_SUFFIX = ".examples.jsonl"
TAXONOMY = "taxonomy.csv"


def read_files(paths: Iterable[Path]) -> dict[str, str]:
    """The texts of rule files by name. A folder stands for all `*.rules` files below it, named by
    their path within it; a file for itself, named by its own name. Raises `FileError`."""
    texts: dict[str, str] = {}
    for name, file in located(paths):
        if name in texts:
            raise FileError("read", file, f"another file of the name {name} was given before")
        texts[name] = read_text(file)
    return texts


def located(paths: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """The rule files that `paths` stand for, by the names that `read_files` gives them."""
    for path in paths:
        yield from _files(path)


def read_in_place(paths: Iterable[Path]) -> dict[str, str]:
    """The texts of rule files by path, as an editor finds them from the working folder; each once. Raises
    `FileError`."""
    files = dict.fromkeys(_name(file, str(file)) for _, file in located(paths))
    return {file: read_text(Path(file)) for file in files}


def read_with_companions(paths: Iterable[Path]) -> dict[str, str]:
    """As `read_files`, with the examples and the taxonomy that lie in the folders."""
    paths = list(paths)
    texts = read_files(paths)
    for path in paths:
        if path.is_dir():
            for name in _companions(path):
                texts[_name(path / name, name)] = read_text(path / name)
    return texts


def is_companion(name: str) -> bool:
    """Whether a file of this name is no rule file but lies beside one."""
    return name.endswith(EXAMPLES_SUFFIX) or name == TAXONOMY


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
