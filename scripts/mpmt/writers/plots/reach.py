"""How far an axis goes: to all values, but not to every end of an interval, nor to what is unstable or stands alone far away: that
would press all others together, so it ends in an arrow at the edge."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from mpmt.views.view import BARS, IDEAL, LINES, UNSTABLE, Axis, Chart, Panel, Point, Value
from mpmt.writers.plots.scales import Scale, scale_of

_MOST, _TYPICAL = 1.5, 3.0  # of the values' spread, and of a usual interval: what others may add to the axis
_MANY = 20  # points, of which a tenth at either end need not count
_FREE, _BEHIND_BARS = 0.06, 0.02  # of an axis's length


def measured_scale(chart: Chart, panels: Sequence[Panel]) -> Scale:
    """Of what is measured in panels."""
    axis = chart.y if chart.kind in (LINES, BARS) else chart.x
    points = _points(chart, axis, panels)
    if axis.values is not None or any(isinstance(_of(chart, point), str) for point in points):
        return scale_of(axis, [_of(chart, point) for point in points])
    across = [float(end) for panel in panels for line in panel.lines for end in (line.at, line.until) if end is not None]
    bars = chart.kind == BARS and not axis.log
    steady = [float(_of(chart, point)) for point in points if UNSTABLE not in point.marks] or [float(_of(chart, point)) for point in points]
    core = [*_central(steady), *across, *([0.0] if bars else [])]
    bare = scale_of(axis, core, 0.0)
    reach = max(_MOST * (max(map(bare.at, core)) - min(map(bare.at, core))), _TYPICAL * _usual_length(bare, points))
    others = [float(end) for point in points for end in (_of(chart, point), point.low, point.high) if end is not None]
    low, high = min(map(bare.at, core)) - reach, max(map(bare.at, core)) + reach
    held = [end for end in others if low <= bare.at(end) <= high and (end > 0 or not axis.log)]
    from_zero = bars and min([*core, *held]) >= 0
    return scale_of(axis, [*core, *held], _BEHIND_BARS if chart.kind == BARS else _FREE, floor=0.0 if from_zero else None)


def _of(chart: Chart, point: Point) -> Value:
    return point.y if chart.kind in (LINES, BARS) else point.x


def _points(chart: Chart, axis: Axis, panels: Sequence[Panel]) -> list[Point]:
    """The ideal counts on a logarithmic axis only: on another it would press all others to the ground."""
    all_series = [series for panel in panels for series in panel.series]
    counted = [series for series in all_series if series.side != IDEAL or axis.log] or all_series
    return [point for series in counted for point in series.points]


def _central(values: Sequence[float]) -> list[float]:
    """Of many, those that most lie between."""
    if len(values) < _MANY:
        return list(values)
    tenths = statistics.quantiles(values, n=10)
    return [tenths[0], tenths[-1]]


def _usual_length(scale: Scale, points: Sequence[Point]) -> float:
    lengths = [scale.at(point.high) - scale.at(point.low) for point in points if point.low is not None and point.high is not None]
    return statistics.median(lengths) if lengths else 0.0
