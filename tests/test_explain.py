"""Why a rule matched or did not: what the engine tells of each clause, and how it is drawn."""

from __future__ import annotations

import msgspec
import pytest

from jobsieve import explain, snapshot
from jobsieve.explain import Advert, Clause, Explanation, RuleExplanation
from tests.conftest import Golden

LISTS = 'list "programmers": "developer", "coder", "software engineer";\n'


def explained(rules: str, advert: Advert, asked: str | None = None) -> Explanation:
    ruleset = snapshot.build([("it.rules", rules)]).ruleset
    answer = ruleset.explain_json(msgspec.json.encode(advert), rule=asked)
    return msgspec.json.decode(answer, type=Explanation)


def refused(condition: str, advert: Advert) -> RuleExplanation:
    rule = f'{LISTS}rule "asked": when {condition} then add category "it";\n'
    (found,) = explained(rule, advert, "asked").explanations
    assert not found.matched
    return found


def failing(clause: Clause) -> list[Clause]:
    """The leaves that fail."""
    if not clause.parts:
        return [] if clause.holds else [clause]
    return [leaf for part in clause.parts for leaf in failing(part)]


@pytest.mark.parametrize(
    ("condition", "title", "description", "difference", "places", "more"),
    [
        ('title "nurse"', "Cook", "a nurse, nurses", "other field", ["nurse", "nurses"], None),
        ('"nurse"', "Nursing home", "", "other form", ["Nursing"], None),
        ('case "IT"', "it is", "", "other form", ["it"], None),
        ('exact "cooks"', "Cook", "", "other form", ["Cook"], None),
        ('"care assistant"', "Care home assistant", "", "too far", ["Care home assistant"], 1),
        ('"a b c"~1', "a x b y c z c", "", "too far", ["a x b y c"], 2),
        ('"care assistant"', "Assistant, care", "", "other order", ["care", "Assistant"], None),
        ('"care assistant"', "Care. Assistant", "", "other sentence", ["Care", "Assistant"], None),
        ('"care assistant"', "Care", "", "incomplete", ["Care"], ['"assistant"']),
        ('"nurs* home"', "nursing", "", "incomplete", ["nursing"], ['"home"']),
        ('"python" near/1 "team"', "Team of many python people", "", "too far", None, 2),
        ('"python" before/3 "team"', "Team of python people", "", "other order", None, None),
        ('"python" before/1 "team"', "python in our team, python", "", "too far", None, 2),
        ('"python" near/1 "team"', "Python. Team", "", "other sentence", ["Python", "Team"], None),
        (
            '"python" near/1 ("team" or "crew")',
            "Python",
            "",
            "incomplete",
            ["Python"],
            ['("team" or "crew")'],
        ),
        ('title list "programmers"', "Cook", "coder", "other field", ["coder"], None),
    ],
)
def test_what_stands_instead(
    condition: str,
    title: str,
    description: str,
    difference: str,
    places: list[str] | None,
    more: object,
) -> None:
    advert = Advert(title, description)
    (leaf,) = failing(refused(condition, advert).when)
    instead = leaf.instead
    assert instead is not None
    assert instead.difference == difference
    for place in instead.places:
        assert advert.text(place.field)[place.start : place.end] == place.text
    if places is not None:
        assert [place.text for place in instead.places] == places
    if isinstance(more, int):
        assert instead.words_between == more
    elif more is not None:
        assert list(instead.missing) == more


@pytest.mark.parametrize("condition", ['"plumber"', 'list "programmers"', '"lead plumber"~2'])
def test_nothing_stands_instead(condition: str) -> None:
    assert failing(refused(condition, Advert("Cook", "We cook.")).when)[0].instead is None


def test_what_should_be_missing_is_not_sought_elsewhere() -> None:
    found = refused('"cook" and not ("chef" and "head")', Advert("Head chef, cook"))
    (cook, without) = found.when.parts
    assert (cook.holds, without.holds) == (True, False)
    assert [leaf.text for leaf in without.reasons(False)] == ['"chef"', '"head"']


def test_a_group_is_told_with_its_parentheses() -> None:
    condition = '("a" or "b") and ("c" or "d" and ("e"))'
    found = refused(condition, Advert("a"))
    assert found.when.text == condition
    assert [part.text for part in found.when.parts] == ['("a" or "b")', '("c" or "d" and ("e"))']


RULES = """\
list "programmers": "developer", "coder";
rule "python": when title "python" and list "programmers"
  unless "trainer" then add category "it/python" score 2, set "level" = "senior";
rule "python anywhere": when "python" then add category "it/python", add category "it";
rule "snakes": when "snake" then remove category "it/python", add category "animals";
rule "cars": when "car" then remove category "animals", set "wheels" = "4";
rule "seniors": when category "it" and ("lead" or "head" or "chief" or "boss" or "senior" or "principal")
  then add category "seniors";
rule "teams": when at least 2 of ("team", "lead", "people") and "we grow" near/2 "team" and not "snake"
  then add category "management";
"""


@pytest.mark.parametrize(
    ("name", "advert", "asked"),
    [
        ("matched", Advert("Python Developer", "<p>Lead our <b>python</b> team.</p>"), None),
        ("exception", Advert("Python developer", "You are a trainer of people."), "python"),
        ("removed", Advert("Python handler", "Snakes and a python."), "seniors"),
        ("clauses", Advert("Lead cook", "A team. We grow slowly but surely."), "teams"),
        ("nothing", Advert("Cook"), "seniors"),
        ("no-category", Advert("Car", "for a snake"), None),
    ],
)
def test_as_it_is_drawn(name: str, advert: Advert, asked: str | None, golden: Golden) -> None:
    page = explain.plain(explain.drawn(explained(RULES, advert, asked), advert))
    golden(f"explain/{name}.txt", page)


def test_a_rules_name_does_not_steer_the_terminal() -> None:
    rule = 'rule "a\x1b[2Jb": when "x" then add category "c";\n'
    advert = Advert("x \x1b[2J y")
    assert "\x1b" not in explain.drawn(explained(rule, advert), advert).plain
