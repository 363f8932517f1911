"""Change points of a history: where the level of a benchmark moved, by how much, and how surely. Pure functions.

Everything is done on natural logarithms of times, so that a step is a ratio, in this order:

1. `noise_scale`: the spread of one value around its level.
2. `segment`: the piecewise constant function with the smallest sum of bounded losses plus a penalty for each change,
   exactly that among all whose levels are on a grid a third of the noise wide (coarser in series that range over more
   than 333 times the noise), and not among all real levels. It is the objective of PELT (Killick, Fearnhead and
   Eckley, JASA 107, 2012) with the biweight loss of Fearnhead and Rigaill ("Changepoint detection in the presence of
   outliers", JASA 114, 2019). A bounded loss is what makes commits that were measured on a busy machine harmless: a
   value far off costs the same as one a little less far off. (With squared errors of winsorised values, one loaded
   commit in five hid every second step of 5 %.)
3. `change_points`: neighbouring segments are merged, the weakest step first, until every step that is left is sure
   (Welch's t-test, Biometrika 34, 1947), large enough, and a step: where a straight line explains the values around it
   as well, the benchmark drifted (`drift`), and no commit is to blame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from scipy.ndimage import median_filter
from scipy.special import ndtri, stdtr, stdtrit

RULES_VERSION = 2  # raised when the same values may give other answers, or answers another form

LEAST_VALUES = 4  # on either side of a change
LEAST_STEP = 0.02  # ratio - 1
LEAST_DRIFT = 0.03
ALPHA = 1e-4
PENALTY = 3.0  # times ln n: per change
CAP = 3.0  # a value further than this many noise scales from its level costs no more
NEAR = 16  # values on either side of a step in which it must look like one
WINDOW = 7  # of running medians
_FLOOR = 1e-3  # noise below 0.1 % is not believed: timers and medians tie
_LEVELS = 1000  # at most, in the grid of `segment`

Logs = numpy.ndarray


@dataclass(frozen=True)
class ChangePoint:
    """A step. `effect`, `low` and `high` are ratio - 1 of times (above 0: slower), with a 95 % interval: Welch's, for a
    place that is given. It is not corrected for place and step being chosen by the same values: a step near the least
    one is only found where it is overestimated."""

    index: int  # of the first value after the change
    effect: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Step:
    """A difference of means (after - before), its standard error, Welch's degrees of freedom and two-sided p."""

    difference: float
    error: float
    freedom: float
    p_value: float


def noise_scale(logs: Logs) -> float:
    """Standard deviation of one value around its level, from first differences: MAD / (0.6745 √2).

    Differences of neighbours do not see slow movement, and the median absolute deviation (Hampel, JASA 69, 1974; 0.6745
    makes it consistent for the normal distribution) does not see steps and outliers. At least 0.1 %. """
    steps = numpy.diff(logs)
    return max(_FLOOR, _mad(steps - numpy.median(steps)) / math.sqrt(2)) if len(steps) else _FLOOR


def _mad(residuals: Logs) -> float:
    return float(numpy.median(numpy.abs(residuals))) / 0.6745


def segment(logs: Logs, scale: float, penalty: float) -> list[int]:
    """Indices of the first values after each change of the best piecewise constant function.

    It minimises Σ min((x - level)² / scale², CAP²) + penalty · (number of changes), exactly over a grid of levels at
    most max(scale / 3, range / 1000) apart, by dynamic programming over (value, level): a level is kept, or left at
    the price of `penalty` for any other (Viterbi, IEEE Trans. Inf. Theory 13, 1967). O(n · levels) time, one bit of
    history a cell. """
    grid = level_grid(logs, scale)
    cost = numpy.zeros(len(grid))
    moved = numpy.zeros((len(logs), len(grid)), dtype=bool)
    best = numpy.zeros(len(logs), dtype=int)
    loss = numpy.empty(len(grid))
    for at, value in enumerate(logs):
        if at:
            best[at] = cost.argmin()
            limit = cost[best[at]] + penalty
            numpy.greater(cost, limit, out=moved[at])
            numpy.minimum(cost, limit, out=cost)
        numpy.subtract(value, grid, out=loss)
        loss /= scale
        loss *= loss
        numpy.minimum(loss, CAP * CAP, out=loss)
        cost += loss
    level, changes = int(cost.argmin()), []
    for at in range(len(logs) - 1, 0, -1):
        if moved[at, level]:
            changes.append(at)
            level = best[at]
    return changes[::-1]


