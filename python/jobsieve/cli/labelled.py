"""Labelled adverts from files, and which of them a command was told to use."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobsieve.cli import adverts
from jobsieve.cli.context import Context
from jobsieve.errors import JobsieveError

if TYPE_CHECKING:
    from jobsieve.corpus import Advert
    from jobsieve.evaluation import LabelMap


# The options by which a command is told which adverts to use, and what their labels stand for.
MAP = click.option(
    "--map",
    "map_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="JSON object of each label to its category paths, or to null to leave it out.",
)
HALF = click.option(
    "--half",
    type=click.Choice(["seen", "judged"]),
    help="Only the half of the adverts that rules are written on, or the one kept for judging.",
)
WITHOUT = click.option(
    "--without",
    multiple=True,
    metavar="KEY=VALUE",
    help="Leave out adverts whose row says this, as in site=example.com; may be repeated.",
)
LEAST = click.option(
    "--least",
    default=1,
    metavar="N",
    type=click.IntRange(min=1),
    help="Leave out labels of fewer than N adverts of the files.",
)


def read(context: Context, files: Iterable[str]) -> list[Advert]:
    """The labelled adverts of all files. Raises `JobsieveError` where a row can't be read."""
    from jobsieve import corpus

    settings = context.settings()
    largest, fields = settings.server.max_body_bytes, settings.fields
    found: list[Advert] = []
    for file in files:
        rows = []
        for row in adverts.read(file, largest_cell=largest, fields=fields, more_columns=True):
            if isinstance(row, adverts.Unreadable):
                raise JobsieveError(row.reason)
            rows.append(row)
        found += corpus.adverts(rows, file)
    return found


def choose(
    given: Sequence[Advert], without: Iterable[str], least: int
) -> tuple[list[Advert], Counter[str]]:
    """The adverts to judge by, and how many were left out for which reason."""
    pairs = []
    for each in without:
        key, equals, value = each.partition("=")
        if not equals:
            raise click.BadParameter(f'write KEY=VALUE, not "{each}"', param_hint="--without")
        if given and not any(key in advert.about for advert in given):
            raise click.BadParameter(f'no advert has a "{key}"', param_hint="--without")
        pairs.append((key, value))
    left_out: Counter[str] = Counter()
    kept = []
    for advert in given:
        reason = next((f"{k}={v}" for k, v in pairs if str(advert.about.get(k)) == v), None)
        if reason is None:
            kept.append(advert)
        else:
            left_out[reason] += 1
    counts = Counter(label for advert in kept for label in advert.labels)
    enough = []
    for advert in kept:
        if advert.labels and all(counts[label] < least for label in advert.labels):
            left_out[f"label of fewer than {least} adverts"] += 1
        else:
            enough.append(advert)
    return enough, left_out


def say_progress(done: int) -> None:
    """Says on a terminal how many adverts are done."""
    if sys.stderr is not None and sys.stderr.isatty():
        click.echo(f"\r{done:,} adverts\r", nl=False, err=True)


def label_map(file: Path | None, given: Sequence[Advert]) -> LabelMap:
    """The map that was named; without one labels are category paths themselves."""
    from jobsieve import evaluation

    if file is not None:
        return evaluation.LabelMap.read(file)
    return evaluation.LabelMap.of_paths(label for each in given for label in each.labels)


def title(files: Iterable[str], half: str | None) -> str:
    """What a report is called after."""
    names = " ".join(Path(file).name for file in files)
    return f"{names}, {half} half" if half is not None else names
