"""How far apart the CPUs are: a cache line's round trip between every two of them, as a heat map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, NullLocator

from mpmt.figures import page
from mpmt.figures.channel_subject import ChannelSubject
from mpmt.figures.style import BLACK, BLUE, GREY, duration, number, ticks_between
from mpmt.figures.subject import NothingToDraw

_MOST_NUMBERS = 20  # CPUs; beyond this, numbers in the cells would be too small to read
_MOST_TICKS = 32
_COLORS = "cividis_r"  # made for colour-blind readers; dark is far
_HATCH = "////"


def figures(subject: ChannelSubject) -> Iterator[tuple[str, Figure]]:
    said = subject.record["context"].get("core_to_core")
    if not said:
        raise NothingToDraw("the record has no core-to-core matrix")
    cpus = said["cpus"]
    rows = said["round_trip_ns"]
    if len(rows) != len(cpus) or any(len(row) != len(cpus) for row in rows):
        raise NothingToDraw("the core-to-core matrix is not square")
    values = numpy.array([[numpy.nan if value is None or value <= 0 else value for value in row] for row in rows], float)
    values = values.reshape(len(cpus), len(cpus))
    if not numpy.isfinite(values).any():
        raise NothingToDraw("the core-to-core matrix has no pair of CPUs" + (" (one CPU)" if len(cpus) == 1 else ""))
    yield "core_to_core", _figure(subject, cpus, values, bool(said["complete"]))


def _figure(subject: ChannelSubject, cpus: list[int], values: numpy.ndarray, complete: bool) -> Figure:
    figure = page.new_figure()
    pairs = numpy.sort(_pairs(values))
    several = len(numpy.unique(pairs)) > 1
    left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.35, 1]}) if several else (figure.subplots(), None)
    height = min(4.7, max(1.5, 0.4 * len(cpus) + 0.9))
    image = _draw(left, cpus, values, pairs)
    if several:
        bar = figure.colorbar(image, ax=left, fraction=0.05, pad=0.03)
        bar.set_ticks(_ticks(pairs))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))
        bar.ax.yaxis.set_minor_locator(NullLocator())
        bar.outline.set_visible(False)
        _draw_sorted(right, pairs)
        height = max(height, 2.4)
    missing = _missing(values)
    legend: list[tuple[Any, str]] = [(_hatched(), "not measured")] if missing else []
    range_ = f" to {duration(pairs[-1])}, median {duration(float(numpy.median(pairs)))}" if several else ""
    reading = ("Median round trip of a cache line bounced between two processes, pinned to the row's and the column's CPU: "
               f"{duration(pairs[0])}{range_}.")
    notes = []
    if missing:
        why = "" if complete else ": the time allowed for them was over"
        notes.append(f"{missing} of {len(cpus) * (len(cpus) - 1) // 2} pairs were not measured{why}.")
    sheet = page.Sheet("From core to core: round trips of a cache line", reading, legend, notes, page.footer_of(subject.record))
    page.dress(figure, sheet, axes_height=height)
    return figure


def _pairs(values: numpy.ndarray) -> numpy.ndarray:
    """Each measured pair's value, once."""
    upper = values[numpy.triu_indices(len(values), 1)]
    return upper[numpy.isfinite(upper)]


def _missing(values: numpy.ndarray) -> int:
    return int(numpy.isnan(values[numpy.triu_indices(len(values), 1)]).sum())


def _hatched() -> Patch:
    return Patch(facecolor="white", edgecolor=GREY, hatch=_HATCH, linewidth=0)


def _ticks(pairs: numpy.ndarray) -> list[float]:
    low, high = float(pairs[0]), float(pairs[-1])
    found = ticks_between(low, high, 7)
    return found if len(found) > 2 else [low, high]


def _draw(axes: Axes, cpus: list[int], values: numpy.ndarray, pairs: numpy.ndarray) -> Any:
    low, high = float(pairs[0]), float(pairs[-1])
    norm = LogNorm(low, high) if high > low else LogNorm(low / 2, low * 2)
    colors = colormaps[_COLORS]
    image = axes.imshow(values, cmap=colors, norm=norm, interpolation="nearest", aspect="equal")
    count = len(cpus)
    for row in range(count):
        axes.add_patch(Rectangle((row - 0.5, row - 0.5), 1, 1, facecolor="#ececec", linewidth=0, zorder=2))
        for column in range(count):
            value = values[row, column]
            if row != column and numpy.isnan(value):
                axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="white", edgecolor=GREY, hatch=_HATCH,
                                         linewidth=0, zorder=2))
            elif row != column and count <= _MOST_NUMBERS:
                red, green, blue, _ = colors(norm(value))
                dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
                axes.text(column, row, number(round(float(value)) if value >= 10 else float(value)), ha="center", va="center",
                          fontsize=min(8.0, 72 / count + 2.2), color="white" if dark else BLACK, zorder=3)
    step = -(-count // _MOST_TICKS)
    shown = range(0, count, step)
    small = min(7.5, 130 / count + 2.5)
    axes.set_xticks(list(shown), [str(cpus[at]) for at in shown], fontsize=small, rotation=90 if count > 16 else 0)
    axes.set_yticks(list(shown), [str(cpus[at]) for at in shown], fontsize=small)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_xlabel("CPU")
    axes.set_ylabel("CPU")
    return image


def _draw_sorted(axes: Axes, pairs: numpy.ndarray) -> None:
    """All pairs, nearest first: steps are what the machine is made of (hyper-threads, caches, sockets)."""
    share = (numpy.arange(len(pairs)) + 0.5) / len(pairs)
    axes.plot(share, pairs, color=BLUE, marker="o" if len(pairs) <= 300 else "", markersize=2.6, linewidth=0.8)
    axes.set_yscale("log")
    low, high = float(pairs[0]) / 1.15, float(pairs[-1]) * 1.15
    axes.set_ylim(low, high)
    axes.set_xlim(0, 1)
    axes.set_yticks(ticks_between(low, high, 6))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    axes.set_xlabel("share of the pairs, nearest first")
    axes.set_ylabel("round trip (log)")
