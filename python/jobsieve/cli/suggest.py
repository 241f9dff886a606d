"""`jobsieve suggest`: words that would help the rules, and adverts that they do not catch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobsieve.cli import labelled
from jobsieve.cli.context import RULES, STORE, Context
from jobsieve.cli.output import note, show_json, show_table

if TYPE_CHECKING:
    from jobsieve.suggest import Advice, Group, Suggestion

# What a terminal shows of each list; JSON and the report hold all.
_ROWS = 10


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="ADVERTS...")
@RULES
@STORE
@labelled.MAP
@labelled.HALF
@labelled.WITHOUT
@labelled.LEAST
@click.option("--label", metavar="NAME", help="Only for this label or category.")
@click.option(
    "--most", default=20, metavar="N", type=click.IntRange(min=1), help="Terms for each at most."
)
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a report with the adverts behind every term.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.pass_obj
def suggest(
    context: Context,
    files: tuple[str, ...],
    rule_paths: tuple[Path, ...],
    store_url: str | None,
    map_file: Path | None,
    half: str | None,
    without: tuple[str, ...],
    least: int,
    label: str | None,
    most: int,
    html: Path | None,
    as_json: bool,
) -> None:
    """Suggest words and phrases that would make rules find more, or take less that is wrong.

    Where ADVERTS have labels (as for `evaluate`), the terms of the adverts that a label's rules miss are set
    against all others, and those of adverts wrongly taken against those rightly taken. Where they have none,
    the terms of each category's own adverts are looked for in those that no rule catches.

    Terms are ranked by log-odds, as far as 95 % of chance leaves of them. A person decides which of them is
    the trade's own word and which only one firm's.
    """
    from jobsieve import corpus, evaluation
    from jobsieve import suggest as suggesting

    rules = context.snapshot(rule_paths, store_url)
    given, _ = labelled.choose(labelled.read(context, files), without, least)
    if half is not None:
        given = [each for each in given if each.half == half]
    terms = suggesting.Terms()
    answers = corpus.answers(rules, given, progress=labelled.say_progress)
    if any(each.labels for each in given):
        found = evaluation.judge(rules, given, answers, labelled.label_map(map_file, given))
        judged = [
            suggesting.Judged(each.advert, each.wanted, each.given) for each in found.outcomes
        ]
        advice = suggesting.for_labelled(judged, terms, most=most)
    else:
        pairs = [(advert, answer.primary) for advert, answer in zip(given, answers, strict=True)]
        waiting = [advert for advert, primary in pairs if primary is None]
        caught = [(advert, primary) for advert, primary in pairs if primary is not None]
        advice = suggesting.for_classified(caught, waiting, terms, most=most)
    if label is not None:
        advice = [each for each in advice if each.label == label]
        if not advice:
            note(f'nothing to suggest for "{label}"')
    uncaught = [
        advert for advert, answer in zip(given, answers, strict=True) if answer.primary is None
    ]
    others = [
        advert for advert, answer in zip(given, answers, strict=True) if answer.primary is not None
    ]
    groups = suggesting.groups(uncaught, others, terms) if label is None else []
    if html is not None:
        from jobsieve import reports

        title = labelled.title(files, half)
        reports.write(html, reports.suggestions(advice, groups, title=title, adverts=len(given)))
        note(f"the report is in {html}")
    if as_json:
        show_json(as_data(advice, groups))
    else:
        _show(advice, groups, len(given), len(uncaught))


def as_data(advice: list[Advice], groups: list[Group]) -> dict[str, object]:
    """Everything as plain data."""
    return {
        "labels": [
            {
                "label": each.label,
                "right": each.right,
                "missed": each.missed,
                "taken_wrongly": each.taken,
                "would_find": [_suggestion(one) for one in each.finding],
                "would_exclude": [_suggestion(one) for one in each.excluding],
            }
            for each in advice
        ],
        "uncaught": [
            {"term": each.term, "adverts": [advert.id for advert in each.adverts]}
            for each in groups
        ],
    }


def _suggestion(each: Suggestion) -> dict[str, object]:
    return {
        "field": each.field,
        "term": each.term,
        "inside": each.inside,
        "outside": each.outside,
        "weight": round(each.weight, 3),
        "adverts": [advert.id for advert in each.adverts],
    }


def _show(advice: list[Advice], groups: list[Group], total: int, uncaught: int) -> None:
    for each in advice:
        click.echo(
            f"{each.label}: {each.right:,} right, {each.missed:,} missed, "
            f"{each.taken:,} taken wrongly"
        )
        for name, terms in (("would find", each.finding), ("would exclude", each.excluding)):
            if terms:
                show_table(
                    (name, "in these", "in others", "weight", "such as"),
                    [
                        (
                            f'{one.field} "{one.term}"',
                            one.inside,
                            one.outside,
                            f"{one.weight:.2f}",
                            one.adverts[0].title if one.adverts else "",
                        )
                        for one in terms[:_ROWS]
                    ],
                )
        click.echo()
    click.echo(f"{uncaught:,} of {total:,} adverts have no category")
    if groups:
        show_table(
            ("they share", "adverts", "such as"),
            [
                (each.term or "nothing", len(each.adverts), each.adverts[0].title)
                for each in groups[:_ROWS]
            ],
        )
