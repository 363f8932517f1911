"""Processes ÷ threads over the same channel: a small panel per channel, ratios against the size of the message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from mpmt.base.shown import shown
from mpmt.figures import page
from mpmt.figures.by_size import set_size_ticks
from mpmt.figures.channel_subject import PATTERNS, PLACEMENTS, WAITS, ChannelSubject, channel_label
from mpmt.figures.style import BLACK, BLUE, GREEN, GREY, PURPLE, VERMILION, plain_ticks, ticks_between
from mpmt.figures.subject import NothingToDraw
from mpmt.records.families import CHANNEL, comparisons_of
from mpmt.records.record_file import Rules, rules

_PER_PAGE = 12
_PANEL_HEIGHT = 1.75
_CLOSE = 0.10  # within this, the harness itself adds nothing that counts
_REACH = 1.6  # factor beyond the outermost point where intervals are cut; an arrow says that they go on
_COLORS = {"same": BLUE, "spread": VERMILION, "free": PURPLE}
_MARKERS = {"block": ("o", "-"), "yield": ("s", (0, (4, 1.5))), "spin": ("^", (0, (1, 1)))}
_Row = dict[str, Any]
_Key = tuple[Any, ...]


def figures(subject: ChannelSubject) -> Iterator[tuple[str, Figure]]:
    """A figure for each pattern, and rate."""
    ours = set(subject.all_cases["name"])
    rows = [row for row in comparisons_of(subject.record, CHANNEL)
            if row["table"] == "controlled" and row["channel"] and row["processes_case"] in ours]
    if not rows:
        raise NothingToDraw("no comparisons: they need a thread and a process case over the same channel")
    if not any(row["ratio"] for row in rows):
        raise NothingToDraw("no comparison has a ratio: they need two rounds in which both sides are ok")
    rates = {case.name: case.rate for case in subject.cases}
    for pattern in PATTERNS:
        for rate in sorted({rates.get(row["processes_case"]) for row in rows if row["pattern"] == pattern},
                           key=lambda r: r or 0):
            chosen = [row for row in rows if row["pattern"] == pattern and rates.get(row["processes_case"]) == rate]
            if any(row["ratio"] for row in chosen):
                yield from _of_pattern(subject, pattern, rate, chosen)


def _of_pattern(subject: ChannelSubject, pattern: str, rate: float | None, rows: list[_Row]) -> Iterator[tuple[str, Figure]]:
    order = list(subject.looks)
    by_channel: dict[tuple[str, bool], list[_Row]] = {}
    for row in rows:
        if row["ratio"]:
            by_channel.setdefault((row["channel"], row.get("touched") is False), []).append(row)
    panels = [(channel_label(name) + ", untouched" * untouched, by_channel[name, untouched]) for name, untouched in
              sorted(by_channel, key=lambda key: (order.index(key[0]) if key[0] in order else len(order), key[1]))]
    dealt = page.pages(panels, _PER_PAGE)
    at_rate = f", {rate:g} messages/s" if rate else ""
    stem = f"channel_sides-{pattern}" + (f"-{rate:g}".replace(".", "_") if rate else "")
    for at, part in enumerate(dealt):
        title = page.page_title(f"Processes ÷ threads over the same channel ({PATTERNS[pattern]}{at_rate})", at, len(dealt))
        yield page.page_name(stem, at, len(dealt)), _figure(subject, rows, part, title)


def _limits(rows: list[_Row]) -> tuple[float, float]:
    ratios = [row["ratio"] for row in rows if row["ratio"]]
    lowest, highest = min(*ratios, 0.85), max(*ratios, 1.18)
    low = min(lowest, *(max(row["low"], lowest / _REACH) for row in rows if row["low"]), lowest)
    high = max(highest, *(min(row["high"], highest * _REACH) for row in rows if row["high"]), highest)
    return low / 1.04, high * 1.04


def _figure(subject: ChannelSubject, rows: list[_Row], panels: list[tuple[str, list[_Row]]], title: str) -> Figure:
    columns = min(len(panels), 3 if len(panels) in (3, 5, 6, 9) else 4)
    lines = -(-len(panels) // columns)
    figure = page.new_figure()
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True)
    limits, judged_by = _limits(rows), rules(subject.record)
    sizes = sorted({row["message_bytes"] for row in rows if row["message_bytes"]})
    keys = sorted({_key(row) for _, found in panels for row in found}, key=_order)
    for at, axes in enumerate(grid.flat):
        if at >= len(panels):
            axes.set_visible(False)
            continue
        _draw_panel(axes, panels[at][1], keys, sizes, limits, judged_by.margin)
        axes.set_title(panels[at][0], loc="left")
        axes.tick_params(labelleft=at % columns == 0)
        if at % columns == 0:
            axes.set_ylabel("processes ÷ threads (log)")
        if at + columns >= len(panels):
            axes.set_xlabel("bytes per message (log)")
    reading = ("Time per operation between processes ÷ between threads, same channel, same kind of futex, placement and way to "
               f"wait: above 1 threads are faster. Bars: {judged_by.confidence_text} interval of the ratio over rounds; "
               f"shaded: {judged_by.margin_text} and ± {100 * _CLOSE:.0f} %.")
    drawn = [row for _, found in panels for row in found]
    sheet = page.Sheet(title, reading, _legend(keys, drawn, judged_by),
                       _notes(subject, rows), page.footer_of(subject.record))
    page.dress(figure, sheet, axes_height=_PANEL_HEIGHT * lines + 0.25)
    return figure


def _key(row: _Row) -> _Key:
    """What a line within a panel is."""
    return row["placement"], row["wait"], row.get("futex")


def _order(key: _Key) -> tuple[Any, ...]:
    placement, wait, futex = key
    return ([*PLACEMENTS].index(placement) if placement in PLACEMENTS else 9,
            WAITS.index(wait) if wait in WAITS else 9, futex or "")


def _look(key: _Key) -> tuple[str, str, Any]:
    marker, dashes = _MARKERS.get(key[1], ("D", "-"))
    return _COLORS.get(key[0], GREY), marker, dashes


def _legend(keys: list[_Key], rows: list[_Row], judged_by: Rules) -> list[tuple[Any, str]]:
    entries: list[tuple[Any, str]] = []
    for key in dict.fromkeys(key[:2] for key in keys):
        color, marker, dashes = _look(key)
        words = [PLACEMENTS.get(key[0], "placements differ"), *([key[1]] if key[1] else [])]
        entries.append((Line2D([], [], color=color, marker=marker, linestyle=dashes, markersize=4.5, linewidth=1.1),
                        ", ".join(words)))
    if any(row["verdict"] == "unstable" for row in rows):
        entries.append((Line2D([], [], color=GREY, marker="o", markerfacecolor="white", linestyle="", markersize=4.5),
                        "hollow: unstable, no winner named"))
    entries.append((Patch(facecolor=GREEN, alpha=0.3), judged_by.margin_text))
    entries.append((Patch(facecolor=GREEN, alpha=0.1), f"± {100 * _CLOSE:.0f} %"))
    return entries


def _notes(subject: ChannelSubject, rows: list[_Row]) -> list[str]:
    empty = list(dict.fromkeys(f"{shown(row['channel'], 32)}" + (f": {shown(row['reason'], 80)}" if row["reason"] else "")
                               for row in rows if not row["ratio"]))
    notes = [f"Without a ratio: {'; '.join(empty[:8])}{' …' if len(empty) > 8 else ''}."] if empty else []
    return notes + page.left_out_note(subject.left_out)


def _draw_panel(axes: Axes, rows: list[_Row], keys: list[_Key], sizes: list[int], limits: tuple[float, float],
                margin: float) -> None:
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    single = len(sizes) < 2
    axes.set_xlim(sizes[0] / (2 if single else 4), sizes[-1] * (2 if single else 4))
    axes.set_ylim(*limits)
    for width, alpha in ((_CLOSE, 0.1), (margin, 0.2)):
        axes.axhspan(1 / (1 + width), 1 + width, color=GREEN, alpha=alpha, linewidth=0, zorder=0)
    axes.axhline(1, color=BLACK, linewidth=0.8, zorder=1)
    step = (sizes[-1] / sizes[0]) ** (1 / max(1, len(sizes) - 1)) if not single else 2
    keys = [key for key in keys if any(_key(row) == key for row in rows)]
    for at, key in enumerate(keys):
        chosen = sorted((row for row in rows if _key(row) == key and row["message_bytes"]),
                        key=lambda row: row["message_bytes"])
        shift = min(step, 4.0) ** (0.2 * (at - (len(keys) - 1) / 2))
        _draw_line(axes, chosen, _look(key), shift, limits)
    set_size_ticks(axes, sizes, 5)
    axes.set_yticks(_ticks(*limits))
    axes.yaxis.set_major_formatter(plain_ticks())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())


def _ticks(low: float, high: float) -> list[float]:
    if high / low < 2.5:
        return [tick for tick in (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.5, 1.7, 2) if low <= tick <= high]
    return sorted({1.0, *(tick for tick in ticks_between(low, high, 7) if not 0.75 < tick < 1.3)})


def _draw_line(axes: Axes, rows: list[_Row], look: tuple[str, str, Any], shift: float, limits: tuple[float, float]) -> None:
    color, marker, dashes = look
    xs = [row["message_bytes"] * shift for row in rows]
    axes.plot(xs, [row["ratio"] for row in rows], color=color, linestyle=dashes, linewidth=0.9, alpha=0.8, zorder=2)
    for x, row in zip(xs, rows):
        if row["low"] is not None and row["high"] is not None:
            low, high = max(row["low"], limits[0]), min(row["high"], limits[1])
            axes.plot([x, x], [low, high], color=color, linewidth=1.0, zorder=3)
            for end, cut, arrow in ((low, row["low"] < limits[0], "v"), (high, row["high"] > limits[1], "^")):
                if cut:
                    axes.plot([x], [end], marker=arrow, color=color, markersize=4, zorder=3, clip_on=False)
        unstable = row["verdict"] == "unstable"
        axes.plot([x], [row["ratio"]], marker=marker, color=color, markersize=4, linestyle="", zorder=5 if unstable else 4,
                  markerfacecolor="white" if unstable else color)
