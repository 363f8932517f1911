"""How far an axis goes: to all values, but not to every end of an interval, nor to what is unstable or stands alone far away:
that would press all others together, so it ends in an arrow at the edge."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from mpmt.views.view import BARS, IDEAL, LINES, UNSTABLE, Chart, Panel, Point, Value
from mpmt.writers.plots.scales import Scale, scale_of

_MOST, _TYPICAL = 1.5, 3.0  # of the values' spread, and of a usual interval: what others may add to the axis
_MANY = 20  # points, of which a tenth at either end need not count
_SHARED = 2.0  # how much longer than their own an axis may be that panels share
_FREE, _BEHIND_BARS = 0.06, 0.02  # of an axis's length


def measured_scale(chart: Chart, panels: Sequence[Panel]) -> Scale:
    """Of what is measured in panels."""
    axis = chart.y if chart.kind in (LINES, BARS) else chart.x
    points = _points(panels)
    if axis.values is not None or any(isinstance(_of(chart, point), str) for point in points):
        return scale_of(axis, [_of(chart, point) for point in points])
    across = [float(end) for panel in panels for line in panel.lines for end in (line.at, line.until) if end is not None]
    bars = chart.kind == BARS and not axis.log
    values = [float(_of(chart, point)) for point in points]
    steady = [float(_of(chart, point)) for point in points if UNSTABLE not in point.marks]
    core = [*_central(steady or values), *across, *([0.0] if bars else [])]
    bare = scale_of(axis, core, 0.0)
    places = [bare.at(value) for value in core]
    reach = max(_MOST * (max(places) - min(places)), _TYPICAL * _usual_length(bare, points))
    others = [*values, *_ideal(chart, panels), *(float(end) for point in points for end in (point.low, point.high)
                                                 if end is not None)]
    held = [end for end in others if min(places) - reach <= bare.at(end) <= max(places) + reach and (end > 0 or not axis.log)]
    from_zero = bars and min([*core, *held]) >= 0
    return scale_of(axis, [*core, *held], _BEHIND_BARS if chart.kind == BARS else _FREE, floor=0.0 if from_zero else None)


def _of(chart: Chart, point: Point) -> Value:
    return point.y if chart.kind in (LINES, BARS) else point.x


def _points(panels: Sequence[Panel]) -> list[Point]:
    """Of all but the ideal, unless there is nothing else."""
    all_series = [series for panel in panels for series in panel.series]
    counted = [series for series in all_series if series.side != IDEAL] or all_series
    return [point for series in counted for point in series.points]


def _ideal(chart: Chart, panels: Sequence[Panel]) -> list[float]:
    return [float(_of(chart, point)) for panel in panels for series in panel.series if series.side == IDEAL
            for point in series.points]


def joined(scales: Sequence[Scale]) -> Scale:
    """One that holds all of them."""
    values = [value for scale in scales for value in scale.values]
    made = scale_of(scales[0].axis, values)
    if not made.categories:
        made.low, made.high = min(scale.low for scale in scales), max(scale.high for scale in scales)
        made.zero = min(scale.zero for scale in scales)
    return made


def shared(own: list[Scale], of_lines: bool) -> list[Scale]:
    """One scale for all panels where that leaves them readable, so that they can be compared by eye: rows, unless the longest
    would grow by much; lines, whose slopes have to be seen, unless a usual one would. Else each its own."""
    together = joined(own)
    lengths = [scale.high - scale.low for scale in own]
    held = statistics.median(lengths) if of_lines else max(lengths)
    return [together] * len(own) if together.high - together.low <= _SHARED * held else own


def _central(values: Sequence[float]) -> list[float]:
    """Of many, those that most lie between."""
    if len(values) < _MANY:
        return list(values)
    tenths = statistics.quantiles(values, n=10)
    return [tenths[0], tenths[-1]]


def _usual_length(scale: Scale, points: Sequence[Point]) -> float:
    lengths = [scale.at(point.high) - scale.at(point.low) for point in points if point.low is not None
               and point.high is not None]
    return statistics.median(lengths) if lengths else 0.0
