"""`jobsieve replay`: adverts sent to running services, and how these compare."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobsieve.cli import labelled
from jobsieve.cli.context import Context
from jobsieve.cli.output import note, show_json, show_table
from jobsieve.errors import FileError

if TYPE_CHECKING:
    from jobsieve.replay import Run

_ROWS = 15


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--to",
    "addresses",
    multiple=True,
    required=True,
    metavar="[NAME=]URL",
    help="Service to send to; given twice, the two are compared. Without a path: /v1/classify.",
)
@click.option(
    "--rate",
    default=50.0,
    show_default=True,
    metavar="N",
    type=click.FloatRange(min=0.1, max=10_000),
    help="Requests a second to each service.",
)
@click.option(
    "--count",
    metavar="N",
    type=click.IntRange(min=1),
    help="Requests to each service; by default every advert once.",
)
@click.option(
    "--connections",
    default=8,
    show_default=True,
    metavar="N",
    type=click.IntRange(min=1, max=256),
    help="Connections to each service.",
)
@click.option(
    "--answer",
    "answer_key",
    default="primary",
    show_default=True,
    metavar="KEY",
    help="Where the category stands in the answers, as in result.0.name.",
)
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="File with the bearer token to send.",
)
@click.option(
    "--html", metavar="FILE", type=click.Path(path_type=Path), help="Write a report with plots."
)
@click.option(
    "--png", metavar="FILE", type=click.Path(path_type=Path), help="Write the plots as a picture."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.pass_obj
def replay(
    context: Context,
    files: tuple[str, ...],
    addresses: tuple[str, ...],
    rate: float,
    count: int | None,
    connections: int,
    answer_key: str,
    token_file: Path | None,
    html: Path | None,
    png: Path | None,
    as_json: bool,
) -> None:
    """Send adverts to one or two running services and compare their times and answers.

    FILE holds adverts as `classify` reads them. Requests are sent at a steady rate, however long answers
    take. Exit status 1 where a request failed.
    """
    from jobsieve import replay as replaying
    from jobsieve import reports
    from jobsieve.reports import plots

    if len(addresses) > 2:
        raise click.UsageError("Two services are compared at most: give --to once or twice.")
    targets = [replaying.Target.parse(address) for address in addresses]
    if len({target.name for target in targets}) < len(targets):
        raise click.UsageError("Give the two services different names: --to old=URL --to new=URL.")
    questions = [
        replaying.Question(advert.id, advert.title, advert.description, advert.body)
        for advert in labelled.read(context, files)
    ]
    # Before the run, not after it.
    if html is not None or png is not None:
        plots.require()
    run = replaying.run(
        questions,
        targets,
        rate=rate,
        connections=connections,
        count=count,
        answer_key=answer_key,
        token=_token(token_file),
        progress=labelled.say_progress,
    )
    if html is not None:
        page = reports.replay(run, plots.as_svg(run), when=datetime.now(UTC))
        reports.write(html, page)
        note(f"the report is in {html}")
    if png is not None:
        plots.write_png(run, png)
        note(f"the plots are in {png}")
    if as_json:
        show_json(as_data(run))
    else:
        _show(run)
    if any(series.failures for series in run.series):
        sys.exit(1)


def as_data(run: Run) -> dict[str, object]:
    """The figures as plain data, times in milliseconds."""
    services = {}
    for series in run.series:
        figures = series.figures
        services[series.target.name] = {
            "url": series.target.url,
            "answered": figures.answered,
            "failed": figures.failed,
            "failures": dict(series.failures),
            "average_ms": figures.average * 1000,
            "p50_ms": figures.p50 * 1000,
            "p90_ms": figures.p90 * 1000,
            "p99_ms": figures.p99 * 1000,
            "longest_ms": figures.longest * 1000,
            "sent_late_p99_ms": figures.late_p99 * 1000,
        }
    data: dict[str, object] = {
        "adverts": len(run.questions),
        "rate": run.rate,
        "seconds": run.seconds,
        "services": services,
    }
    if len(run.series) == 2:
        data["compared"] = run.compared
        data["agreed"] = run.agreed
        data["disagreements"] = [
            {
                "answers": [each.first, each.second],
                "adverts": [run.questions[number].id for number in each.questions],
            }
            for each in run.disagreements()
        ]
    return data


def _show(run: Run) -> None:
    rows = []
    for series in run.series:
        figures = series.figures
        times = (figures.average, figures.p50, figures.p90, figures.p99, figures.longest)
        rows.append(
            (
                series.target.name,
                *(f"{time * 1000:.2f}" for time in times),
                figures.answered,
                figures.failed,
            )
        )
    show_table(("ms", "average", "p50", "p90", "p99", "longest", "answered", "failed"), rows)
    for series in run.series:
        for reason, count in series.failures.most_common(_ROWS):
            click.echo(f"{series.target.name}: {count:,} requests failed: {reason}")
        figures = series.figures
        if figures.late_p99 > max(figures.p99, 0.005):
            note(
                f"requests to {series.target.name} were sent late (p99 {figures.late_p99:.3f} s): "
                "give more --connections or a lower --rate"
            )
    if len(run.series) < 2:
        return
    share = run.agreed / run.compared if run.compared else 0.0
    click.echo(f"\nthe same answer to {run.agreed:,} of {run.compared:,} adverts ({share:.1%})")
    found = run.disagreements()
    if found:
        first, second = (series.target.name for series in run.series)
        show_table(
            (first, second, "adverts", "for example"),
            [
                (
                    each.first or "-",
                    each.second or "-",
                    len(each.questions),
                    run.questions[each.questions[0]].title[:60],
                )
                for each in found[:_ROWS]
            ],
        )


def _token(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not plain ASCII"
        raise FileError("read the token in", file, reason) from None
