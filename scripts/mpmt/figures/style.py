"""How things look: colours that colour-blind readers can tell apart, with a marker, a dash and a hatch for
each."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Union

import matplotlib
from matplotlib.ticker import FuncFormatter

from mpmt.base.shown import shown

# Okabe and Ito, "Color universal design", 2008; the yellow is too pale for lines on white.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#767676"

Dashes = Union[str, tuple[int, tuple[float, ...]]]


@dataclass(frozen=True)
class Series:
    """An executor with its channel, and how it is drawn. Later series are drawn smaller, so that both
    show."""

    label: str
    color: str
    marker: str
    dashes: Dashes
    hatch: str
    size: float


_KNOWN: dict[tuple[str, str | None], tuple[str, str, Dashes, str]] = {
    ("serial", None): (BLACK, "D", (0, (1, 1.2)), ""),
    ("serial_threaded_libc", None): (GREY, "d", (0, (3, 1, 1, 1)), ""),
    ("thread_pool", "by_reference"): (SKY, "^", (0, (1, 1)), ""),
    ("thread_pool", "boost_queue"): (BLUE, "o", "-", ""),
    ("process_pool", "boost_queue"): (VERMILION, "s", (0, (4, 1.5)), ""),
}
_OTHERS: list[tuple[str, str, Dashes, str]] = [
    (color, marker, dashes, "")
    for marker, dashes in (("v", (0, (5, 1, 1, 1))), ("P", (0, (2, 2))), ("X", (0, (6, 2, 2, 2))))
    for color in (GREEN, PURPLE, ORANGE, BLUE, VERMILION)
]
_ORDER = list(_KNOWN)

RC: dict[str, Any] = {
    "font.family": "DejaVu Sans", "font.size": 8, "axes.titlesize": 8.5, "axes.labelsize": 8,
    "legend.fontsize": 8,
    "xtick.labelsize": 7.5, "ytick.labelsize": 7.5, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": "#e4e4e4", "grid.linewidth": 0.6, "axes.axisbelow": True,
    "lines.linewidth": 1.4,
    "hatch.linewidth": 0.6, "figure.facecolor": "white", "savefig.facecolor": "white",
    "text.parse_math": False,  # names are untrusted: a "$" is a dollar
    "svg.fonttype": "none",  # text stays text: searchable, small
    "svg.hashsalt": "mpmt",  # the same record gives the same file
}


def use_style() -> None:
    """Sets the look for all figures drawn from now on; no window is ever opened."""
    matplotlib.use("Agg")
    warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script that the font has not
    matplotlib.rcParams.update(RC)


def series_label(executor: str, channel: str | None) -> str:
    """Shown name; never starts with "_", which legends leave out."""
    name = shown(executor, 32) + (f" · {shown(channel, 32)}" if channel else "")
    return f" {name}" if name.startswith("_") else name


def series_table(pairs: Iterable[tuple[str, str | None]]) -> dict[tuple[str, str | None], Series]:
    """The look of every (executor, channel), known ones first; the same ones look the same in every
    figure."""
    unique = sorted(set(pairs), key=lambda p: (_ORDER.index(p) if p in _ORDER else len(_ORDER), str(p)))
    unknown = [pair for pair in unique if pair not in _KNOWN]
    table = {}
    for at, pair in enumerate(unique):
        look = _KNOWN.get(pair) or _OTHERS[unknown.index(pair) % len(_OTHERS)]
        table[pair] = Series(series_label(*pair), *look, size=max(3.2, 6.4 - 1.1 * at))
    return table


def _digits(value: float) -> str:
    if value == 0:
        return "0"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def number(value: float) -> str:
    """Three significant digits without an exponent where that is readable: 0.0123, 1.23, 123, 1.2e+07."""
    if value != 0 and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.1e}"
    text = _digits(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def ratio(value: float) -> str:
    """Two decimals, so that a column of ratios lines up: 0.98, 1.20; fewer digits far from 1."""
    if value < 0.1 or value >= 1e4:
        return f"{value:.2g}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def duration_unit(ns: float) -> tuple[float, str]:
    """The unit in which `ns` is best read, as (ns per unit, name)."""
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if ns >= size:
            return size, unit
    return 1.0, "ns"


def duration(ns: float) -> str:
    """1.23 µs"""
    if ns == 0:
        return "0"
    size, unit = duration_unit(ns)
    return f"{number(ns / size)} {unit}"


def plain_ticks() -> FuncFormatter:
    """Ticks as plain numbers; log axes would write powers of ten in markup."""
    return FuncFormatter(lambda value, _: number(value))


def duration_ticks() -> FuncFormatter:
    """Ticks of an axis in ns."""
    return FuncFormatter(lambda value, _: duration(value))


def ticks_between(low: float, high: float, most: int = 9) -> list[float]:
    """Round values for a log axis: 1-2-5 steps, powers of ten when there are too many."""
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    for steps in ((1, 1.2, 1.5, 2, 3, 5, 7), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [step * 10.0**d for d in decades for step in steps if low <= step * 10.0**d <= high]
        if 2 <= len(ticks) <= most:
            return ticks
    return ticks[:: math.ceil(len(ticks) / most)] if ticks else [low, high]
