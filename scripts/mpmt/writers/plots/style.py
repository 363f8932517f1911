"""How things look: a colour has one meaning in all figures, and a marker and dashes say the same without colour."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Union

import matplotlib

from mpmt.views.view import BASELINE, FLOOR, IDEAL, PROCESSES, PROGRAM, THREADS, Chart, Series

# Okabe and Ito, "Color universal design", 2008; the yellow is too pale for white paper.
BLACK, AMBER, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
GREY, PALE, INK = "#767676", "#b4b4b4", "#333333"

SIDES = {THREADS: BLUE, PROCESSES: VERMILION, BASELINE: BLACK, FLOOR: GREY, IDEAL: PALE}
PROGRAMS = (GREEN, PURPLE, SKY, AMBER)

CHANNELS = {"shm_ring": "o", "shm_arena": "s", "eventfd_ring": "^", "by_reference": "D", "boost_queue": "v",
            "boost_condition": "<", "pipe": "P", "unix_stream": "X", "unix_seqpacket": ">", "tcp_loopback": "h",
            "posix_queue": "*"}
_SPARE = ("p", "d", "H", "8")  # of channels that the table does not know, by their place in the alphabet
_PLAIN = {THREADS: "o", PROCESSES: "s", BASELINE: "D", FLOOR: "d"}  # without a channel
_NUMBERED = ("o", "s", "^", "D", "v", "P", "X", "h")

Dashes = Union[str, tuple[int, tuple[float, ...]]]
_DASHES: tuple[Dashes, ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
_FILLS = ("full", "left", "bottom", "right", "top")
_OF_SIDE: dict[str, Dashes] = {BASELINE: (0, (5, 1, 1, 1)), FLOOR: (0, (3, 2)), IDEAL: (0, (1, 1.5))}

TITLE, HEADING, TEXT, SMALL, TINY = 11.0, 9.0, 8.0, 7.0, 6.2  # points

RC: dict[str, Any] = {
    "font.family": "DejaVu Sans", "font.size": TEXT, "axes.spines.top": False, "axes.spines.right": False,
    "axes.linewidth": 0.6, "axes.edgecolor": "#555555", "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "xtick.major.size": 2.5, "ytick.major.size": 2.5, "xtick.major.pad": 2.0, "ytick.major.pad": 2.0,
    "lines.linewidth": 1.3, "figure.facecolor": "white", "savefig.facecolor": "white", "text.hinting": "no_hinting",
    "text.parse_math": False,  # names are untrusted: a "$" is a dollar
    "svg.fonttype": "none",  # text stays text: searchable, small
    "svg.hashsalt": "mpmt",  # the same report gives the same file
}


def use_style() -> None:
    """Sets the look of all figures drawn from now on; no window is ever opened."""
    matplotlib.use("Agg")
    warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script that the font has not
    matplotlib.rcParams.update(RC)


@dataclass(frozen=True)
class Look:
    color: str
    marker: str  # "": none
    dashes: Dashes
    fill: str = "full"  # which part of the marker has the colour; none of it has where the value is unstable


class Looks:
    """Of all series of a report, so that a channel that no table knows has one marker in all its figures."""

    def __init__(self, charts: Iterable[Chart] = ()) -> None:
        seen = {series.channel for chart in charts for panel in chart.panels for series in panel.series if series.channel}
        unknown = sorted(seen - set(CHANNELS))
        self._channels: Mapping[str, str] = {**CHANNELS, **{name: _SPARE[at % len(_SPARE)] for at, name in enumerate(unknown)}}

    def of(self, series: Series) -> Look:
        return Look(color_of(series), self.marker(series), dashes_of(series), fill_of(series))

    def marker(self, series: Series) -> str:
        if series.side == IDEAL:
            return ""
        if series.channel:
            return self._channels.get(series.channel, _SPARE[0])
        return _PLAIN.get(series.side) or _NUMBERED[series.number % len(_NUMBERED)]


def color_of(series: Series) -> str:
    if series.side == PROGRAM:
        return PROGRAMS[series.number % len(PROGRAMS)]
    return SIDES.get(series.side, INK)


def dashes_of(series: Series) -> Dashes:
    """The first program's, machine's or commit's threads are solid, its processes dashed; each further one has its own."""
    if series.side in _OF_SIDE:
        return _OF_SIDE[series.side]
    at = series.number if series.side == PROGRAM else 2 * series.number + (series.side == PROCESSES)
    return _DASHES[at % len(_DASHES)]


def fill_of(series: Series) -> str:
    """Of machines or commits side by side the first one's markers are full, the others' half."""
    return "full" if series.side == PROGRAM else _FILLS[series.number % len(_FILLS)]


def faded(color: str) -> str:
    """Half-way to white: of what is not decided."""
    parts = (int(color[at:at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{(part + 255) // 2:02x}" for part in parts)
