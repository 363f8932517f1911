"""Where along a scale to measure next, so that the place where the answer changes is found soon. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

MOST_STEPS_OUT = 2  # on either side


@dataclass(frozen=True)
class Scale:
    """Whole numbers from `least` to `most`. `step`: the factor of a step outward; `narrow`: a bracket of this factor is narrow
    enough; what is below `smallest`, if that is not 0, is as good as `least`."""

    least: int
    most: int
    step: float
    narrow: float
    smallest: int = 0

    def place(self, value: float) -> float:
        return math.log(max(value, self.smallest / 4, 1))

    def rounded(self, value: float) -> int:
        """Of the scale, the nearest; sizes are powers of 2."""
        if value < max(self.smallest, self.least):
            return self.least
        return min(self.most, round(2 ** round(math.log2(value))) if self.smallest else round(value))


def next_values(found: Mapping[int, str | None], start: int, scale: Scale) -> list[int]:
    """What to measure next: empty, nothing more. `found`: the verdict at all values that were measured, `start` among them;
    None where it is open.

    Outward first, on both sides; then the bracket that is nearest to `start` is halved, by the logarithm, until it is narrow.
    An open value inside a bracket ends that: what it would be halved at cannot be told.
    """
    brackets = _brackets(found, scale, start)
    if not brackets:
        return _outward(found, start, scale)
    for low, high in brackets:
        middle = scale.rounded(math.exp((scale.place(low) + scale.place(high)) / 2))
        wide = scale.place(high) - scale.place(low) > math.log(scale.narrow)
        if wide and low < middle < high and not any(low < value < high for value in found):
            return [middle]
    return []


def _brackets(found: Mapping[int, str | None], scale: Scale, start: int) -> list[tuple[int, int]]:
    """Of neighbours among the decided that differ; the nearest to `start` first."""
    decided = sorted(value for value, verdict in found.items() if verdict is not None)
    differing = [(low, high) for low, high in zip(decided, decided[1:]) if found[low] != found[high]]
    return sorted(differing, key=lambda pair: min(abs(scale.place(end) - scale.place(start)) for end in pair))


def _outward(found: Mapping[int, str | None], start: int, scale: Scale) -> list[int]:
    values = []
    for outermost, factor in ((min(found), 1 / scale.step), (max(found), scale.step)):
        steps = sum(1 for value in found if (value - start) * (factor - 1) > 0)
        wanted = scale.rounded(math.exp(scale.place(outermost)) * factor)
        if steps < MOST_STEPS_OUT and wanted not in found and (wanted - outermost) * (factor - 1) > 0:
            values.append(wanted)
    return values
