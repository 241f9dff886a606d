"""A missing component is skipped by a person and refused by the full check."""

from __future__ import annotations

import pytest

from tests.conftest import RequireComponent


def test_missing_component_is_skipped_and_says_how_to_get_it(
    require_component: RequireComponent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JOBSIEVE_TEST_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="mariadbd is missing; apt-get install it"):
        require_component("mariadbd", False, "apt-get install it")


def test_missing_component_fails_under_the_switch(
    require_component: RequireComponent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBSIEVE_TEST_REQUIRE_ALL", "1")
    require_component("mariadbd", True, "apt-get install it")
    with pytest.raises(pytest.fail.Exception, match="mariadbd is missing"):
        require_component("mariadbd", False, "apt-get install it")
