from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from jobsieve import _core, diagnostics
from jobsieve.diagnostics import Diagnostic, RawDiagnostic, drawing, entries
from tests.conftest import Golden


def raw(
    code: str, source: str, marked: str, params: dict[str, str] | None = None, **more: object
) -> RawDiagnostic:
    """A finding on the first occurrence of `marked` in the source."""
    start = source.index(marked)
    related = more.get("related")
    assert related is None or isinstance(related, tuple)
    severity = str(more.get("severity", "error"))
    return (code, severity, 0, start, start + len(marked), params or {}, related)


def drawn(source: str, *found: RawDiagnostic, file: str = "it.rules") -> str:
    return diagnostics.as_text(diagnostics.from_raw(found, [(file, source)]))


def one(source: str, *found: RawDiagnostic) -> Diagnostic:
    (diagnostic,) = diagnostics.from_raw(found, [("it.rules", source)])
    return diagnostic


def test_a_finding_shows_place_line_carets_and_advice(golden: Golden) -> None:
    source = 'rule "devs":\n  when title "developer" and python\n  then add category "it";\n'
    known = {"word": "python", "known": "title\ndescription"}
    golden("diagnostics/plain.txt", drawn(source, raw("JS009", source, "python", known)))


def test_a_related_place_is_drawn_too_and_gutters_line_up(golden: Golden) -> None:
    source = 'rule "a": when "x" then add category "c";\n' + "\n" * 10
    source += 'rule "a": when "y" then add category "c";\n'
    second = source.rindex('"a"')
    found = ("JS013", "error", 0, second, second + 3, {"name": "a"}, (0, 5, 8))
    golden("diagnostics/related.txt", drawn(source, found))


def test_carets_stand_below_tabs_wide_and_combining_characters(golden: Golden) -> None:
    source = 'when\ttitle "看護師" and cafe\u0301 or "naïve" frob\r\n'
    golden(
        "diagnostics/widths.txt",
        drawn(
            source,
            raw("JS009", source, "cafe\u0301", {"word": "café", "known": "title"}),
            raw("JS009", source, "frob", {"word": "frob", "known": "title"}),
            raw("JS017", source, '"看護師"', {"term": "看護師"}),
        ),
    )


def test_long_lines_show_the_part_around_the_fault(golden: Golden) -> None:
    words = " or ".join(f'"word {n}"' for n in range(40))
    source = f"first {words} middle {words} last"
    marks = [raw("JS009", source, word, {"word": word}) for word in ("first", "middle", "last")]
    whole = ("JS020", "error", 0, 0, len(source), {"limit": "65536", "size": "70000"}, None)
    golden("diagnostics/long.txt", drawn(source, *marks, whole))


def test_places_at_the_edges_of_a_source(golden: Golden) -> None:
    source = 'rule "a":\n  when ("x"\n'
    over_lines: RawDiagnostic = ("JS004", "error", 0, source.index("("), len(source), {}, None)
    at_the_end: RawDiagnostic = (
        "JS012",
        "error",
        0,
        len(source),
        len(source),
        {"kind": "rule", "name": "a"},
        None,
    )
    beyond: RawDiagnostic = ("JS010", "error", 0, 999, 1_000, {}, None)
    golden("diagnostics/edges.txt", drawn(source, over_lines, at_the_end, beyond))
    golden(
        "diagnostics/empty.txt",
        drawn("", ("JS029", "warning", 0, 0, 0, {}, None), file="empty.rules"),
    )


def test_control_characters_never_reach_the_terminal(golden: Golden) -> None:
    source = 'when \x1b[31m"red\u202e" @\u2028 \x85'
    text = drawn(
        source,
        raw("JS001", source, "\x1b", {"found": "\x1b"}),
        raw("JS017", source, '"red\u202e"', {"term": "red\u202e"}),
        file="a\x1bb.rules",
    )
    golden("diagnostics/controls.txt", text)


