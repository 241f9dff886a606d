"""The mistakes that scripts/mutate_matcher.py makes can still be made: each text stands where it should."""

from __future__ import annotations

import tomllib
from pathlib import Path


def test_every_mutation_finds_its_text_once(root: Path) -> None:
    listed = tomllib.loads((root / "scripts" / "mutations.toml").read_text(encoding="utf-8"))
    mutations = listed["mutation"]
    assert len(mutations) >= 20
    engine = root / "crates" / "engine" / "src" / "engine"
    for mutation in mutations:
        source = (engine / mutation["file"]).read_text(encoding="utf-8")
        assert source.count(mutation["find"]) == 1, mutation
        assert mutation["find"] != mutation["replace"]
