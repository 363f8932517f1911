"""Where a value stands on an axis, and which ticks it has. Axes are linear in places: a logarithm is taken here, so that 0 has
a place on a logarithmic axis too (payloads begin there), left of all others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mpmt.answers import words
from mpmt.views.view import Axis, Value
from mpmt.writers.plots import texts

Tick = tuple[float, str]  # place, label

_STEPS = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 3, 5, 7))
_MANY = 12  # categories
_MOST_VALUES = 9  # that are ticks themselves


@dataclass
class Scale:
    """`low`, `high`: the ends of the axis, as places. `values`: of categories, in their order, else what was measured at."""

    axis: Axis
    low: float
    high: float
    values: tuple[Value, ...]
    categories: bool
    zero: float = 0.0  # where 0 stands on a logarithmic axis

    def at(self, value: Value) -> float:
        if self.categories:
            return float(self.values.index(value))
        number = float(value)
        if not self.axis.log:
            return number
        return math.log10(number) if number > 0 else self.zero

    def inside(self, value: Value) -> float:
        return min(max(self.at(value), self.low), self.high)


def scale_of(axis: Axis, values: Iterable[Value], pad: float = 0.06, floor: float | None = None) -> Scale:
    """That holds all `values`, which are not empty, with `pad` of its length free at either end. `floor`: where it begins."""
    unique = list(dict.fromkeys(values))
    if axis.values is not None or any(isinstance(value, str) for value in unique):
        known = axis.values or ()
        there = [value for value in known if value in unique] + [value for value in unique if value not in known]
        return Scale(axis, -0.5, len(there) - 0.5, tuple(there), True)
    numbers = sorted(float(value) for value in unique)
    made = Scale(axis, 0, 1, tuple(numbers), False, _zero(numbers))
    low, high = made.at(numbers[0]), made.at(numbers[-1])
    reach = (high - low) or (0.3 if axis.log else abs(high) or 1.0)
    made.low = floor if floor is not None else low - pad * reach
    made.high = high + pad * reach
    return made


def _zero(numbers: Sequence[float]) -> float:
    """A step left of the least: as far as the next two are apart, if these are near enough."""
    positive = [math.log10(number) for number in numbers if number > 0]
    step = min(max(positive[1] - positive[0], 0.3), 0.9) if len(positive) > 1 else 0.6
    return positive[0] - step if positive else -step


def label(value: float, unit: str) -> str:
    """Of a tick: without the zeros that a column of ratios has, with all digits of a share, and with a minus sign."""
    if unit == "share":
        said = f"{words.significant(100 * value)} %"
    else:
        said = words.significant(value) if unit == "ratio" else words.in_unit(value, unit)
    return f"−{said[1:]}" if said.startswith("-") else said


def ticks(scale: Scale, length: float, size: float, upright: bool = False, own: bool = False) -> list[Tick]:
    """That fit side by side into `length` inches; `upright`: one above the other. `own`: where something was measured, if these
    are few, and not at round values."""
    if scale.categories:
        named = [(float(at), texts.harmless(value)) for at, value in enumerate(scale.values)]
        if len(named) > _MANY and not upright:
            return _spread(scale, named, length, size)
        return _thinned(scale, named, length, size, upright)
    if own and len(scale.values) <= _MOST_VALUES:
        return _thinned(scale, _labelled(scale, scale.values), length, size, upright)
    for most in range(min(7, max(2, round(length / 0.25))), 1, -1):
        found = _labelled(scale, _round_values(scale, most))
        distinct = len({text for _, text in found}) == len(found) >= 2
        if distinct and _fit(found, length / (scale.high - scale.low), size, upright):
            return found
    first = {text: place for place, text in reversed(_labelled(scale, _round_values(scale, 3)))}
    return _thinned(scale, sorted((place, text) for text, place in first.items()), length, size, upright)


def _labelled(scale: Scale, values: Iterable[Value]) -> list[Tick]:
    found = [(scale.at(value), label(float(value), scale.axis.unit)) for value in values]
    return [(min(max(place, scale.low), scale.high), text) for place, text in found
            if scale.low - 1e-9 <= place <= scale.high + 1e-9]


def _spread(scale: Scale, found: Sequence[Tick], length: float, size: float) -> list[Tick]:
    """The first and the last, and as many as fit between them, evenly: those two stay between the ends of the axis."""
    wide = texts.widest([text for _, text in found], size)
    if length >= 1e6:  # all are asked for
        return list(found)
    count = max(2, min(len(found), int(length / (wide + 0.15))))
    kept = [found[round(at * (len(found) - 1) / (count - 1))] for at in range(count)]
    return kept if length > 2 * wide + 0.06 else kept[:1]


def _thinned(scale: Scale, found: Sequence[Tick], length: float, size: float, upright: bool) -> list[Tick]:
    """Every second, every third, …: as many as fit."""
    for stride in range(1, len(found) + 1):
        if _fit(found[::stride], length / (scale.high - scale.low), size, upright):
            return list(found[::stride])
    return list(found[:1])


def _fit(found: Sequence[Tick], inches: float, size: float, upright: bool) -> bool:
    gap = 0.0 if upright else 0.07

    def half(text: str) -> float:
        return (texts.pitch(size) if upright else texts.width(text, size)) / 2
    return all((b - a) * inches >= half(first) + half(second) + gap for (a, first), (b, second) in zip(found, found[1:]))


def _round_values(scale: Scale, most: int) -> list[float]:
    if not scale.axis.log:
        return _linear(scale.low, scale.high, scale.axis.unit, most)
    low, high = 10**scale.low, 10**scale.high
    if high < 3 * low:
        return _linear(low, high, scale.axis.unit, most)
    zero = [0.0] if 0 in scale.values else []
    if scale.axis.unit in ("bytes", "bytes/s") or (scale.axis.unit == "ratio" and low > 0.2):
        found = _powers_of_two(low, high, most)
        return zero + (found if len(found) > 2 else _decimal(low, high, most))
    return zero + _decimal(low, high, most)


def _linear(low: float, high: float, unit: str, most: int) -> list[float]:
    base = 2.0 if unit.startswith("bytes") else 10.0
    raw = (high - low) / most
    power = base**math.floor(math.log(raw, base))
    step = power * next(step for step in (1, 2, 2.5, 5, 10) if step * power >= raw and (base == 10 or step in (1, 2)))
    first = math.ceil(low / step - 1e-9)
    return [at * step for at in range(first, math.floor(high / step + 1e-9) + 1)]


def _powers_of_two(low: float, high: float, most: int) -> list[float]:
    first, last = math.ceil(math.log2(low)), math.floor(math.log2(high))
    stride = next(stride for stride in (1, 2, 5, 10, 20, 40, 80, 2000) if (last - first) / stride <= most)
    return [2.0**power for power in range(-(-first // stride) * stride, last + 1, stride)] or [low]


def _decimal(low: float, high: float, most: int) -> list[float]:
    """The coarsest steps that give four or more, else the finest that give not too many."""
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    made = [[step * 10.0**decade for decade in decades for step in steps if low <= step * 10.0**decade <= high]
            for steps in _STEPS]
    fitting = [found for found in made if len(found) <= most]
    if not fitting:
        return made[0][::math.ceil(len(made[0]) / most)]
    return next((found for found in fitting if len(found) >= 4), fitting[-1])
