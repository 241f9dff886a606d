"""The public names are those that `__all__` lists, and the compiled module is what its stub says."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import ModuleType

import pytest

import jobsieve
from jobsieve import _core


def public(module: ModuleType) -> set[str]:
    """Names that a module gives out, its submodules apart: those appear when anything imports them."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name != "annotations"
    }


def test_all_lists_the_public_names() -> None:
    assert sorted(jobsieve.__all__) == list(jobsieve.__all__)
    assert set(jobsieve.__all__) - {"__version__"} == public(jobsieve)
    assert {"RuleSet", "Classification", "RuleError", "compile"} <= set(jobsieve.__all__)


def test_the_stub_and_the_compiled_module_have_the_same_names(root: Path) -> None:
    tree = ast.parse((root / "python/jobsieve/_core.pyi").read_text(encoding="utf-8"))
    stub = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert {"RuleSet", "Server", "compile"} <= stub
    assert public(_core) == stub


def test_compiled_classes_are_frozen_and_final(root: Path) -> None:
    files = list((root / "crates/python/src").glob("*.rs"))
    classes = re.findall(
        r"#\[pyclass(\([^\]]*\))?\]", "\n".join(file.read_text(encoding="utf-8") for file in files)
    )
    assert len(classes) >= 3
    # A class that can be changed needs a lock, and Python would hold it while others wait.
    assert all("frozen" in options for options in classes)
    kinds = [_core.RuleSet, _core.Classification, _core.CategoryScore, _core.Server]
    for kind in kinds:
        with pytest.raises(TypeError, match="not an acceptable base type"):
            type("Derived", (kind,), {})