def test_terminal_form_has_the_same_text_in_colour() -> None:
    source = 'when "a" or "b" and "c"'
    found = diagnostics.from_raw(
        [
            raw("JS028", source, "or", {"grouping": '"a" or ("b" and "c")'}, severity="warning"),
            raw("JS008", source, "and", {"operator": "and", "side": "left"}, related=(0, 0, 4)),
        ],
        [("it.rules", source)],
    )
    console = Console(force_terminal=True, color_system="standard", width=200, no_color=False)
    with console.capture() as capture:
        console.print(diagnostics.for_terminal(found), end="")
    coloured = capture.get()
    assert "\x1b[1;33mwarning JS028" in coloured
    assert "\x1b[1;31merror JS008" in coloured
    plain = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured).split("\n")]
    assert plain[:-1] == diagnostics.as_text(found).split("\n")


def test_data_form_is_plain_and_complete() -> None:
    source = 'list "a": "x";\nlist "a": "y";\n'
    diagnostic = one(source, ("JS014", "error", 0, 20, 23, {"name": "a"}, (0, 5, 8)))
    data = msgspec.json.decode(msgspec.json.encode(diagnostics.as_data(diagnostic)))
    place = {"file": "it.rules", "line": 2, "column": 6, "end_line": 2, "end_column": 9}
    other = {"file": "it.rules", "line": 1, "column": 6, "end_line": 1, "end_column": 9}
    assert data == {
        "code": "JS014",
        "severity": "error",
        "message": 'there is already a list "a"',
        "hint": "give one of the two another name, or put their words into one list",
        **place,
        "related": {"message": "the other one is here", **other},
    }
    assert str(diagnostic) == 'it.rules:2:6: error JS014: there is already a list "a"'


PLAIN: RawDiagnostic = ("JS009", "error", 0, 5, 11, {"word": "python", "known": "title"}, None)
OVER_LINES: RawDiagnostic = ("JS004", "error", 0, 5, 14, {}, (0, 0, 4))
TWO_LINES = "when python\n(x"


def test_github_shows_findings_beside_the_lines() -> None:
    source = [("rules/a,b: 100%.rules", TWO_LINES)]
    text = diagnostics.as_github(diagnostics.from_raw([PLAIN, OVER_LINES], source))
    assert text.splitlines() == [
        "::error file=rules/a%2Cb%3A 100%25.rules,line=1,endLine=1,col=6,endColumn=12,title=JS009::"
        "`python` is not a field (fields: title)%0A"
        'if it is a word to look for, put it in quotes: "python"',
        "::error file=rules/a%2Cb%3A 100%25.rules,line=1,endLine=2,title=JS004::"
        "this `(` is never closed%0Aadd `)` where the group ends",
    ]


def test_sarif_has_what_code_scanning_reads() -> None:
    """The names and types that the schema of SARIF 2.1.0 asks for; no more are allowed there."""
    source = [("rules/my own.rules", TWO_LINES)]
    found = diagnostics.from_raw([PLAIN, OVER_LINES, PLAIN], source)
    log = msgspec.json.decode(msgspec.json.encode(diagnostics.as_sarif(found)), type=SarifLog)
    assert log.version == "2.1.0"
    (run,) = log.runs
    assert run.columnKind == "unicodeCodePoints"
    rules = run.tool.driver.rules
    assert [rule.id for rule in rules] == ["JS004", "JS009"]
    assert all(rules[result.ruleIndex].id == result.ruleId for result in run.results)
    first, _, over = run.results
    place = first.locations[0].physicalLocation
    assert place.artifactLocation.uri == "rules/my%20own.rules"
    assert place.region == SarifRegion(1, 6, 1, 12)
    assert first.message.text.startswith("`python` is not a field")
    assert over.relatedLocations[0].physicalLocation.region == SarifRegion(1, 1, 1, 5)
    absolute = diagnostics.as_sarif(diagnostics.from_raw([PLAIN], [("/a b.rules", TWO_LINES)]))
    assert '"uri":"file:///a%20b.rules"' in msgspec.json.encode(absolute).decode()


