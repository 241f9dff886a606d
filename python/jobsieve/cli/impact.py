"""`jobsieve impact`: what other rules would change on a file of adverts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobsieve.cli import labelled
from jobsieve.cli.context import Context
from jobsieve.cli.output import note, show_json, show_table

if TYPE_CHECKING:
    from jobsieve.changes import CategoryChange, Change, Impact

# What a terminal shows of long tables; JSON and the report hold all.
_ROWS = 20


@click.command()
@click.argument("before", metavar="RULES_A")
@click.argument("after", metavar="RULES_B")
@click.argument("files", nargs=-1, required=True, metavar="ADVERTS...")
@click.option("--store", "store_url", metavar="URL", help="Store of live and numbered versions.")
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a report with the adverts behind every figure.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all changes as JSON.")
@click.pass_obj
def impact(
    context: Context,
    before: str,
    after: str,
    files: tuple[str, ...],
    store_url: str | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Show what would change on adverts if RULES_B took the place of RULES_A.

    RULES_A and RULES_B are rule files or folders, versions of the store by number, "live" for its live
    version, or "starter" for the starter rules. ADVERTS hold adverts as `classify` reads them.
    """
    from jobsieve import changes

    old, new = context.named_rules(before, store_url), context.named_rules(after, store_url)
    found = changes.impact(old, new, labelled.read(context, files), progress=labelled.say_progress)
    title = f"{before} → {after}"
    if html is not None:
        from jobsieve import reports

        reports.write(html, reports.impact(found, title=title))
        note(f"the report is in {html}")
    if as_json:
        show_json(as_data(found))
    else:
        _show(found, title)


def as_data(found: Impact) -> dict[str, object]:
    """Everything as plain data."""
    return {
        "before": found.before,
        "after": found.after,
        "adverts": len(found.adverts),
        "gained": [_change(each) for each in found.gained],
        "lost": [_change(each) for each in found.lost],
        "moved": [_change(each) for each in found.moved],
        "beside": [_change(each) for each in found.beside],
        "categories": {each.path: _counts(each) for each in found.categories},
    }


def _change(each: Change) -> dict[str, object]:
    return {
        "id": each.advert.id,
        "title": each.advert.title,
        "before": each.before.primary,
        "after": each.after.primary,
        "rules_before": list(each.before.deciding_rules),
        "rules_after": list(each.after.deciding_rules),
    }


def _counts(each: CategoryChange) -> dict[str, int]:
    return {
        "before": each.before,
        "after": each.after,
        "gained": len(each.gained),
        "lost": len(each.lost),
        "moved_in": len(each.moved_in),
        "moved_out": len(each.moved_out),
    }


def _show(found: Impact, title: str) -> None:
    total = len(found.adverts)
    same = total - len(found.gained) - len(found.lost) - len(found.moved)
    click.echo(f"{title}: {total:,} adverts, {same:,} keep their primary category")
    click.echo(
        f"{len(found.gained):,} gain their first category, {len(found.lost):,} lose their last, "
        f"{len(found.moved):,} move, {len(found.beside):,} change in other categories or attributes"
    )
    if found.categories:
        click.echo()
        show_table(
            ("primary category", "before", "after", "gained", "lost", "moved in", "moved out"),
            [(each.path, *_counts(each).values()) for each in found.categories[:_ROWS]],
        )
        click.echo()
        show_table(
            ("from", "to", "adverts", "such as"),
            [
                (
                    old or "-",
                    new or "-",
                    len(moved),
                    f"{moved[0].advert.title} ({moved[0].advert.id})",
                )
                for old, new, moved in found.flows[:_ROWS]
            ],
        )
