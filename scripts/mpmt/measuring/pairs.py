"""Pairs of processes, one of either side, run one right after the other: their ratio, and whether it means anything."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from mpmt.records import stats

MIXED_SHARE = 0.15  # of the pairs; two random modes with a fifth of the processes in one mix 32 % of them


@dataclass(frozen=True)
class Pair:
    """One process of either side, run one after the other: the median time of each, in the same unit, above 0."""

    a: float
    b: float

    @functools.cached_property
    def log_ratio(self) -> float:
        return math.log(self.b) - math.log(self.a)  # exactly opposite for swapped sides


def log_ratio(pairs: Sequence[Pair]) -> stats.TrimmedMean:
    """ln(B / A), the trimmed mean over pairs."""
    return stats.trimmed_mean([p.log_ratio for p in pairs])


def modes_of(values: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """(median, share of the values) of each mode, the faster first."""
    modes = stats.modes(values)
    return tuple((mode[len(mode) // 2], len(mode) / len(values)) for mode in modes)


def instability(pairs: Sequence[Pair]) -> str:
    """Why no statement may be made of these pairs, or "". What counts is what pairing does not take out: a neighbour's
    burst, which slows both processes of a pair down, must not silence a benchmark.

    - Either side has two modes, and they split pairs: in at least MIXED_SHARE of them one process is in the faster mode
      and the other in the slower. Processes that choose a mode at random do that in 2 p (1 - p) of the pairs, with p the
      share of a mode.
    - Processes of a pair vary by more than stats.MAX_CV: the spread of their ratio, over √2 since two processes
      make it, judged robustly.
    """
    if not pairs:
        return ""
    change = math.exp(log_ratio(pairs).mean)
    levelled = [Pair(p.a, p.b / change) for p in pairs]  # a change between A and B mixes no modes
    for side, values in (("A", [p.a for p in levelled]), ("B", [p.b for p in levelled])):
        modes = stats.modes(values)
        if len(modes) > 1 and _mixed(levelled, modes) >= MIXED_SHARE:
            gap, share = modes[1][0] / modes[0][-1], len(modes[0]) / len(values)
            return f"{side}: two modes at least {gap:.2f}x apart, {share:.0%} of the processes in the faster"
    ratios = [[p.b / p.a for p in pairs], [p.a / p.b for p in pairs]]
    spread = max(map(stats.robust_cv, ratios)) / math.sqrt(2)  # the same for swapped sides
    return f"processes vary by {spread:.0%}" if spread > stats.MAX_CV else ""


def _mixed(pairs: Sequence[Pair], modes: Sequence[Sequence[float]]) -> float:
    """Share of the pairs whose processes lie on different sides of the gap between the modes."""
    middle = math.sqrt(modes[0][-1] * modes[1][0])
    return sum((pair.a > middle) != (pair.b > middle) for pair in pairs) / len(pairs)
