"""The linter: every finding with its words, what silences it, and that it proves what it says."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from jobsieve import config, diagnostics, lint, rules, snapshot
from jobsieve.diagnostics import Diagnostic
from jobsieve.diagnostics.entries import LINTER, read
from tests.conftest import Golden

FOLDER = Path(__file__).parent / "golden" / "lint"
EXAMPLES = list(read(LINTER))


def linted(text: str, name: str = "mine.rules", *beside: tuple[str, str]) -> tuple[Diagnostic, ...]:
    built = snapshot.build([(name, text), *beside])
    return lint.lint(built.ruleset, built.sources, built.diagnostics)


def codes(text: str) -> list[str]:
    return [each.code for each in linted(text)]


def test_findings_in_words(golden: Golden) -> None:
    file = FOLDER / "findings.rules"
    found = linted(file.read_text(encoding="utf-8"), file.name)
    assert {each.code for each in found} == {"JS028", *EXAMPLES}
    golden("lint/findings.txt", diagnostics.as_text(found))


@pytest.mark.parametrize("code", EXAMPLES)
def test_wrong_examples_are_found_and_right_ones_are_not(code: str) -> None:
    entry = diagnostics.registry()[code]
    assert code in codes(entry.wrong)
    assert codes(entry.right) == []


def test_the_starter_rules_have_no_finding_that_is_not_allowed() -> None:
    built = snapshot.build(list(rules.starter_files().items()))
    assert diagnostics.as_text(lint.lint(built.ruleset, built.sources, built.diagnostics)) == ""


def test_a_listed_category_is_not_misspelt_but_may_be_added_by_no_rule() -> None:
    text = "".join(
        f'rule "{number}": when "x{number}" then add category "{path}";\n'
        for number, path in enumerate(["it/pythons", "it/python", "it/python"])
    )
    text += 'rule "r": when "x" and category "it/java" then set "a" = "b";\n'
    listed = ("taxonomy.csv", "path\nit/python\nit/pythons\nit/java\n")
    found = [(each.code, each.line) for each in linted(text)]
    assert ("JS112", 1) in found
    with_taxonomy = [(each.code, each.line) for each in linted(text, "mine.rules", listed)]
    assert with_taxonomy == [each for each in found if each != ("JS112", 1)]
    assert ("JS112", 4) in with_taxonomy


@pytest.mark.parametrize(
    ("mention", "meant"),
    [
        ('category "it/developer"', "it/developers"),
        ('category "it/developers/pyton"', "it/developers/python"),
        ('remove category "it/developer/*"', "it/developers"),
        ('remove category "it/developers/pyton"', "it/developers/python"),
    ],
)
def test_a_misspelt_path_is_told_with_one_as_deep(mention: str, meant: str) -> None:
    action = mention if mention.startswith("remove") else 'set "a" = "b"'
    condition = '"x"' if mention.startswith("remove") else f'"x" and {mention}'
    text = rule('"python"', "p", 'add category "it/developers/python"')
    (found,) = [
        each for each in linted(text + rule(condition, "r", action)) if each.code == "JS112"
    ]
    assert f"did you mean `{meant}`?" in found.hint


def rule(condition: str, name: str = "r", action: str = 'add category "c"') -> str:
    return f'rule "{name}": when {condition} then {action};\n'


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ('"ward nurse"', '"nurses"'),
        ('"ward nurse"', '"ward nurse"~3'),
        ('"a ward nurse"', '"ward nurse"~2'),
        ('"night ward nurse"', '"ward nurses"'),
        ('title "nurse"', '"nurse"'),
        ('"nurse"', '"nurse" or "midwife"'),
        ('"nurse"', 'list "staff"'),
        ('exact "nurses"', '"nurse"'),
        ('case "Nurse"', 'exact "nurse"'),
        ('"nurses"', 'any form "nurse"'),
        ('exact "nursing"', '"nurs*"'),
        ('"nursin*" near/2 "ward"', '"ward" near/3 "nurs*"'),
        ('exact "frontend"', '"front-end"'),
        ('"forklift driver"', '"fork-lift driver"'),
        ('"front-end" near/2 "ward" and "forklift"', '"fork lift" and "front-end"'),
        ('"frontend developer"~1', '"front-end developer"~3'),
        ('list "joined"', 'list "parted"'),
        ('list "few"', 'list "staff"'),
        ('list "few" and "ward"', 'any of ("nurse", "midwife", "doctor")'),
        ('"nurse" near/3 "ward"', '"ward" and "nurse"'),
        ('"nurse" near/3 "ward"', '"ward" near/5 "nurse"'),
        ('"nurse" before/3 "ward"', '"ward" near/3 "nurse"'),
        ('all of ("a1", "b1", "c1")', 'at least 2 of ("b1", "a1", "c1")'),
        ('"a1" and "b1" and not "c1"', '"a1" and not ("c1" and "b1")'),
    ],
)
def test_what_contains_what(small: str, large: str) -> None:
    lists = 'list "staff": "nurse", "midwife"; list "few": "nurses", "staff nurse";\n'
    lists += 'list "joined": "forklift", "frontend"; list "parted": "fork-lift", "front-end";\n'
    used = 'list "staff" or list "few" or list "joined" or list "parted"'
    lists += rule(used, "user", 'add category "z"')
    text = lists + rule(small, "small") + rule(large, "large")
    found = [each for each in linted(text) if each.code == "JS107"]
    assert len(found) == 1
    assert '"large" matches wherever' in found[0].message
    assert codes(lists + rule(small, "small") + rule(large, "large", 'add category "d"')) == []


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ('"nurse" and "ward"', '"ward nurse"'),
        ('"nurse" near/5 "ward"', '"ward" near/3 "nurse"'),
        ('"nurse" near/3 "ward"', '"nurse" before/3 "ward"'),
        ('"nurse"', 'title "nurse"'),
        ('title:"nurse" and description:"ward"', 'title ("nurse" and "ward")'),
        ('"nurse"', '"nurse" and not "ward"'),
        ('case "Nurse"', 'case "NURSE"'),
        # *Fronts end* is one, *fronts* no part of the other.
        ('"front-end"', '"frontend"'),
        ('"frontend" near/2 "ward"', '"front" near/2 "ward"'),
        ('"nurs*"', '"nurse"'),
        ('"c+"', 'exact "c+"'),
    ],
)
def test_what_is_not_contained(small: str, large: str) -> None:
    for found in linted(rule(small, "small") + rule(large, "large")):
        assert (found.code, '"large" matches wherever' in found.message) == ("JS107", False)


def test_a_narrower_rule_with_a_higher_score_is_meant() -> None:
    narrow = rule('title "nurse"', "narrow", 'add category "c" score 2')
    assert codes(narrow + rule('"nurse"', "wide")) == []
    malus = rule('title "nurse"', "malus", 'add category "c" score -1')
    assert codes(malus + rule('"nurse"', "wide", 'add category "c" score 2')) == []
    low = rule('title "nurse"', "low", 'add category "c" score 0.5')
    assert codes(low + rule('"nurse"', "wide")) == ["JS107"]


def test_rules_that_exclude_each_other_do_not_disagree() -> None:
    text = rule('"senior"', "a", 'set "level" = "senior"')
    text += 'rule "b": when "junior" unless "senior" then set "level" = "junior";\n'
    assert codes(text) == []
    # What implies the other's exception only by a star is found by trying.
    text += 'rule "c": when "trainee" unless "seni*" then set "level" = "trainee";\n'
    (found,) = linted(text)
    assert (found.code, '"c"' in found.message or '"b"' in found.message) == ("JS113", True)


def test_an_allowance_needs_a_reason_and_the_line_above() -> None:
    wrong = rule('title "engineer"')
    assert codes(f"# allow JS109: the last resort\n{wrong}") == []
    assert codes(f"# allow js109 , JS028 : the last resort\n{wrong}") == ["JS101"]
    assert codes(f"# allow JS109: the last resort\n# and more\n{wrong}") == []
    assert codes(f"# allow JS109\n{wrong}") == ["JS100", "JS109"]
    apart = linted(f"# allow JS109: the last resort\n\n{wrong}")
    assert [each.code for each in apart] == ["JS101", "JS109"]
    assert "above no rule" in apart[0].message
    right = rule('"ward"')
    (error,) = linted(f"# allow JS007: never\n{right}")
    assert error.message == "JS007 is an error and can't be allowed"
    (unknown,) = linted(f"# allow JS999: x\n{right}")
    assert unknown.message == "there is no finding JS999"


def test_a_compilers_warning_can_be_allowed_too() -> None:
    text = rule('"a" or "b" and "c"')
    sources = [("mine.rules", f"# allow JS028: read from left to right\n{text}")]
    built = snapshot.build(sources)
    assert [each.code for each in built.diagnostics] == ["JS028"]
    assert lint.silenced(sources, built.diagnostics) == ()


WORDS = ["nurse", "nurses", "ward", "night", "care", "home", "front-end", "frontend", "fronts end"]


def drawn_leaf(choose: random.Random) -> str:
    phrase = " ".join(choose.choices(WORDS, k=choose.choice((1, 1, 2, 2, 3))))
    form = choose.choice(("", "", "", "", "exact ", "case ", "any form "))
    term = f'{form}"{phrase}"' + choose.choice(("", "", "~1", "~3")) * (" " in phrase)
    if choose.random() < 0.1:
        term = choose.choice(('"nurs*"', '"nursi*"', '"front*"', 'case "Nur*"'))
    kind = choose.random()
    if kind < 0.2:
        other = choose.choice(WORDS)
        term = f'"{choose.choice(WORDS)}" {choose.choice(("near", "before"))}/{choose.randrange(3)} "{other}"'
    elif kind < 0.3:
        term = choose.choice(('list "one"', 'list "two"'))
    return choose.choice(("title: ", "description: ", "", "")) + term


def drawn(choose: random.Random, depth: int = 2) -> str:
    if depth == 0 or choose.random() < 0.3:
        return drawn_leaf(choose)
    parts = [drawn(choose, depth - 1) for _ in range(choose.randrange(2, 4))]
    kind = choose.choice(("and", "or", "not", "count"))
    if kind == "count":
        return f"at least {choose.randrange(1, len(parts) + 1)} of ({', '.join(parts)})"
    if kind == "not":
        return f"({parts[0]} and not ({parts[1]}))"
    return "(" + f" {kind} ".join(parts) + ")"


def test_what_is_said_holds_on_adverts() -> None:
    """Rules drawn from few words, so that they contain and contradict each other; each claim is tried on
    adverts of the same words."""
    choose = random.Random(7)
    lists = 'list "one": "nurse", "care home"; list "two": "care home", "night", "nurse";\n'
    told = dict.fromkeys(("JS103", "JS104", "JS105", "JS106", "JS107"), 0)
    for _ in range(120):
        text = lists + rule('list "one" or list "two"', "user", 'add category "z"')
        for number in range(8):
            unless = f" unless {drawn(choose, 1)}" if choose.random() < 0.4 else ""
            condition = f'"care" and ({drawn(choose)}){unless}'
            text += rule(condition, f"r{number}").replace('"c"', '"c" score 1')
            # The condition without its exception, and the exception alone.
            text += rule(
                f'"care" and ({condition.split(" unless ")[0]})',
                f"when{number}",
                'add category "w"',
            )
            if unless:
                text += rule(
                    f"{unless.removeprefix(' unless ')}", f"unless{number}", 'add category "u"'
                )
        sources = [("drawn.rules", text)]
        built = snapshot.build(sources)
        found = lint.lint(built.ruleset, sources, built.diagnostics)
        claims = []
        for each in found:
            if each.code in told:
                told[each.code] += 1
                name = each.place.source_line.split('"')[1]
                other = each.related and each.related.place.source_line.split('"')[1]
                claims.append((each.code, name, other))
        for _ in range(40):
            title, description = (
                ". ".join(" ".join(choose.choices(WORDS, k=5)).capitalize() for _ in range(2))
                for _ in range(2)
            )
            matched = set(
                built.ruleset.classify(title=title, description=description).matched_rules
            )
            for code, name, other in claims:
                if code in ("JS103", "JS104"):
                    assert name not in matched, (code, name, text)
                elif code == "JS105":
                    assert not {f"when{name[1:]}", f"unless{name[1:]}"} <= matched, (name, text)
                elif name in matched:
                    assert other in matched, (code, name, other, text)
    assert all(count >= 3 for count in told.values()), told


@pytest.mark.parametrize(
    ("one", "other", "advert"),
    [
        ("salary >= 30k", "salary < 40k", "salary 39999"),
        ('title "nurse" and salary >= 30k', "salary between 20k and 30k", "nurse / salary 30000"),
        ("salary > 30k", "salary >= 20k", "salary 30001"),
        ('posted > "2026-01-01"', 'posted < "2026-03-01"', "posted 2026-02-28"),
        ('location in ("Leeds", "York")', 'location = "york"', "location york"),
        ("remote = true", 'remote != false and "nurse"', "nurse / remote true"),
        ("salary >= 30k", "salary < 30k", None),
        ("salary < 20k", "salary between 30k and 40k", None),
        ('location = "Leeds"', 'location = "York"', None),
        ("remote = true", "remote = false", None),
        ('posted >= "2026-02-01"', 'posted < "2026-02-01"', None),
    ],
)
def test_values_tell_whether_rules_that_set_an_attribute_meet(
    one: str, other: str, advert: str | None
) -> None:
    kinds: dict[str, config.FieldKind] = {
        "salary": "number",
        "posted": "date",
        "location": "keyword",
        "remote": "boolean",
    }
    text = rule(one, "a", 'set "level" = "senior"') + rule(other, "b", 'set "level" = "junior"')
    built = snapshot.build([("a.rules", text)], settings=config.Settings(fields=kinds))
    told = [each for each in lint.lint(built.ruleset, built.sources) if each.code == "JS113"]
    assert len(told) == (advert is not None)
    if advert is not None:
        assert f'an advert that says "{advert}" gets both' in told[0].hint
