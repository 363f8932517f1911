"""One CPU against two: for each channel, its round trip with both sides on one CPU and on two, joined by a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Optional

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from mpmt.figures import page
from mpmt.figures.channel_subject import (SIDES, UNSTABLE_NOTE, UNSTABLE_WORDS, WAITS, ChannelSubject, Measured, channel_label,
                              size_text, unstable_handle)
from mpmt.figures.style import BLACK, BLUE, GREY, VERMILION, duration_ticks, ratio, ticks_between
from mpmt.figures.subject import NothingToDraw

Key = tuple[str, Optional[str]]  # sides, and how they wait, if that is told apart
_WANTED_BYTES = (64, 65536)  # a figure each, for the nearest sizes that there are
_ROW_HEIGHT = 0.165
_HEADROOM = 2.2  # rows' worth of height for a panel's title and ticks
_LOOKS = {"same": (BLUE, "o", "one CPU (same)"), "spread": (VERMILION, "s", "two CPUs (spread)")}


@dataclass(frozen=True)
class Dumbbell:
    label: str
    floor: bool
    same: Measured
    spread: Measured

    @property
    def ends(self) -> tuple[tuple[str, Measured], tuple[str, Measured]]:
        return ("same", self.same), ("spread", self.spread)


def figures(subject: ChannelSubject) -> Iterator[tuple[str, Figure]]:
    found: dict[int, dict[Key, list[Dumbbell]]] = {}
    pairs = _pairs(subject)
    for size in sorted({nearest(sorted({key[0] for key in pairs}), wanted) for wanted in _WANTED_BYTES if pairs}):
        panels: dict[Key, list[Dumbbell]] = {}
        of_size = {key: pair for key, pair in pairs.items() if key[0] == size}
        waits: list[str | None] = [wait for wait in WAITS if any(key[2] == wait for key in of_size)] or [None]
        for (_, sides, wait, *_), bell in of_size.items():
            for shown in waits if wait is None else [wait]:
                panels.setdefault((sides, shown), []).append(bell)
        found[size] = panels
    if not found:
        raise NothingToDraw("no channel's round trip was measured on one CPU and on two")
    for size, panels in found.items():
        yield f"channel_cpus-{size}" if len(found) > 1 else "channel_cpus", _figure(subject, size, panels)


def nearest(sizes: list[int], wanted: int) -> int:
    return min(sizes, key=lambda size: max(size / wanted, wanted / size))


def _pairs(subject: ChannelSubject) -> dict[tuple[Any, ...], Dumbbell]:
    """Cases of ping-pong that differ in placement only, by size, sides, wait, and what else tells them apart."""
    ends: dict[tuple[Any, ...], dict[str, Measured]] = {}
    for case in subject.cases:
        if case.pattern == "ping_pong" and case.touched and (m := subject.measured(case)):
            key = (case.message_bytes, case.sides, case.wait, case.channel, case.futex, case.window)
            ends.setdefault(key, {})[case.placement] = m
    both = {key: pair for key, pair in ends.items() if "same" in pair and "spread" in pair}
    return {key: Dumbbell(_label(key, both), bool(pair["same"].case.floor), pair["same"], pair["spread"])
            for key, pair in both.items()}


def _label(key: tuple[Any, ...], both: dict[tuple[Any, ...], Any]) -> str:
    """The futex is named where there are two kinds."""
    *most, futex, _ = key
    several = len({other[4] for other in both if list(other[:4]) == most}) > 1
    return channel_label(key[3]) + (f", {futex}" if several and futex else "")


def _figure(subject: ChannelSubject, size: int, panels: dict[Key, list[Dumbbell]]) -> Figure:
    rows = [sides for sides in SIDES if any(key[0] == sides for key in panels)]
    columns = [wait for wait in (*WAITS, None) if any(key[1] == wait for key in panels)]
    heights = [max(len(panels.get((sides, wait), ())) for wait in columns) + _HEADROOM for sides in rows]
    figure = page.new_figure()
    grid = figure.subplots(len(rows), len(columns), squeeze=False, sharex=True, gridspec_kw={"height_ratios": heights})
    bells = [bell for panel in panels.values() for bell in panel]
    every = [m for bell in bells for m in (bell.same, bell.spread)]
    limits = min(m.low for m in every) / 1.3, max(m.high for m in every) * 1.3
    for line, sides in zip(grid, rows):
        for axes, wait in zip(line, columns):
            _draw(axes, sorted(panels.get((sides, wait), []), key=lambda bell: (bell.floor, bell.same.median)), limits)
            axes.set_title(sides + (f", {wait}" if wait else ""), loc="left")
    for axes in grid[-1]:
        axes.set_xlabel("round trip (log)")
    sheet = page.Sheet(f"One CPU against two: round trips of {size_text(size)}", _READING, _legend(bells),
                       _notes(subject, every), page.footer_of(subject.record))
    page.dress(figure, sheet, axes_height=_ROW_HEIGHT * sum(heights) + 0.35)
    return figure


_READING = ("Median round trip with both sides on one CPU, where each switch is the scheduler's, and on two, where a waker "
            "has to reach another CPU or a cache line has to travel. Right: two CPUs ÷ one. Whiskers: lowest to highest trial. "
            "Grey names: floors.")


def _legend(bells: list[Dumbbell]) -> list[tuple[Any, str]]:
    entries: list[tuple[Any, str]] = [(Line2D([], [], color=color, marker=marker, linestyle="", markersize=5.5), words)
                                      for color, marker, words in _LOOKS.values()]
    if any(m.unstable for bell in bells for _, m in bell.ends):
        entries.append((unstable_handle(), UNSTABLE_WORDS))
    return entries


def _notes(subject: ChannelSubject, found: list[Measured]) -> list[str]:
    return ([UNSTABLE_NOTE] if any(m.unstable for m in found) else []) + page.left_out_note(subject.left_out)


def _draw(axes: Axes, bells: list[Dumbbell], limits: tuple[float, float]) -> None:
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    for at, bell in enumerate(bells):
        axes.plot([bell.same.median, bell.spread.median], [at, at], color=GREY, linewidth=1.1, alpha=0.7, zorder=2)
        for placement, m in bell.ends:
            color, marker, _ = _LOOKS[placement]
            axes.plot([m.low, m.high], [at, at], color=color, linewidth=2.6, alpha=0.45, solid_capstyle="butt", zorder=2.5)
            axes.plot([m.median], [at], marker=marker, color=color, markersize=5.2, linestyle="", zorder=4,
                      markerfacecolor="white" if m.unstable else color)
            axes.plot(m.modes, [at] * len(m.modes), marker="|", color=color, markersize=7, linestyle="", zorder=3)
        unsure = bell.same.unstable or bell.spread.unstable
        text = "unstable" if unsure else f"×{ratio(bell.spread.median / bell.same.median)}"
        axes.annotate(text, (1, at), xycoords=axes.get_yaxis_transform(), xytext=(4, 0), textcoords="offset points",
                      va="center", fontsize=6.5, color=GREY if unsure else BLACK, annotation_clip=False)
    axes.set_ylim(len(bells) - 0.4, -0.6)
    axes.set_yticks(range(len(bells)), [bell.label for bell in bells])
    for tick, bell in zip(axes.get_yticklabels(), bells):
        tick.set_color("#666666" if bell.floor else BLACK)
    axes.tick_params(axis="y", length=0, labelsize=7)
    axes.grid(axis="y", visible=False)
    axes.set_xticks(ticks_between(*limits, 6))
    axes.xaxis.set_major_formatter(duration_ticks())
    axes.xaxis.set_minor_locator(NullLocator())
