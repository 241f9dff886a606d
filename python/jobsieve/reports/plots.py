"""The plots of a replay, as SVG for a page and as one PNG. Needs matplotlib, the extra `plots`."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from jobsieve.errors import FileError, JobsieveError
from jobsieve.replay import quantile

if TYPE_CHECKING:
    from jobsieve.replay import Run

# Blue and orange: told apart by eyes that see red and green alike.
_COLOURS = ("#2b6cb0", "#d9730d")
# What is no service has a colour of its own.
_SAME = "#c3ccd6"
_OTHER = "#7b3f98"
_SOFT = "#5d6b7c"
_LINE = "#dfe4ea"
# More points than that make a picture of megabytes and show nothing more.
_MOST_POINTS = 4_000
_MOST_CATEGORIES = 12
_SLICES = 60

Axes: TypeAlias = Any


def require() -> None:
    """Raises `JobsieveError` where nothing can be drawn."""
    if importlib.util.find_spec("matplotlib") is None:
        raise JobsieveError(
            "plots need matplotlib: pip install 'jobsieve[plots]', or leave the report out"
        )


def as_svg(run: Run) -> dict[str, str]:
    """Each plot as an SVG element."""
    return {name: _svg(draw, run) for name, draw in _plots(run).items()}


def write_png(run: Run, file: Path) -> None:
    """All plots on one sheet. Raises `FileError`."""
    plots = _plots(run)
    figure, axes = _figure(len(plots), 13, 4.2 * ((len(plots) + 1) // 2))
    for draw, one in zip(plots.values(), axes, strict=False):
        draw(run, one)
    names = " and ".join(series.target.name for series in run.series)
    figure.suptitle(
        f"{names}: {len(run.series[0].replies):,} adverts at {run.rate:g} a second", fontsize=13
    )
    try:
        figure.savefig(file, format="png", dpi=110)
    except OSError as error:
        raise FileError("write the plots", file, error.strerror or str(error)) from error


def _plots(run: Run) -> dict[str, Callable[[Run, Axes], None]]:
    plots: dict[str, Callable[[Run, Axes], None]] = {
        "over_time": _over_time,
        "distribution": _distribution,
        "figures": _bars,
    }
    if run.disagreements():
        plots["disagreement"] = _disagreement
    return plots


def _figure(count: int, width: float, height: float) -> tuple[Any, list[Axes]]:
    # Imported where it is used: half a second.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "font.size": 9.5,
        "axes.edgecolor": _LINE,
        "axes.labelcolor": _SOFT,
        "xtick.color": _SOFT,
        "ytick.color": _SOFT,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.fonttype": "none",
        # The same run gives the same file.
        "svg.hashsalt": "jobsieve",
    }
    mpl.rcParams.update(style)
    figure = Figure(figsize=(width, height), layout="constrained")
    columns = 2 if count > 1 else 1
    # Each plot in a part of its own: long names in one take no room from another.
    parts = figure.subfigures((count + columns - 1) // columns, columns, squeeze=False)
    axes = [part.subplots() for part in parts.ravel()[:count]]
    return figure, axes


def _legend(axes: Axes) -> None:
    """On the line of the title, where it covers nothing."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            frameon=False, fontsize=8.5, loc="lower right", bbox_to_anchor=(1, 1), ncols=2,
            borderaxespad=0.2,
        )  # fmt: skip


def _svg(draw: Callable[[Run, Axes], None], run: Run) -> str:
    figure, (axes,) = _figure(1, 7.2, 3.9)
    draw(run, axes)
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    # An element within a page has no declaration of its own.
    return out.getvalue()[out.getvalue().index("<svg") :]


