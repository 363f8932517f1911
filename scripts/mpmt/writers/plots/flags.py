"""What is written at single points of a line, such as a change at a commit: above the axes in lanes, each led to its point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.axes import Axes

from mpmt.answers import words
from mpmt.views.view import Panel
from mpmt.writers.plots import texts
from mpmt.writers.plots.scales import Scale
from mpmt.writers.plots.style import GREY, INK, TINY

_LANES = 3
_PAD = 0.04  # inches

_Span = tuple[float, float]  # from and to, in inches


@dataclass
class _Flag:
    x: float  # inches from the left end of the axes, and where its text begins
    start: float
    text: str
    lane: int


@dataclass
class Flags:
    placed: list[_Flag] = field(default_factory=list)
    left_out: int = 0


def of_panel(panel: Panel, scale: Scale, width: float, left: float, right: float) -> Flags:
    """Of axes that are so many inches wide, with so much room beside them."""
    said = [(scale.at(point.x), texts.cut(texts.harmless(point.text), width * 0.9, TINY))
            for series in panel.series for point in series.points if point.text]
    found = Flags()
    taken: list[list[_Span]] = [[] for _ in range(_LANES)]
    for place, text in sorted(said):
        x = (place - scale.low) / (scale.high - scale.low) * width
        lane, start = _lane(x, texts.width(text, TINY), (-left, width + right), taken)
        if lane is None:
            found.left_out += 1
        else:
            found.placed.append(_Flag(x, start, text, lane))
    return found


def _lane(x: float, wide: float, room: _Span, taken: Sequence[list[_Span]]) -> tuple[int | None, float]:
    """The lowest lane that has room, right of its line, left of it or across; and where the text begins."""
    across = min(max(x - wide / 2, room[0]), room[1] - wide)
    for lane, spans in enumerate(taken):
        for start in (x + _PAD, x - _PAD - wide, across):
            end = start + wide
            if start >= room[0] and end <= room[1] and all(end + 2 * _PAD <= a or start >= b + 2 * _PAD for a, b in spans):
                spans.append((start, end))
                return lane, start
    return None, 0.0


def height(flags: Flags) -> float:
    """Inches above the axes."""
    return texts.pitch(TINY) * (1 + max(flag.lane for flag in flags.placed)) + 0.02 if flags.placed else 0.0


def draw(axes: Axes, flags: Flags, width: float, tall: float) -> None:
    """Into axes that are so many inches wide and high."""
    line = texts.pitch(TINY)
    for flag in flags.placed:
        x, y = flag.x / width, 1 + (line * flag.lane + 0.02) / tall
        beside = abs(flag.start - flag.x) < 2 * _PAD or abs(flag.start + texts.width(flag.text, TINY) - flag.x) < 2 * _PAD
        axes.plot([x, x], [0, y + (line * 0.8 / tall if beside else 0)], color=GREY, linewidth=0.6, linestyle=(0, (2, 1.5)),
                  transform=axes.transAxes, clip_on=False, zorder=0.5)
        axes.text(flag.start / width, y, flag.text, fontsize=TINY, color=INK, transform=axes.transAxes, va="bottom", zorder=6,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3})


def note(flags: Flags) -> list[str]:
    return [f"{words.plural(flags.left_out, 'more change')} not written here"] if flags.left_out else []
