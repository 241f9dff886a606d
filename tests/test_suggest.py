"""Words that set adverts apart, and the adverts that no rule catches."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from jobsieve import corpus, reports, suggest
from tests.service import run

RULES = """
rule "nurse": when title "nurse" then add category "care";
rule "chef": when title "chef" then add category "food";
"""


def advert(number: int, title: str, description: str = "", label: str = "") -> corpus.Advert:
    row = {"id": number, "title": title, "description": description, "labels": label}
    return next(corpus.adverts([msgspec.json.encode(row)], "rows"))


MISSED = [
    advert(n, f"Ward role {n}", "You look after patients on a surgical ward.", "care")
    for n in range(6)
]
OTHERS = [
    advert(10 + n, f"Kitchen role {n}", "You look after the kitchen of a pub.", "food")
    for n in range(6)
]


def test_terms_are_those_of_one_group_with_counts_and_adverts() -> None:
    found = suggest.terms_apart(MISSED, OTHERS, suggest.Terms())
    first = found[0]
    assert (first.inside, first.outside) == (6, 0)
    terms = {(each.field, each.term) for each in found}
    assert ("title", "ward") in terms
    # Both groups hold it.
    assert ("description", "look") not in terms
    # Neither edges that say nothing nor phrases across sentences.
    assert not any(term.split()[0] in {"a", "the", "on"} for _, term in terms)
    assert all(each.adverts for each in found)
    # What chance could make is not suggested.
    assert suggest.terms_apart(MISSED[:1], OTHERS, suggest.Terms()) == []


def test_a_term_that_says_the_same_is_given_once() -> None:
    found = suggest.terms_apart(MISSED, OTHERS, suggest.Terms(), most=50)
    description = [each.term for each in found if each.field == "description"]
    for each in description:
        assert not any(each != other and f" {each} " in f" {other} " for other in description)


def test_advice_for_labels_says_what_would_find_and_what_would_exclude() -> None:
    wrong = [
        advert(20 + n, "Nurse plants", "Gardeners for our plant nursery.", "garden")
        for n in range(4)
    ]
    right = [advert(30 + n, "Staff nurse", "Patients of a hospital.", "care") for n in range(4)]
    judged = [
        *(suggest.Judged(each, ("care",), None) for each in MISSED),
        *(suggest.Judged(each, ("care",), "care") for each in right),
        *(suggest.Judged(each, ("food",), "food") for each in OTHERS),
        *(suggest.Judged(each, ("garden",), "care") for each in wrong),
    ]
    care = suggest.for_labelled(judged, suggest.Terms())[0]
    assert (care.label, care.right, care.missed, care.taken) == ("care", 4, 6, 4)
    assert "surgical" in " ".join(each.term for each in care.finding)
    assert any(each.term == "plant" for each in care.excluding)


def test_advice_without_labels_looks_for_the_categories_words_in_what_is_not_caught() -> None:
    caught = [(advert(40 + n, "Staff nurse", "A surgical ward."), "care") for n in range(5)]
    caught += [(each, "food") for each in OTHERS]
    found = {each.label: each for each in suggest.for_classified(caught, MISSED, suggest.Terms())}
    care = found["care"]
    assert care.missed == 6
    assert {"surgical", "ward"} <= {each.term for each in care.finding}
    assert care.finding[0].adverts[0] in MISSED


def test_uncaught_adverts_are_grouped_by_what_they_share() -> None:
    alone = advert(50, "Lighthouse keeper", "Bring a coat.")
    groups = suggest.groups([*MISSED, alone], OTHERS, suggest.Terms())
    assert [len(each.adverts) for each in groups] == [6, 1]
    assert groups[0].term is not None
    assert groups[1].term is None


def test_the_command_reads_labels_and_does_without(tmp_path: Path) -> None:
    (tmp_path / "my.rules").write_text(RULES, encoding="utf-8")
    rows = [
        {
            "id": each.id,
            "title": each.title,
            "description": each.description,
            "labels": list(each.labels),
        }
        for each in (
            *MISSED,
            *OTHERS,
            *(advert(60 + n, "Chef", "A pub.", "food") for n in range(4)),
            *(advert(70 + n, "Nurse", "A surgical ward.", "care") for n in range(4)),
        )
    ]
    labelled, plain = tmp_path / "labelled.jsonl", tmp_path / "plain.jsonl"
    labelled.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    for row in rows:
        del row["labels"]
    plain.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    call = ["suggest", str(labelled), "--rules", str(tmp_path / "my.rules")]
    done = run(*call, "--html", str(tmp_path / "report.html"))
    assert "care: 4 right, 6 missed, 0 taken wrongly" in done.stdout
    assert "12 of 20 adverts have no category" in done.stdout
    assert "surgical ward" in (tmp_path / "report.html").read_text(encoding="utf-8")
    data = json.loads(run(*call, "--json", "--label", "food").stdout)
    assert [each["label"] for each in data["labels"]] == ["food"]
    data = json.loads(run("suggest", str(plain), *call[2:], "--json").stdout)
    assert "care" in [each["label"] for each in data["labels"]]
    assert sum(len(each["adverts"]) for each in data["uncaught"]) == 12


def test_the_report_stands_without_anything_to_say() -> None:
    page = reports.suggestions([], [], title="<none>", adverts=0)
    assert "&lt;none&gt;" in page