def _over_time(run: Run, axes: Axes) -> None:
    for series, colour in zip(run.series, _COLOURS, strict=False):
        answered = [each for each in series.replies if each.failure is None]
        step = max(1, len(answered) // _MOST_POINTS)
        shown = answered[::step]
        axes.scatter(
            [each.due for each in shown],
            [each.took * 1000 for each in shown],
            s=5,
            alpha=0.25,
            color=colour,
            linewidths=0,
        )
        moments, slow = _slices(answered, run.seconds)
        axes.plot(moments, slow, color=colour, lw=1.6, label=f"{series.target.name}, slowest 1 %")
        failed = [each.due for each in series.replies if each.failure is not None]
        if failed:
            top = [max((each.took for each in answered), default=1.0) * 1000] * len(failed)
            axes.scatter(
                failed, top, marker="x", color=colour, label=f"{series.target.name}, failed"
            )
    if any(series.times for series in run.series):
        axes.set_yscale("log")
    axes.set_xlabel("seconds from the start")
    axes.set_ylabel("milliseconds")
    axes.set_title("Response time over the run", loc="left", fontsize=11)
    _legend(axes)
    _plain_numbers(axes.yaxis)
    axes.grid(axis="y", color=_LINE, lw=0.6)


def _slices(answered: Sequence[Any], seconds: float) -> tuple[list[float], list[float]]:
    """The 99th percentile of each slice of the run."""
    width = max(seconds / _SLICES, 1e-9)
    slices: dict[int, list[float]] = {}
    for each in answered:
        slices.setdefault(int(each.due / width), []).append(each.took * 1000)
    numbers = sorted(slices)
    return (
        [(number + 0.5) * width for number in numbers],
        [quantile(sorted(slices[number]), 0.99) for number in numbers],
    )


def _distribution(run: Run, axes: Axes) -> None:
    for series, colour in zip(run.series, _COLOURS, strict=False):
        times = series.times
        if not times:
            continue
        step = max(1, len(times) // _MOST_POINTS)
        # The slowest ones are what the picture is about: the last is always shown.
        kept = sorted({*range(0, len(times), step), *range(max(0, len(times) - 200), len(times))})
        axes.step(
            [times[index] * 1000 for index in kept],
            [100 * (len(times) - index) / len(times) for index in kept],
            color=colour,
            lw=1.6,
            where="post",
            label=series.target.name,
        )
    if any(series.times for series in run.series):
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlabel("milliseconds")
    axes.set_ylabel("% of requests that take longer")
    axes.set_title("Distribution of response times", loc="left", fontsize=11)
    _plain_numbers(axes.xaxis)
    _plain_numbers(axes.yaxis)
    _legend(axes)
    axes.grid(color=_LINE, lw=0.6)


def _bars(run: Run, axes: Axes) -> None:
    names = ("average", "p50", "p99", "longest")
    width = 0.8 / len(run.series)
    for number, (series, colour) in enumerate(zip(run.series, _COLOURS, strict=False)):
        figures = series.figures
        values = [
            1000 * value for value in (figures.average, figures.p50, figures.p99, figures.longest)
        ]
        places = [index + (number - (len(run.series) - 1) / 2) * width for index in range(4)]
        bars = axes.bar(places, values, width * 0.92, color=colour, label=series.target.name)
        axes.bar_label(bars, [f"{value:.3g}" for value in values], fontsize=8.5, padding=2)
    axes.set_xticks(range(4), names)
    if any(series.times for series in run.series):
        axes.set_yscale("log")
    axes.margins(y=0.18)
    _plain_numbers(axes.yaxis)
    axes.set_ylabel("milliseconds")
    axes.set_title("Average, median, slow and slowest", loc="left", fontsize=11)
    _legend(axes)
    axes.grid(axis="y", color=_LINE, lw=0.6)
    axes.set_axisbelow(True)


def _plain_numbers(axis: Any) -> None:
    """Labels 0.6 and 60 as such, not by powers of ten; what lies between tens only where that is little."""
    from matplotlib.ticker import LogFormatter

    class Minor(LogFormatter):
        def __call__(self, x: float, pos: Any = None) -> str:
            return f"{x:g}" if super().__call__(x, pos) else ""

    axis.set_major_formatter("{x:g}")
    if axis.get_scale() == "log":
        axis.set_minor_formatter(Minor())


def _disagreement(run: Run, axes: Axes) -> None:
    found = [row for row in run.by_category() if row[2]]
    rows = found[:_MOST_CATEGORIES][::-1]
    names = [path if path is not None else "(no category)" for path, _, _ in rows]
    same = [count - other for _, count, other in rows]
    other = [count for _, _, count in rows]
    axes.barh(names, same, color=_SAME, label="the same answer")
    axes.barh(names, other, left=same, color=_OTHER, label="another answer")
    first, second = (series.target.name for series in run.series)
    label = f"adverts, by the answer of {first}"
    if len(found) > len(rows):
        label += f"; {len(rows)} of {len(found)} categories"
    # From the right edge leftwards: beside long names the axis is narrower than the label.
    axes.set_xlabel(label, loc="right")
    axes.xaxis.get_major_locator().set_params(integer=True)
    # Long names leave no room beside the title.
    axes.set_title(f"Where {second} answers otherwise", loc="left", fontsize=11, pad=22)
    axes.legend(
        frameon=False, fontsize=8.5, loc="lower left", bbox_to_anchor=(0, 1), ncols=2,
        borderaxespad=0.2,
    )  # fmt: skip