def level_grid(logs: Logs, scale: float) -> Logs:
    """The levels that `segment` chooses from: between the least and the largest of running medians of 5, so that
    single outliers do not coarsen it."""
    smooth = median_filter(logs, 5, mode="nearest")
    low, high = float(smooth.min()), float(smooth.max())
    spacing = max(scale / 3, (high - low) / _LEVELS)
    return low + spacing * numpy.arange(math.ceil((high - low) / spacing) + 1)


def welch(before: Logs, after: Logs) -> Step:
    """Welch's unequal variances t-test: difference of means over √(s₁²/n₁ + s₂²/n₂), degrees of freedom by
    Satterthwaite (Biometrics Bulletin 2, 1946). At least 2 values on either side."""
    parts = [(side.var(ddof=1) / len(side), len(side) - 1) for side in (before, after)]
    variance = sum(part for part, _ in parts)
    difference = float(after.mean() - before.mean())
    if variance <= 0:
        return Step(difference, 0.0, 1.0, 1.0 if difference == 0 else 0.0)
    freedom = variance**2 / sum(part**2 / n for part, n in parts)
    error = math.sqrt(variance)
    return Step(difference, error, freedom, 2 * float(stdtr(freedom, -abs(difference) / error)))


def looks_like_a_drift(before: Logs, after: Logs, scale: float) -> bool:
    """Whether a straight line through the values explains them at least as well as a step between their medians (two
    models with two parameters each), and a line with a step in it is not better by more than a change costs. What is
    compared is the bounded loss, see `segment`."""
    values = numpy.concatenate([before, after])
    time = numpy.arange(len(values)) - (len(values) - 1) / 2
    ones, late = numpy.ones(len(values)), numpy.repeat([0.0, 1.0], [len(before), len(after)])
    line = _loss(values - _fit(values, scale, ones, time), scale)
    step = numpy.where(late > 0, numpy.median(after), numpy.median(before))
    if line > _loss(values - step, scale):
        return False
    both = _loss(values - _fit(values, scale, ones, time, late), scale)
    return line <= both + PENALTY * math.log(len(values))


def _fit(values: Logs, scale: float, *terms: Logs) -> Logs:
    """The sum of multiples of `terms` that fits the values by least squares: first running medians of 7, which outliers
    do not move, then twice the values that are no further than CAP scales from the fit."""
    design = numpy.column_stack(terms)
    found = median_filter(values, WINDOW, mode="nearest")
    near = numpy.ones(len(values), dtype=bool)
    for _ in range(3):
        weights = numpy.linalg.lstsq(design[near], found[near], rcond=None)[0]
        fitted, found = design @ weights, values
        near = numpy.abs(values - fitted) <= CAP * scale
        if near.sum() <= len(terms):
            break
    return fitted


def _loss(residuals: Logs, scale: float) -> float:
    return float(numpy.minimum((residuals / scale) ** 2, CAP * CAP).sum())


def change_points(log_values: Sequence[float] | Logs, least_step: float = LEAST_STEP) -> list[ChangePoint]:
    """The steps in a series of log times, in order; none below 8 values.

    Noise is estimated twice: from differences, and again around the levels found with that, which is not fooled by
    contaminated differences. Every step has at least 4 values on either side, Welch's p < 10⁻⁴ on the values clipped
    to their segment's median ± 3 noise scales, is at least `least_step` (of the smaller level), and is no drift, over
    both segments and over the nearest 16 values on either side. """
    logs = numpy.asarray(log_values, dtype=float)
    if len(logs) < 2 * LEAST_VALUES:
        return []
    penalty = PENALTY * math.log(len(logs))
    changes = segment(logs, noise_scale(logs), penalty)
    scale = spread_around(logs, changes)
    changes = segment(logs, scale, penalty)
    while changes:
        values = clipped(logs, changes, scale)
        steps = [_judge(values[a:b], values[b:c], least_step) for a, b, c in _neighbours(changes, len(logs))]
        if not any(fault for _, fault in steps):  # asked last: it takes the longest
            steps = [(strength, _drifts(logs[a:b], logs[b:c], scale))
                     for (strength, _), (a, b, c) in zip(steps, _neighbours(changes, len(logs)))]
        weak = [(strength, at) for at, (strength, fault) in enumerate(steps) if fault]
        if not weak:
            return [_described(at, welch(values[a:at], values[at:c])) for a, at, c in _neighbours(changes, len(logs))]
        del changes[min(weak)[1]]
    return []


