"""Bundles: a rule set as a file, for Python and on the command line."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import msgspec
import pytest

import jobsieve
from jobsieve import _core, config, snapshot
from jobsieve.errors import BundleError, FileError
from tests.service import run

RULES = """
rule "python": when title "python" then add category "it/python" score 2;
rule "nurse": when "nurses" then add category "health";
"""
OFF = msgspec.json.encode({"analysis": {"lemmas": "off"}})


@pytest.fixture(scope="module")
def rules() -> jobsieve.RuleSet:
    return jobsieve.compile({"it.rules": RULES})


def test_a_saved_rule_set_is_loaded_again(rules: jobsieve.RuleSet, tmp_path: Path) -> None:
    file = tmp_path / "rules.bundle"
    rules.save(file, version=3)
    loaded = jobsieve.RuleSet.load(file)
    assert loaded.hash == rules.hash
    assert loaded.rule_names == rules.rule_names
    assert loaded.classify(title="Python nurse").matched_rules == ["nurse", "python"]
    assert list(tmp_path.iterdir()) == [file]
    about = _core.inspect_bundle(file)
    assert about["version"] == 3
    assert about["rules"] == about["categories"] == 2
    assert about["sources"] == ["it.rules"]
    assert snapshot.load(file).version == 3


def test_what_can_not_be_used_is_named(rules: jobsieve.RuleSet, tmp_path: Path) -> None:
    file = tmp_path / "rules.bundle"
    rules.save(file)
    with pytest.raises(BundleError, match=rf"cannot use {file}: .*analysis\.lemmas is \"off\""):
        jobsieve.RuleSet.load(file, settings=OFF)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(BundleError, match="it is cut off"):
        jobsieve.RuleSet.load(file)
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(BundleError, match="it is damaged"):
        jobsieve.RuleSet.load(file)
    with pytest.raises(BundleError, match="it is no bundle"):
        jobsieve.RuleSet.load(__file__)
    with pytest.raises(FileNotFoundError) as raised:
        jobsieve.RuleSet.load(tmp_path / "none")
    assert raised.value.filename == tmp_path / "none"
    with pytest.raises(FileError, match="cannot read .*none: No such file"):
        snapshot.load(tmp_path / "none", settings=config.Settings())


def test_a_bundle_that_can_not_be_written_leaves_the_old_one(
    rules: jobsieve.RuleSet, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError):  # noqa: PT011  a folder has several errors
        rules.save(folder)
    assert list(tmp_path.iterdir()) == [folder]
    with pytest.raises(FileNotFoundError):
        rules.save(tmp_path / "none" / "rules.bundle")


def test_a_bundle_keeps_its_mode_by_the_umask(rules: jobsieve.RuleSet, tmp_path: Path) -> None:
    file = tmp_path / "rules.bundle"
    former = os.umask(0o027)
    try:
        rules.save(file)
    finally:
        os.umask(former)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_the_command_line_builds_and_inspects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "it.rules").write_text(RULES)
    built = run("bundle", "build", "it.rules.bundle", "--rules", "it.rules")
    assert built.stdout.startswith("2 rules in it.rules.bundle, sha256:")
    told = run("bundle", "inspect", "it.rules.bundle", "--json")
    about = json.loads(told.stdout)
    assert about["settings"]["analysis"]["lemmas"] == "wordnet-plus"
    assert about["memory_bytes"] > 0
    text = run("bundle", "inspect", "it.rules.bundle").stdout
    assert "sources       it.rules\n" in text
    (tmp_path / "adverts.jsonl").write_text('{"title": "Python nurse"}\n')
    answer = run("classify", "--rules", "it.rules.bundle", "adverts.jsonl")
    assert json.loads(answer.stdout)["primary"] == "it/python"
    (tmp_path / "jobsieve.toml").write_text('[analysis]\nlemmas = "off"\n')
    refused = run("classify", "--rules", "it.rules.bundle", "adverts.jsonl", check=False)
    assert refused.returncode == 1
    assert "analysis.lemmas" in refused.stderr
