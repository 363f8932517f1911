"""Names of lines right of the axes, moved apart so that none covers another, each led to the end of its line."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

FONT_SIZE = 6.3
ROOM = 0.3  # inches that the lines which lead to labels take
GAP = 0.118  # inches between the middles of two labels


def apart(wanted: Sequence[float], gap: float) -> list[float]:
    """Places in ascending order, each at least `gap` from the next and as near to the wanted ones (ascending) as can be:
    groups that would overlap are centred on the mean of what they want."""
    groups: list[list[float]] = []  # of each: sum of wanted minus own offset, how many
    for value in wanted:
        groups.append([value, 1])
        while len(groups) > 1 and _end(groups[-2], gap) + gap > _start(groups[-1], gap):
            total, count = groups.pop()
            groups[-1] = [groups[-1][0] + total, groups[-1][1] + count]
    return [_start(group, gap) + gap * at for group in groups for at in range(int(group[1]))]


def within(places: Sequence[float], gap: float) -> list[float]:
    """The same, none of them below 0 or above 1; those that are there move the others, `gap` apart."""
    last = len(places) - 1
    lowered = [min(place, 1 - gap * (last - at)) for at, place in enumerate(places)]
    return [max(place, gap * at) for at, place in enumerate(lowered)]


def _start(group: Sequence[float], gap: float) -> float:
    return group[0] / group[1] - gap * (group[1] - 1) / 2


def _end(group: Sequence[float], gap: float) -> float:
    return group[0] / group[1] + gap * (group[1] - 1) / 2


def write(axes: Axes, ends: Sequence[tuple[str, str, float, float]], height: float, width: float) -> None:
    """`ends`: label, colour, x and y of each line's end, as shares of the axes; which are so many inches high and wide."""
    found = sorted(ends, key=lambda end: end[3])
    places = within(apart([end[3] for end in found], GAP / height), GAP / height)
    before, at = 1 + 0.05 / width, 1 + (ROOM - 0.1) / width
    for (label, color, x, y), place in zip(found, places):
        axes.plot([x, before, at - 0.02 / width], [y, place, place], transform=axes.transAxes, color=color,
                  linewidth=0.5, alpha=0.55, clip_on=False, zorder=1.5, solid_capstyle="butt")
        axes.annotate(label, (at, place), xycoords="axes fraction", va="center", fontsize=FONT_SIZE, color=color,
                      annotation_clip=False)