def drift(log_values: Sequence[float] | Logs) -> ChangePoint | None:
    """What a series without a change point did all the same: its last third against its first third, if Welch's
    p < 10⁻⁴ and it is at least 3 %; `index` is the last third's. Below 12 values None."""
    logs = numpy.asarray(log_values, dtype=float)
    third = len(logs) // 3
    if third < LEAST_VALUES:
        return None
    last = len(logs) - third
    values = clipped(logs, [third, last], spread_around(logs, [third, last]))
    step = welch(values[:third], values[last:])
    sure = step.p_value < ALPHA and abs(step.difference) >= math.log1p(LEAST_DRIFT)
    return _described(last, step) if sure else None


def spread_around(logs: Logs, changes: Sequence[int]) -> float:
    """Standard deviation (from the MAD) around the segments' medians; at least 0.1 %."""
    bounds = [0, *changes, len(logs)]
    residuals = [logs[a:b] - numpy.median(logs[a:b]) for a, b in zip(bounds, bounds[1:])]
    return max(_FLOOR, _mad(numpy.concatenate(residuals)))


def clipped(logs: Logs, changes: Sequence[int], scale: float) -> Logs:
    """The values, none further than 3 scales from its segment's median."""
    bounds, values = [0, *changes, len(logs)], logs.copy()
    for a, b in zip(bounds, bounds[1:]):
        centre = numpy.median(logs[a:b])
        numpy.clip(logs[a:b], centre - CAP * scale, centre + CAP * scale, out=values[a:b])
    return values


def _neighbours(changes: Sequence[int], count: int) -> list[tuple[int, int, int]]:
    bounds = [0, *changes, count]
    return list(zip(bounds, bounds[1:], bounds[2:]))


def _drifts(before: Logs, after: Logs, scale: float) -> bool:
    return (looks_like_a_drift(before, after, scale)
            or looks_like_a_drift(before[-NEAR:], after[:NEAR], scale))


def _judge(before: Logs, after: Logs, least_step: float) -> tuple[float, bool]:
    """(strength, whether the step is to go). Too short segments go before all others."""
    if min(len(before), len(after)) < LEAST_VALUES:
        return -1 / (1 + abs(float(numpy.median(after) - numpy.median(before)))), True
    step = welch(before, after)
    strength = abs(step.difference) / step.error if step.error else math.inf
    fault = step.p_value >= ALPHA or abs(step.difference) < math.log1p(least_step)
    return strength, fault


def _described(index: int, step: Step) -> ChangePoint:
    half = float(stdtrit(step.freedom, 0.975)) * step.error
    effect, low, high = (math.expm1(step.difference + shift) for shift in (0.0, -half, half))
    return ChangePoint(index, effect, low, high, step.p_value)


def detectable_step(log_values: Sequence[float] | Logs, found: Sequence[ChangePoint] | None = None,
                    least_step: float = LEAST_STEP) -> float | None:
    """The step (ratio - 1) that `change_points` would find in about four of five cases, with 10 values after it (half
    of all, if there are fewer than 20); None below 8 values. `found`: what `change_points` said of these values.

    On invented white noise it is 78 to 87 % from 20 values on, 70 % in shorter series, whose noise is hardly known, and
    up to 96 % where `least_step` is what decides.

    With the noise scale s and standard error e = s √(1/n₁ + 1/n₂): the penalty asks for √(3 ln n) e, Welch's test for
    t(1 - ALPHA/2; n - 2) e, the rule for ln(1 + least_step), and 1.645 e more (the normal 0.95 quantile) for the power,
    of which a part is lost, as place and noise are estimated, too. A step δ leaves a line δ² q more of squares than a
    step, q being its squares that no line explains, with standard deviation 2 s δ √q: it looks like a step to 0.95 from
    δ = 2 · 1.645 s / √q on. """
    logs = numpy.asarray(log_values, dtype=float)
    count = len(logs)
    if count < 2 * LEAST_VALUES:
        return None
    found = change_points(logs, least_step) if found is None else found
    scale = spread_around(logs, [change.index for change in found])
    after, surely = min(10, count // 2), float(ndtri(0.95))
    error = scale * math.sqrt(1 / after + 1 / (count - after))
    test = error * max(math.sqrt(PENALTY * math.log(count)), float(stdtrit(count - 2, 1 - ALPHA / 2)))
    near = numpy.repeat([0.0, 1.0], [min(NEAR, count - after), after])
    near -= near.mean()
    time = numpy.arange(len(near)) - (len(near) - 1) / 2
    unlike_a_line = near @ near - (time @ near) ** 2 / (time @ time)
    return math.expm1(max(max(test, math.log1p(least_step)) + surely * error,
                          2 * surely * scale / math.sqrt(unlike_a_line)))
