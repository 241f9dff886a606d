"""Reports as single HTML files: no script, nothing loaded from elsewhere, all text escaped.

Layout stands in `templates/`; this module hands the figures over and knows no figure itself.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from jobsieve import corpus
from jobsieve.errors import FileError

if TYPE_CHECKING:
    from jobsieve.changes import Impact
    from jobsieve.evaluation import Comparison, Evaluation
    from jobsieve.replay import Question, Run
    from jobsieve.suggest import Advice, Group

# Enough to judge an advert by; the whole of it is where it came from.
_EXCERPT = 280
# The row's own address of an advert, if it has one.
_ADDRESSES = ("url", "link")


def write(file: Path, page: str) -> None:
    """Writes a report. Raises `FileError`."""
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise FileError("write the report", file, error.strerror or str(error)) from error


def evaluation(
    found: Evaluation,
    compared: Comparison | None,
    *,
    title: str,
    left_out: Mapping[str, int],
    times: int | None,
) -> str:
    """The report of an evaluation. `left_out` counts adverts by the reason why they were not judged,
    `times` how often these have been."""
    labels = list(found.by_label)
    instead = sorted({each.instead for each in found.confusions} - set(labels))
    names = labels + [name for name in instead if name != "nothing"]
    cells = {(each.wanted, each.instead): each for each in found.confusions}
    return _page(
        "evaluation.html",
        found=found,
        compared=compared,
        title=title,
        left_out=left_out,
        times=times,
        columns=[*names, "nothing"],
        cells=cells,
        numbers={key: number for number, key in enumerate(cells)},
    )


def impact(found: Impact, *, title: str) -> str:
    """The report of what other rules would change."""
    return _page("impact.html", found=found, title=title)


def suggestions(
    advice: Sequence[Advice], groups: Sequence[Group], *, title: str, adverts: int
) -> str:
    """The report of words that would help, and of adverts that no rule catches."""
    return _page("suggestions.html", advice=advice, groups=groups, title=title, adverts=adverts)


def replay(run: Run, pictures: Mapping[str, str], *, when: datetime) -> str:
    """The report of a replay; `pictures` are SVG elements, as `plots.as_svg` draws them."""
    return _page(
        "replay.html",
        run=run,
        names=" and ".join(series.target.name for series in run.series),
        when=f"{when:%d %B %Y, %H:%M} UTC",
        # Drawn by us: what text they hold is escaped there.
        pictures={name: Markup(picture) for name, picture in pictures.items()},
        disagreements=run.disagreements(),
        failures=[
            (series.target.name, reason, count)
            for series in run.series
            for reason, count in series.failures.most_common()
        ],
    )


def _page(template: str, **values: object) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("jobsieve", "reports/templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"excerpt": _excerpt, "address": _address, "percent": _percent}
    environment.filters["heading"] = _heading
    environment.filters["milliseconds"] = _milliseconds
    return environment.get_template(template).render(**values)


def _heading(advert: corpus.Advert | Question) -> str:
    """The title without HTML's references, which feeds often escape twice."""
    return html.unescape(html.unescape(advert.title)).strip() or "(no title)"


def _excerpt(advert: corpus.Advert | Question) -> str:
    text = corpus.plain(advert.description[: 8 * _EXCERPT])
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT].rstrip()} …"


def _address(advert: corpus.Advert) -> str | None:
    for key in _ADDRESSES:
        given = advert.about.get(key)
        if isinstance(given, str) and given.startswith(("http://", "https://")):
            return given
    return None


def _percent(share: float, places: int = 1) -> str:
    return f"{share:.{places}%}".replace("%", " %")


def _milliseconds(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:.3g} ms" if milliseconds < 100 else f"{milliseconds:,.0f} ms"
