"""A chart's legend: above its panels, never over the data, in rows that fit. With many series it tells what colours and markers
mean instead of naming each; what that leaves ambiguous is named beside its line (direct_labels.py)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from mpmt.views.view import (BARS, BASELINE, DOTS, FLOOR, HEAT, IDEAL, LINES, OVERSUBSCRIBED, PROGRAM, UNDECIDED, UNSTABLE,
                             Chart,
                             Line, Panel, Point, Series)
from mpmt.writers.plots import texts
from mpmt.writers.plots.page import INNER, MARGIN, Page
from mpmt.writers.plots.style import GREY, INK, SMALL, Dashes, Looks, faded

MOST = 7  # entries that name series
_MANY = 6  # points
_HANDLE, _GAP, _BETWEEN = 0.30, 0.05, 0.16  # inches
LINE_DASHES: tuple[Dashes, ...] = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))
SHADE = "#efefef"
MARKS = {UNSTABLE: "hollow: unstable", OVERSUBSCRIBED: "more workers than CPUs", UNDECIDED: "pale: undecided"}


@dataclass(frozen=True)
class Key:
    text: str
    color: str
    marker: str = ""
    dashes: Dashes | None = None
    patch: bool = False
    hollow: bool = False
    fill: str = "full"


def series_in(chart: Chart) -> list[Series]:
    return [series for panel in chart.panels for series in panel.series]


def points_in(chart: Chart) -> Iterable[Point]:
    return (point for series in series_in(chart) for point in series.points)


def key_of(series: Series, looks: Looks, bars: bool) -> Key:
    look = looks.of(series)
    pale, hollow = ([all(mark in point.marks for point in series.points) for mark in (UNDECIDED, UNSTABLE)])
    color = faded(look.color) if pale else look.color
    if bars:
        return Key(texts.harmless(series.name), color, patch=True, hollow=hollow)
    return Key(texts.harmless(series.name), color, look.marker if has_markers(series) else "",
               look.dashes if series.line else None, hollow=hollow, fill=look.fill)


def has_markers(series: Series) -> bool:
    """A floor is a line; so is a level of many points, whose places say nothing."""
    return not series.line or not (series.side in (FLOOR, IDEAL) or (series.side == BASELINE and len(series.points) > _MANY))


def named(chart: Chart, looks: Looks, bars: bool) -> list[Key]:
    """An entry for each series, those that frame the others (floors, the ideal) last."""
    ordered = sorted(series_in(chart), key=lambda series: (series.side in (FLOOR, IDEAL), series.side == IDEAL))
    unique = dict.fromkeys(key_of(series, looks, bars) for series in ordered)
    if chart.kind == LINES:
        return list(unique)
    alike: dict[Key, list[str]] = {}
    for key in unique:  # of rows, which are told apart by their labels
        alike.setdefault(replace(key, text=""), []).append(key.text)
    return [replace(look, text=", ".join(names)) for look, names in alike.items()]


def meant(chart: Chart, looks: Looks) -> list[Key]:
    """What colours mean, then markers: for where naming each series takes too many entries."""
    sides: dict[str, Key] = {}
    channels: dict[str, Key] = {}
    for series in series_in(chart):
        look = looks.of(series)
        own = texts.harmless(series.name) if series.side == PROGRAM or not series.side else series.side
        sides.setdefault(own, Key(own, look.color, "" if series.channel or not has_markers(series) else look.marker,
                                  look.dashes))
        if series.channel:
            channels.setdefault(series.channel, Key(texts.harmless(series.channel), INK, look.marker))
    return [*sides.values(), *channels.values()]


def entries(chart: Chart, looks: Looks) -> tuple[list[Key], bool]:
    """Of the legend, and whether lines have to be named beside them."""
    if chart.kind == HEAT:
        return [Key("unstable", INK, "o", hollow=True)] * any(UNSTABLE in point.marks for point in points_in(chart)), False
    more = line_keys(chart) + mark_keys(chart)
    names = named(chart, looks, chart.kind == BARS)
    if _rows_name_series(chart):
        return more, False
    if len(names) <= MOST:
        return names + more, False
    clear = chart.kind != LINES or all(_is_clear(panel, looks) for panel in chart.panels)
    meanings = meant(chart, looks)
    if len(meanings) > MOST:
        clear = clear and (chart.kind != LINES or _titles_name_channels(chart))
        meanings = [key for key in meanings if key.color != INK]
    return [key for key in meanings if clear or key.color != INK] + more, not clear


def _rows_name_series(chart: Chart) -> bool:
    """Dots or bars of which each row is a series of its own, whose name it has."""
    if chart.kind in (LINES, HEAT):
        return False
    return all((point.y if chart.kind == DOTS else point.x) == series.name for series in series_in(chart)
               for point in series.points)


def _titles_name_channels(chart: Chart) -> bool:
    """Whether each panel is of one channel, which its title says."""
    for panel in chart.panels:
        channels = {series.channel for series in panel.series if series.channel}
        if len(channels) > 1 or any(channel not in panel.title for channel in channels):
            return False
    return True


def _is_clear(panel: Panel, looks: Looks) -> bool:
    """Whether no two of its series look the same."""
    seen = [looks.of(series) for series in panel.series]
    return len(set(seen)) == len(seen)


def line_dashes(chart: Chart) -> dict[str, Dashes]:
    """Of its lines across panels, by their labels."""
    labels = dict.fromkeys(line.label for panel in chart.panels for line in panel.lines if line.until is None)
    return {label: LINE_DASHES[at % len(LINE_DASHES)] for at, label in enumerate(labels)}


def line_keys(chart: Chart) -> list[Key]:
    dashes = line_dashes(chart)
    lines: dict[str, Line] = {}
    for panel in chart.panels:
        for line in panel.lines:
            lines.setdefault(line.label, line)
    return [Key(texts.harmless(label), SHADE if line.until is not None else GREY, dashes=dashes.get(label),
                patch=line.until is not None)
            for label, line in lines.items()][:MOST]


def mark_keys(chart: Chart) -> list[Key]:
    """In words, of those marks that are told by their form, unless whole series have it, whose own entries show it."""
    shaded = chart.kind == LINES and all(is_shaded(panel) for panel in chart.panels if _is_over(panel))
    there = {mark for series in series_in(chart) for mark in MARKS if any(mark in point.marks for point in series.points)
             and (mark == OVERSUBSCRIBED or not all(mark in point.marks for point in series.points))}
    keys = {UNSTABLE: Key(MARKS[UNSTABLE], INK, "o", hollow=True), UNDECIDED: Key(MARKS[UNDECIDED], faded(INK), "o"),
            OVERSUBSCRIBED: Key(MARKS[OVERSUBSCRIBED], SHADE if shaded else INK, "" if shaded else "x", patch=shaded)}
    return [key for mark, key in keys.items() if mark in there]


def _is_over(panel: Panel) -> bool:
    return any(OVERSUBSCRIBED in point.marks for series in panel.series for point in series.points)


def is_shaded(panel: Panel) -> bool:
    """Whether all points with more workers than CPUs lie right of all others, so that they have a ground of their own."""
    points = [point for series in panel.series if series.side != IDEAL for point in series.points]
    over = [float(point.x) for point in points if OVERSUBSCRIBED in point.marks and not isinstance(point.x, str)]
    within = [float(point.x) for point in points if OVERSUBSCRIBED not in point.marks and not isinstance(point.x, str)]
    return bool(over) and all(x < min(over) for x in within)


class Keys:
    """A block of the sheet."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self._rows: list[list[tuple[float, Key, str]]] = []
        x = INNER
        for key in keys:
            text = texts.cut(key.text, INNER - _HANDLE - _GAP, SMALL)
            wide = _HANDLE + _GAP + texts.width(text, SMALL)
            if x + wide > INNER:
                self._rows.append([])
                x = 0.0
            self._rows[-1].append((x, key, text))
            x += wide + _BETWEEN
        self._pitch = texts.pitch(SMALL) + 0.02
        self.height = self._pitch * len(self._rows) + (0.04 if keys else 0)

    def draw(self, page: Page, top: float) -> None:
        for at, row in enumerate(self._rows):
            middle = top + (at + 0.5) * self._pitch
            for x, key, text in row:
                _handle(page, MARGIN + x, page.height - middle, key)
                page.text(MARGIN + x + _HANDLE + _GAP, middle, text, SMALL, va="center_baseline")


def _handle(page: Page, x: float, y: float, key: Key) -> None:
    if key.patch:
        page.add(Rectangle((x + 0.04, y - 0.045), _HANDLE - 0.08, 0.09, facecolor="white" if key.hollow else key.color,
                           edgecolor=key.color if key.hollow else "#999999", linewidth=0.8 if key.hollow else 0.4))
        return
    if key.dashes is not None:
        page.add(Line2D([x, x + _HANDLE], [y, y], color=key.color, linestyle=key.dashes, linewidth=1.3))
    if key.marker:
        page.add(Line2D([x + _HANDLE / 2], [y], color=key.color, marker=key.marker, markersize=4.5, linestyle="none",
                        markerfacecolor="white" if key.hollow else key.color, markerfacecoloralt="white", fillstyle=key.fill))