class SarifText(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    markdown: str | None = None


class SarifRule(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    shortDescription: SarifText  # noqa: N815  SARIF's names
    fullDescription: SarifText  # noqa: N815
    help: SarifText


class SarifDriver(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    version: str
    rules: list[SarifRule]


class SarifTool(msgspec.Struct, forbid_unknown_fields=True):
    driver: SarifDriver


class SarifRegion(msgspec.Struct, forbid_unknown_fields=True):
    startLine: Annotated[int, msgspec.Meta(ge=1)]  # noqa: N815
    startColumn: Annotated[int, msgspec.Meta(ge=1)]  # noqa: N815
    endLine: Annotated[int, msgspec.Meta(ge=1)]  # noqa: N815
    endColumn: Annotated[int, msgspec.Meta(ge=1)]  # noqa: N815


class SarifArtifact(msgspec.Struct, forbid_unknown_fields=True):
    uri: str


class SarifPhysical(msgspec.Struct, forbid_unknown_fields=True):
    artifactLocation: SarifArtifact  # noqa: N815
    region: SarifRegion


class SarifLocation(msgspec.Struct, forbid_unknown_fields=True):
    physicalLocation: SarifPhysical  # noqa: N815
    id: int | None = None
    message: SarifText | None = None


class SarifResult(msgspec.Struct, forbid_unknown_fields=True):
    ruleId: str  # noqa: N815
    ruleIndex: int  # noqa: N815
    level: Literal["error", "warning", "note", "none"]
    message: SarifText
    locations: list[SarifLocation]
    relatedLocations: list[SarifLocation] = []  # noqa: N815


class SarifRun(msgspec.Struct, forbid_unknown_fields=True):
    tool: SarifTool
    columnKind: Literal["utf16CodeUnits", "unicodeCodePoints"]  # noqa: N815
    results: list[SarifResult]


class SarifLog(msgspec.Struct, forbid_unknown_fields=True):
    version: str
    runs: list[SarifRun]
    schema: str = msgspec.field(name="$schema")


def test_findings_come_in_the_order_of_sources_and_places() -> None:
    found: list[RawDiagnostic] = [
        ("JS010", "error", 1, 3, 4, {}, None),
        ("JS011", "error", 0, 9, 9, {}, None),
        ("JS010", "warning", 0, 2, 4, {}, None),
    ]
    made = diagnostics.from_raw(found, [("b.rules", "x" * 9), ("a.rules", "y" * 9)])
    assert [(d.file, d.column) for d in made] == [("b.rules", 3), ("b.rules", 10), ("a.rules", 4)]
    assert diagnostics.summary(made) == "2 errors and 1 warning"
    assert diagnostics.summary([]) == "nothing found"


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("titel", "title\ndescription", "did you mean `title`?"),
        ("TITEL", "Title\ndescription", "did you mean `Title`?"),
        ("zebra", "title\ndescription", None),
    ],
)
def test_close_names_are_suggested(word: str, known: str, hint: str | None) -> None:
    advice = one(word, raw("JS009", word, word, {"word": word, "known": known})).hint.split("\n")
    assert (advice[0] if len(advice) == 2 else None) == hint
    assert advice[-1] == f'if it is a word to look for, put it in quotes: "{word}"'


def test_many_wrong_names_and_many_known_ones_stay_short() -> None:
    source = "wrong " * 500
    known = "\n".join(f"right {n}" for n in range(3_000))
    found = [
        ("JS009", "error", 0, n * 6, n * 6 + 5, {"word": "wrong", "known": known}, None)
        for n in range(500)
    ]
    made = diagnostics.from_raw(found, [("it.rules", source)])
    assert "right 11 and 2988 more" in made[0].message
    assert len(made[0].message) < 200


def test_parameters_are_cut_and_braces_in_them_are_only_text() -> None:
    long = "{word}" * 100
    message = one("x", ("JS017", "error", 0, 0, 1, {"term": long}, None)).message
    assert message == f'"{long[:79]}…" holds no word'


def test_cases_replace_message_and_hint() -> None:
    params = {"found": "1,5", "reason": "comma"}
    assert one("1,5", raw("JS025", "1,5", "1,5", params)).message == "`1,5` has a comma"
    params["reason"] = "new-reason"
    assert one("1,5", raw("JS025", "1,5", "1,5", params)).message == "`1,5` is not a score"


def test_unknown_code_and_missing_parameter_still_show_the_place() -> None:
    assert str(one("xy", ("JS999", "error", 0, 1, 2, {}, None))) == (
        "it.rules:1:2: error JS999: JS999 (this version has no words for it)"
    )
    assert one("xy", ("JS006", "error", 0, 1, 2, {}, None)).message == "expected ?, found ?"


def test_explanation_shows_the_fault_and_its_mending(golden: Golden) -> None:
    page = diagnostics.explanation("js013")
    assert page is not None
    golden("diagnostics/explanation.txt", page)
    assert diagnostics.explanation("JS000") is None


def test_every_entry_is_fit_to_print() -> None:
    known = diagnostics.registry()
    assert list(known) == sorted(known)
    assert len(known) >= 45
    for code, entry in known.items():
        texts = [entry.title, entry.message, entry.hint, entry.explanation]
        texts += [
            text for case in entry.by_case.values() for text in (case.message, case.hint) if text
        ]
        assert all(text == text.strip() for text in (entry.title, entry.message, entry.hint)), code
        assert not entry.message.endswith("."), code
        assert not entry.title.endswith("."), code
        assert entry.wrong != entry.right, code
        assert bool(entry.by_case) == bool(entry.cases), code
        for text in texts:
            text.format_map(dict.fromkeys(re.findall(r"\{(\w+)\}", text), "x"))


characters = st.text(st.sampled_from("ab \t\r看é\u0301\u200b\x1b👍🏽\u202e"), max_size=160)


@given(line=characters, start=st.integers(0, 160), length=st.integers(0, 160))
def test_an_excerpt_fits_and_its_carets_stand_below_it(line: str, start: int, length: int) -> None:
    shown, before, carets = drawing._excerpt(line, start, start + length)
    assert cell_len(shown) <= drawing._EXCERPT_CELLS
    assert carets >= 1
    # One cell more than the line: a fault at its end stands behind the last character.
    assert before + carets <= sum(map(cell_len, shown)) + 1
    assert "\x1b" not in shown


COMPILER_ENTRIES = entries.read(entries.COMPILER)
# The fields of the examples.
FIELDS = b'{"fields": {"salary": "number", "location": "keyword", "posted": "date", "remote": "boolean"}}'


# The categories that the examples of these codes stand beside.
LISTED = b"""{"taxonomy": {"paths": ["it/developers", "it/developers/python"],
    "retired": {"it/coders": "it/developers"}}}"""


def compiled(text: str, settings: bytes = FIELDS) -> dict[str, str]:
    """Codes with their severity."""
    _, found = _core.compile([("example.rules", text)], settings=settings)
    return {code: severity for code, severity, *_ in found}


def test_the_registry_knows_the_codes_of_the_engine_and_no_other() -> None:
    assert sorted(_core.diagnostic_codes()) == list(COMPILER_ENTRIES)


@pytest.mark.parametrize("code", list(COMPILER_ENTRIES))
def test_wrong_examples_are_wrong_and_right_ones_right(code: str) -> None:
    entry = diagnostics.registry()[code]
    settings = LISTED if code in ("JS059", "JS060") else FIELDS
    if not entry.excerpt:
        assert compiled(entry.wrong, settings)[code] == ("warning" if entry.warning else "error")
    assert compiled(entry.right, settings) == {}
