"""`jobsieve evaluate`: how right the rules are on adverts whose answer is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobsieve.cli import labelled
from jobsieve.cli.context import RULES, STORE, Context
from jobsieve.cli.output import note, show_json, show_table
from jobsieve.errors import JobsieveError

if TYPE_CHECKING:
    from jobsieve.evaluation import Comparison, Evaluation, Outcome
    from jobsieve.evaluation.figures import Share, Span

# What a terminal shows of long tables; JSON and the report hold all.
_ROWS = 15


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="EXAMPLES...")
@RULES
@STORE
@click.option(
    "--against",
    "against",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Rule file or folder to compare with: what got better and worse since; may be repeated.",
)
@labelled.MAP
@labelled.HALF
@labelled.WITHOUT
@labelled.LEAST
@click.option(
    "--history",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Remember this judgement in FILE, and say how often these adverts were judged.",
)
@click.option("--note", "message", default="", metavar="TEXT", help="What FILE says of it.")
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a report with plots and the adverts behind every figure.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@click.pass_obj
def evaluate(
    context: Context,
    files: tuple[str, ...],
    rule_paths: tuple[Path, ...],
    store_url: str | None,
    against: tuple[Path, ...],
    map_file: Path | None,
    half: str | None,
    without: tuple[str, ...],
    least: int,
    history: Path | None,
    message: str,
    html: Path | None,
    as_json: bool,
) -> None:
    """Evaluate rules on adverts whose labels are known.

    EXAMPLES hold adverts as `classify` reads them, each with "labels": category paths, or names that --map
    leads to paths. An advert is right if its primary category is, or stands below, a path of one of its
    labels; one without a category is wrong. All intervals are of 95 %.
    """
    from jobsieve import evaluation
    from jobsieve.evaluation import history as remembering

    rules = context.snapshot(rule_paths, store_url)
    given = labelled.read(context, files)
    chosen, left_out = labelled.choose(given, without, least)
    if half is not None:
        chosen = [each for each in chosen if each.half == half]
    labels = labelled.label_map(map_file, chosen)
    found = evaluation.evaluate(rules, chosen, labels, progress=labelled.say_progress)
    left_out.update(found.left_out)
    if not found.outcomes:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items()) or "none"
        raise JobsieveError(f"there is no labelled advert to judge by (left out: {reasons})")
    compared = None
    if against:
        before = evaluation.evaluate(context.snapshot(against, None), chosen, labels)
        compared = evaluation.compare(before, found)
    times = None
    if history is not None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        names = " ".join(Path(each).name for each in files)
        times = remembering.append(
            history, remembering.entry(found, time=now, examples=names, half=half, note=message)
        )
    if html is not None:
        from jobsieve import reports

        title = labelled.title(files, half)
        reports.write(
            html, reports.evaluation(found, compared, title=title, left_out=left_out, times=times)
        )
        note(f"the report is in {html}")
    if as_json:
        show_json(as_data(found, compared, dict(left_out), times))
    else:
        _show(found, left_out, times)
        if compared is not None:
            _show_comparison(compared)


def as_data(
    found: Evaluation, compared: Comparison | None, left_out: dict[str, int], times: int | None
) -> dict[str, object]:
    """Everything as plain data, shares from 0 to 1."""
    precision, recall, f1 = found.macro
    micro = found.micro
    data: dict[str, object] = {
        "ruleset": found.ruleset,
        "adverts": len(found.outcomes),
        "left_out": left_out,
        "times_judged": times,
        "accuracy": _span(found.accuracy.span),
        "coverage": _span(found.coverage.span),
        "right_among_all": _span(found.anywhere.span),
        "micro": {"precision": micro.precision.value, "recall": micro.recall.value, "f1": micro.f1},
        "macro": {"precision": precision, "recall": recall, "f1": _span(f1)},
        "labels": {
            label: {
                "adverts": each.wanted,
                "given": each.given,
                "right": each.right,
                "precision": _span(each.precision.span),
                "recall": _span(each.recall.span),
                "f1": each.f1,
            }
            for label, each in found.by_label.items()
        },
        "categories": {
            path: {"adverts": share.of, "right": share.hits}
            for path, share in found.by_category.items()
        },
        "rules": {
            each.rule: {
                "gave": each.gave.of,
                "gave_right": each.gave.hits,
                "decided": each.decided.of,
                "decided_right": each.decided.hits,
            }
            for each in found.by_rule
        },
        "silent_rules": found.silent_rules,
        "confusions": [
            {
                "wanted": each.wanted,
                "instead": each.instead,
                "adverts": [outcome.advert.id for outcome in each.outcomes],
            }
            for each in found.confusions
        ],
    }
    if compared is not None:
        data["against"] = {
            "ruleset": compared.before.ruleset,
            "accuracy": _span(compared.before.accuracy.span),
            "coverage": _span(compared.before.coverage.span),
            "p_value": compared.chance,
            **{
                name: [
                    {
                        "id": each.after.advert.id,
                        "before": each.before.answer.primary,
                        "after": each.after.answer.primary,
                    }
                    for each in changes
                ]
                for name, changes in (
                    ("better", compared.better),
                    ("worse", compared.worse),
                    ("other", compared.other),
                )
            },
        }
    return data


def _span(span: Span) -> dict[str, float]:
    return {"value": span.value, "low": span.low, "high": span.high}


def _show(found: Evaluation, left_out: Counter[str], times: int | None) -> None:
    micro, (precision, recall, f1) = found.micro, found.macro
    click.echo(f"{len(found.outcomes):,} adverts by rule set {found.ruleset[:19]}")
    for reason, count in left_out.items():
        click.echo(f"{count:,} left out: {reason}")
    if times is not None:
        click.echo(f"these adverts were judged {times} times" if times > 1 else "judged once")
    click.echo()
    click.echo(f"accuracy of the primary category  {_percent(found.accuracy)}")
    click.echo(f"coverage: with any category       {_percent(found.coverage)}")
    click.echo(f"right among all its categories    {_percent(found.anywhere)}")
    click.echo(
        f"micro: precision {micro.precision.value:.3f}, recall {micro.recall.value:.3f}, "
        f"F1 {micro.f1:.3f}"
    )
    click.echo(
        f"macro: precision {precision:.3f}, recall {recall:.3f}, "
        f"F1 {f1.value:.3f} ({f1.low:.3f} to {f1.high:.3f})"
    )
    click.echo()
    show_table(
        ("label", "adverts", "given", "right", "precision", "recall", "F1"),
        [
            (
                label,
                each.wanted,
                each.given,
                each.right,
                f"{each.precision.value:.3f}",
                f"{each.recall.value:.3f}",
                f"{each.f1:.3f}",
            )
            for label, each in found.by_label.items()
        ],
    )
    wrong = [each for each in found.by_rule if each.decided.hits < each.decided.of][:_ROWS]
    if wrong:
        click.echo()
        show_table(
            ("rule that decided wrongly", "wrong", "decided", "gave a category", "right"),
            [
                (
                    each.rule,
                    each.decided.of - each.decided.hits,
                    each.decided.of,
                    each.gave.of,
                    each.gave.hits,
                )
                for each in wrong
            ],
        )
    if found.confusions:
        click.echo()
        show_table(
            ("wanted", "got", "adverts", "ids"),
            [
                (each.wanted, each.instead, len(each.outcomes), _ids(each.outcomes))
                for each in found.confusions[:_ROWS]
            ],
        )


def _show_comparison(compared: Comparison) -> None:
    click.echo()
    before, after = compared.before.accuracy.value, compared.after.accuracy.value
    click.echo(
        f"before {before:.1%}, now {after:.1%}: {len(compared.better)} adverts better, "
        f"{len(compared.worse)} worse, {len(compared.other)} otherwise; p = {compared.chance:.4f}"
    )
    rows = [
        (
            mark,
            each.after.advert.id,
            each.after.advert.title,
            each.before.answer.primary or "-",
            each.after.answer.primary or "-",
        )
        for mark, changes in (("better", compared.better), ("worse", compared.worse))
        for each in changes[:_ROWS]
    ]
    if rows:
        show_table(("", "id", "title", "before", "now"), rows)


def _ids(outcomes: Sequence[Outcome]) -> str:
    names = [str(each.advert.id) for each in outcomes[:3]]
    return " ".join(names) + (" …" if len(outcomes) > 3 else "")


def _percent(share: Share) -> str:
    span = share.span
    return f"{span.value:6.1%}  ({span.low:.1%} to {span.high:.1%}; {share.hits:,} of {share.of:,})"
