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


@dataclass
class _Flag:
    x: float  # a place on the axis
    text: str
    lane: int
    leftwards: bool


@dataclass
class Flags:
    placed: list[_Flag] = field(default_factory=list)
    left_out: int = 0


def of_panel(panel: Panel, scale: Scale, width: float) -> Flags:
    """Of axes that are so many inches wide."""
    said = [(scale.at(point.x), texts.cut(texts.harmless(point.text), width * 0.7, TINY)) for series in panel.series for point in series.points
            if point.text]
    found = Flags()
    taken: list[list[tuple[float, float]]] = [[] for _ in range(_LANES)]
    for x, text in sorted(said):
        start = (x - scale.low) / (scale.high - scale.low) * width
        place = _place(start, texts.width(text, TINY) + _PAD, width, taken)
        if place is None:
            found.left_out += 1
        else:
            found.placed.append(_Flag(x, text, *place))
    return found


def _place(start: float, wide: float, width: float, taken: Sequence[list[tuple[float, float]]]) -> tuple[int, bool] | None:
    """The lowest lane that has room, and whether to the left."""
    for lane, spans in enumerate(taken):
        for leftwards, low, high in ((False, start, start + wide), (True, start - wide, start)):
            if low >= -_PAD and high <= width + _PAD and all(high + _PAD <= a or low >= b + _PAD for a, b in spans):
                spans.append((low, high))
                return lane, leftwards
    return None


def height(flags: Flags) -> float:
    """Inches above the axes."""
    return texts.pitch(TINY) * (1 + max(flag.lane for flag in flags.placed)) + 0.02 if flags.placed else 0.0


def draw(axes: Axes, flags: Flags, scale: Scale, width: float, tall: float) -> None:
    for flag in flags.placed:
        x, y = (flag.x - scale.low) / (scale.high - scale.low), 1 + (texts.pitch(TINY) * flag.lane + 0.02) / tall
        axes.plot([x, x], [0, y + texts.pitch(TINY) * 0.8 / tall], color=GREY, linewidth=0.6, linestyle=(0, (2, 1.5)), transform=axes.transAxes,
                  clip_on=False, zorder=0.5)
        axes.text(x + (-_PAD if flag.leftwards else _PAD) / width, y, flag.text, fontsize=TINY, color=INK, transform=axes.transAxes,
                  ha="right" if flag.leftwards else "left", va="bottom")


def note(flags: Flags) -> list[str]:
    return [f"{words.plural(flags.left_out, 'more change')} not written here"] if flags.left_out else []
