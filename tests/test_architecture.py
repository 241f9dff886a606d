"""Which module may import which, and the few rules of form that a machine can check.

Every check that walks files first makes sure that it found them: a check of nothing passes always.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "jobsieve"

# Each module imports only from groups before its own. A package counts as one module.
ORDER = [
    {"_core"},
    {"errors"},
    {"diagnostics"},
    {"observability"},
    {"config"},
    {"taxonomy"},
    {"rules"},
    {
        "store",
        "snapshot",
        "lint",
        "analysis",
        "explain",
        "spreadsheet",
        "supervision",
    },
    {"corpus", "mentions"},
    {
        "reloader",
        "publishing",
        "changes",
        "rule_tests",
        "evaluation",
        "suggest",
        "replay",
        "bulk",
    },
    {"editing"},
    {"reports", "metrics"},
    {"serve"},
    {"cli"},
    {"__main__"},
]
RANK = {module: rank for rank, group in enumerate(ORDER) for module in group}
# The package itself gives public names out; nothing inside it imports them from there.
FACADE = "__init__"
# Who alone may import these modules.
ONLY = {
    "store": {"reloader", "publishing", "editing", "changes", "cli"},
    "serve": {"cli"},
    "cli": {"__main__"},
    FACADE: set[str](),
}
# The store keeps text and versions; it knows no language.
NEVER = {"store": {"_core", "diagnostics"}, "observability": {"diagnostics"}}

EXPECTED = {
    "__init__",
    "analysis",
    "changes",
    "cli",
    "config",
    "corpus",
    "diagnostics",
    "editing",
    "errors",
    "evaluation",
    "explain",
    "lint",
    "mentions",
    "metrics",
    "observability",
    "publishing",
    "reloader",
    "replay",
    "reports",
    "rule_tests",
    "rules",
    "serve",
    "snapshot",
    "spreadsheet",
    "store",
    "suggest",
    "supervision",
    "taxonomy",
}


def modules(package: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(package.rglob("*.py")):
        yield file.relative_to(package).with_suffix("").parts[0], file


def imported(file: Path) -> set[str]:
    """The modules of the package that a file imports when it runs, also inside functions."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    names = set()
    for node in set(ast.walk(tree)) - typing_only:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            names |= {f"{PACKAGE}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    found = set()
    for name in names:
        top, _, rest = name.partition(".")
        if top == PACKAGE:
            module = rest.split(".")[0]
            found.add(module if module in RANK else FACADE)
    return found


def faults(package: Path) -> list[str]:
    found = []
    for module, file in modules(package):
        where = file.relative_to(package)
        if module != FACADE and module not in RANK:
            found.append(f"{where}: {module} has no place in ORDER")
            continue
        for other in imported(file) - {module}:
            if other != FACADE and module != FACADE and RANK[other] >= RANK[module]:
                found.append(f"{where} imports {other}, which comes no earlier in ORDER")
            if module not in ONLY.get(other, {module}) or other in NEVER.get(module, set()):
                found.append(f"{where} must not import {other}")
    return found


def test_imports_go_one_way(root: Path) -> None:
    package = root / "python" / PACKAGE
    seen = {module for module, _ in modules(package)}
    assert seen == EXPECTED
    # Some of them import each other, or the reading of imports is broken.
    assert {"errors", "diagnostics"} <= imported(package / "snapshot.py")
    assert faults(package) == []


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("errors.py", "import jobsieve.config", "errors.py imports config, which comes no earlier"),
        ("rules.py", "from jobsieve import lint", "rules.py imports lint, which comes no earlier"),
        ("serve.py", "from jobsieve import store", "serve.py must not import store"),
        (
            "replay.py",
            "def f():\n    from jobsieve.store.sql import x",
            "replay.py must not import store",
        ),
        (
            "store/sql.py",
            "from jobsieve._core import compile",
            "store/sql.py must not import _core",
        ),
        ("rules.py", "from jobsieve import compile", "rules.py must not import __init__"),
        ("things.py", "", "things.py: things has no place in ORDER"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, file: str, text: str, fault: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text, encoding="utf-8")
    (found,) = faults(tmp_path)
    assert found.startswith(fault)


def test_imports_for_types_only_go_any_way(tmp_path: Path) -> None:
    text = "if TYPE_CHECKING:\n    from jobsieve.config import Settings\n"
    (tmp_path / "errors.py").write_text(text, encoding="utf-8")
    assert faults(tmp_path) == []


HEAVY = {"sqlalchemy", "alembic", "rich", "click", "structlog", "pyarrow", "asyncio", "http.client"}


def test_importing_the_package_stays_light() -> None:
    program = f"import sys, {PACKAGE}; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    loaded = set(run.stdout.split())
    assert PACKAGE in loaded
    assert loaded & HEAVY == set()


def test_engine_and_server_know_no_python(root: Path) -> None:
    lock = tomllib.loads((root / "Cargo.lock").read_text(encoding="utf-8"))
    # A dependency is spelt "name" or "name version" where there are several versions of it.
    needs: dict[str, set[str]] = {}
    for package in lock["package"]:
        names = {entry.split(" ")[0] for entry in package.get("dependencies", [])}
        needs.setdefault(package["name"], set()).update(names)

    def reached(start: str) -> set[str]:
        seen, waiting = set[str](), [start]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += needs[name]
        return seen

    assert {"pyo3", "jobsieve-engine", "jobsieve-server"} <= reached("jobsieve-python")
    assert "jobsieve-engine" in reached("jobsieve-server")
    assert not {name for name in reached("jobsieve-server") if name.startswith("pyo3")}
    assert "jobsieve-server" not in reached("jobsieve-engine")


FOLDERS = ["python", "crates", "tests", "benchmarks", "scripts", "fuzz"]
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "core"}


def sources(root: Path) -> list[Path]:
    found = [
        file
        for folder in FOLDERS
        for suffix in ("*.py", "*.pyi", "*.rs")
        for file in (root / folder).rglob(suffix)
        if "target" not in file.parts
    ]
    names = {str(file.relative_to(root)) for file in found}
    assert {"python/jobsieve/snapshot.py", "crates/engine/src/lib.rs"} <= names
    assert "tests/test_architecture.py" in names
    return found


def test_no_file_is_longer_than_a_reader_can_hold(root: Path) -> None:
    lengths = {
        str(file.relative_to(root)): len(file.read_text(encoding="utf-8").splitlines())
        for file in sources(root)
    }
    assert {file: length for file, length in lengths.items() if length > 500} == {}


def test_every_module_is_named_after_what_it_owns(root: Path) -> None:
    parts = {
        (str(file.relative_to(root)), part)
        for file in sources(root)
        for part in file.relative_to(root).with_suffix("").parts
    }
    assert {file for file, part in parts if part in NO_NAMES} == set()


def test_modules_say_what_they_own_first(root: Path) -> None:
    package = root / "python" / PACKAGE
    missing = [
        str(file.relative_to(root))
        for _, file in modules(package)
        if not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert missing == []
