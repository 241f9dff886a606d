"""The public names are those that `__all__` lists, and the compiled module is what its stub says."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import jobsieve
from tests.conftest import RequireComponent


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


def test_the_stub_and_the_compiled_module_have_the_same_names(
    require_component: RequireComponent, root: Path
) -> None:
    require_component("the compiled extension", bool(find_spec("jobsieve._core")), "`make build`")
    from jobsieve import _core

    tree = ast.parse((root / "python/jobsieve/_core.pyi").read_text(encoding="utf-8"))
    stub = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert {"RuleSet", "Server", "compile"} <= stub
    assert public(_core) == stub


@pytest.mark.parametrize("name", ["RuleSet", "Classification", "CategoryScore", "Server"])
def test_compiled_classes_cannot_be_changed(require_component: RequireComponent, name: str) -> None:
    require_component("the compiled extension", bool(find_spec("jobsieve._core")), "`make build`")
    from jobsieve import _core

    kind = getattr(_core, name)
    with pytest.raises(TypeError):
        kind.added = 1
    with pytest.raises(TypeError):
        type("Derived", (kind,), {})
