"""Latency and bandwidth against the size of a message: a line per channel, dashed grey ones for the floors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullLocator

from mpmt.figures import direct_labels, page
from mpmt.figures.channel_subject import (PLACEMENTS, SIDES, UNSTABLE_NOTE, UNSTABLE_WORDS, WAITS, ChannelSubject, Look,
                                          Measured, channel_label, distinct, handle, short_size, unstable_handle)
from mpmt.figures.style import GREY, duration, number, ticks_between
from mpmt.figures.subject import NothingToDraw

_PANEL_HEIGHT = 2.75
_PRIMARY = {"futex": (None, "private", "shared"), "touched": (True, False)}


@dataclass(frozen=True)
class Kind:
    """One kind of figure: what is drawn, of which pattern, in which words."""

    stem: str
    pattern: str
    column: str
    title: str
    axis: str
    reading: str
    ticks: Callable[[float], str]
    untouched: bool = True  # whether what nobody touches is drawn; it has no bandwidth worth the name


def rate_text(per_second: float) -> str:
    """1.5 GB/s"""
    for size, unit in ((1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s")):
        if per_second >= size:
            return f"{number(per_second / size)} {unit}"
    return f"{number(per_second)} B/s"


LATENCY = Kind("channel_latency", "ping_pong", "value_ns", "Round trip over a channel, by size of the message",
               "round trip (log)", "Median over trials of the time for a message there and one back", duration)
OPEN_LOOP = Kind("channel_open_loop", "open_loop", "value_ns", "Latency one way at a given rate, by size of the message",
                 "latency (log)", "Median over trials of the time from a message's intended start to its arrival", duration)
BANDWIDTH = Kind("channel_bandwidth", "stream", "bytes_per_second", "Bandwidth of a channel, by size of the message",
                 "bandwidth (log)", "Median over trials of the bytes per second that arrive in a one-way stream", rate_text,
                 untouched=False)


@dataclass(frozen=True)
class Line:
    label: str
    channel: str
    look: Look
    floor: bool
    points: list[Measured]  # by size


def latency(subject: ChannelSubject) -> Iterator[tuple[str, Figure]]:
    return _figures(subject, LATENCY)


def open_loop(subject: ChannelSubject) -> Iterator[tuple[str, Figure]]:
    return _figures(subject, OPEN_LOOP)


def bandwidth(subject: ChannelSubject) -> Iterator[tuple[str, Figure]]:
    return _figures(subject, BANDWIDTH)


def _figures(subject: ChannelSubject, kind: Kind) -> Iterator[tuple[str, Figure]]:
    """A figure for each way to wait and each rate; floors, which have no way to wait, are in all of them."""
    found = [m for case in subject.cases if case.pattern == kind.pattern and (case.touched or kind.untouched)
             and (m := subject.measured(case, kind.column))]
    if not found:
        which = "" if kind.untouched else " whose bytes are touched"
        raise NothingToDraw(f"no ok trial of the pattern {kind.pattern}{which}")
    for rate in distinct((m.case for m in found), "rate"):
        at_rate = [m for m in found if m.case.rate == rate]
        waits = [wait for wait in distinct((m.case for m in at_rate), "wait", WAITS) if wait] or [None]
        for wait in waits:
            chosen = [m for m in at_rate if m.case.wait in (wait, None)]
            parts = [f"{rate:g}".replace(".", "_")] if rate else []
            yield "-".join([kind.stem, *parts, *([wait] if wait else [])]), _figure(subject, kind, chosen, wait, rate)


def lines_of(subject: ChannelSubject, measured: Sequence[Measured]) -> list[Line]:
    """By channel; a second kind of futex, what is not touched, and a second window are lines of their own."""
    by_line: dict[tuple[Any, ...], list[Measured]] = {}
    windows: dict[tuple[Any, ...], set[Any]] = {}
    for m in measured:
        case = m.case
        windows.setdefault((case.channel, case.futex, case.touched, case.message_bytes), set()).add(case.window)
    several = {key[:3] for key, values in windows.items() if len(values) > 1}
    for m in measured:
        look_of = (m.case.channel, m.case.futex, m.case.touched)
        by_line.setdefault((*look_of, m.case.window if look_of in several else None), []).append(m)
    lines = []
    for key in sorted(by_line, key=lambda k: (list(subject.looks).index(k[0]), str(k[1]), not k[2], k[3] or 0)):
        channel, futex, touched, window = key
        of_channel = [m.case for m in measured if m.case.channel == channel]
        look, words = subject.looks[channel], [channel_label(channel)]
        first = [distinct(of_channel, name, order)[0] for name, order in _PRIMARY.items()]
        if futex != first[0]:
            words.append(str(futex))
        if touched != first[1] or not touched:
            words.append("untouched")
        if window is not None:
            words.append(f"window {window}")
        if len(words) > 1:
            look = replace(look, dashes=(0, (1, 1)), width=0.8, size=look.size * 0.7)
        points = sorted(by_line[key], key=lambda m: m.case.message_bytes)
        lines.append(Line(", ".join(words), channel, look, bool(points[0].case.floor), points))
    return lines


def _figure(subject: ChannelSubject, kind: Kind, found: list[Measured], wait: str | None, rate: float | None) -> Figure:
    cases = [m.case for m in found]
    rows, columns = distinct(cases, "placement", PLACEMENTS), distinct(cases, "sides", SIDES)
    figure = page.new_figure()
    grid = figure.subplots(len(rows), len(columns), squeeze=False, sharex=True, sharey=True)
    low, high = _limits(found)
    sizes = distinct(cases, "message_bytes")
    heading: dict[str, Any] = {}
    for axes, (placement, sides) in zip(grid.flat, [(row, column) for row in rows for column in columns]):
        lines = lines_of(subject, [m for m in found if (m.case.placement, m.case.sides) == (placement, sides)])
        _set_axes(axes, sizes, low, high, kind)
        for line in lines:
            _draw(axes, line)
            heading.setdefault(line.label, line)
        direct_labels.write(axes, [(line.label, line.look.color, line.points[-1].case.message_bytes,
                                    line.points[-1].median) for line in lines], _PANEL_HEIGHT)
        axes.set_title(f"{SIDES[sides]}, {PLACEMENTS[placement]}", loc="left")
        axes.label_outer()
    for axes in grid[:, 0]:
        axes.set_ylabel(kind.axis)
    for axes in grid[-1]:
        axes.set_xlabel("bytes per message (log)")
    sheet = page.Sheet(_title(kind, wait, rate), _reading(kind, found), _legend(subject, heading, found),
                       _notes(subject, found), page.footer_of(subject.record))
    page.dress(figure, sheet, axes_height=_PANEL_HEIGHT * len(rows) + 0.2)
    return figure


def _limits(found: list[Measured]) -> tuple[float, float]:
    low, high = min(m.low for m in found) / 1.5, max(m.high for m in found) * 1.5
    room = max(1.0, 8 * low / high) ** 0.5  # so that there is more than one round number
    return low / room, high * room


def _title(kind: Kind, wait: str | None, rate: float | None) -> str:
    return kind.title + (f" ({wait})" if wait else "") + (f", {rate:g} messages/s" if rate else "")


def _reading(kind: Kind, found: list[Measured]) -> str:
    flying = {floor: _windows(found, floor) for floor in (False, True)}
    window = f", at most {flying[False]} in flight" if kind.pattern != "ping_pong" and flying[False] else ""
    beside = f", with {flying[True]} in flight" if window and flying[True] else ""
    floors = f" Dashed grey: floors, what hardware and kernel allow{beside}." if any(m.case.floor for m in found) else ""
    band = " Bands: lowest to highest trial." if any(len(m.values) > 1 for m in found) else ""
    but = ", but where it says untouched" if not all(m.case.touched for m in found) else ""
    return f"{kind.reading}{window}.{band}{floors} The sender writes and the receiver reads every byte{but}."


def _windows(found: list[Measured], floor: bool) -> str:
    windows = sorted({m.case.window for m in found if m.case.floor == floor})
    return " to ".join(str(window) for window in (windows[:1] + windows[1:][-1:]))


def _legend(subject: ChannelSubject, heading: dict[str, Line], found: list[Measured]) -> list[tuple[Any, str]]:
    names = list(dict.fromkeys(line.channel for line in heading.values()))
    entries: list[tuple[Any, str]] = [(handle(look), channel_label(name))
                                      for name, look in subject.looks.items() if name in names]
    if any("," in line.label for line in heading.values()):
        entries.append((Line2D([], [], color=GREY, linestyle=(0, (1, 1)), linewidth=0.8), "thin dots: variant, as labelled"))
    if any(m.unstable for m in found):
        entries.append((unstable_handle(), UNSTABLE_WORDS))
    if any(len(m.values) > 1 for m in found):
        entries.append((Patch(facecolor=GREY, alpha=0.25), "lowest to highest trial"))
    return entries


def _notes(subject: ChannelSubject, found: list[Measured]) -> list[str]:
    return ([UNSTABLE_NOTE] if any(m.unstable for m in found) else []) + page.left_out_note(subject.left_out)


def _draw(axes: Axes, line: Line) -> None:
    look, order = line.look, 2 if line.floor else 3
    sizes = [m.case.message_bytes for m in line.points]
    single = len(sizes) == 1
    axes.plot(sizes, [m.median for m in line.points], color=look.color, linestyle=look.dashes, linewidth=look.width,
              zorder=order)
    if single:
        (point,) = line.points
        axes.errorbar(sizes, [point.median], yerr=[[point.median - point.low], [point.high - point.median]],
                      color=look.color, linestyle="", elinewidth=0.9, capsize=2, zorder=order)
    else:
        steady = [(m.median, m.median) if m.unstable else (m.low, m.high) for m in line.points]  # modes are no spread
        axes.fill_between(sizes, *zip(*steady), color=look.color, alpha=0.18, linewidth=0, zorder=1)
    marker = look.marker or ("_" if single else "")
    for hollow in (False, True):
        points = [m for m in line.points if m.unstable == hollow]
        axes.plot([m.case.message_bytes for m in points], [m.median for m in points], linestyle="", color=look.color,
                  marker=marker or ("o" if hollow else ""), markersize=look.size * (1.15 if hollow else 1),
                  markerfacecolor="white" if hollow else look.color, zorder=order + 1 + hollow)
    for m in line.points:
        draw_modes(axes, m, look.color, order + 1)


def draw_modes(axes: Axes, measured: Measured, color: str, order: float) -> None:
    """A thin line between the two modes, with a short bar at each."""
    if measured.modes:
        axes.add_line(Line2D([measured.case.message_bytes] * 2, measured.modes, color=color, linewidth=0.9, marker="_",
                             markersize=8, zorder=order))


def _set_axes(axes: Axes, sizes: list[int], low: float, high: float, kind: Kind) -> None:
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlim(sizes[0] / (1.6 if len(sizes) > 1 else 8), sizes[-1] * 1.6)
    axes.set_ylim(low, high)
    axes.set_yticks(ticks_between(low, high, 8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: kind.ticks(value)))
    set_size_ticks(axes, sizes)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())


def set_size_ticks(axes: Axes, sizes: list[int], most: int = 11) -> None:
    """The sizes that were measured, as far as their labels have room."""
    room = (sizes[-1] / sizes[0]) ** (1 / most)
    shown = sizes[:1]
    for size in sizes[1:]:
        if size >= shown[-1] * room:
            shown.append(size)
    axes.set_xticks(shown, [short_size(size) for size in shown], fontsize=7)
