"""Statistics that figures and tables show, and what is not to be compared: pure functions of numbers. Times are compared as
ratios, so intervals are worked out on logarithms. Who is faster is said by `mpmt` alone (docs/judging.md).

Sources: Hoefler and Belli, "Scientific benchmarking of parallel computing systems", SC'15 (ratios by geometric means,
intervals always); Kalibera and Jones, "Rigorous benchmarking in reasonable time", ISMM'13 (the process as the unit of
repetition). """

from __future__ import annotations

import math
import statistics
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from scipy.special import bdtr, bdtrik, betaincinv, stdtrit  # scipy.stats takes a second to load

Key = TypeVar("Key", bound=Hashable)  # what says which values belong together: a round

MODE_GAP = 1.3  # neighbouring sorted values further apart than this belong to different modes
MODE_SHARE = 0.2  # each mode has at least this share of the values, and at least 2
MAX_CV = 0.2


@dataclass(frozen=True)
class RatioInterval:
    """A ratio with its confidence interval, whose ends are None below 2 pairs."""

    pairs: int
    ratio: float
    low: float | None
    high: float | None


def log_mean_interval(ratios: Sequence[float], confidence: float = 0.95) -> RatioInterval:
    """Geometric mean of ratios with Student's t interval.

    With d = ln(ratio), n values, mean m and standard deviation s (n - 1): exp(m ± t(1 - (1 - confidence) / 2;
    n - 1) · s / √n). The one-sample t procedure on the log scale (Student, Biometrika 6, 1908). With s = 0 the
    interval is the point. """
    if not ratios:
        raise ValueError("no interval of nothing")
    logs = [math.log(r) for r in ratios]
    n, mean = len(logs), statistics.fmean(logs)
    if n < 2:
        return RatioInterval(n, math.exp(mean), None, None)
    error = statistics.stdev(logs) / math.sqrt(n)
    if error == 0:
        return RatioInterval(n, math.exp(mean), math.exp(mean), math.exp(mean))
    half = float(stdtrit(n - 1, 1 - (1 - confidence) / 2)) * error
    return RatioInterval(n, math.exp(mean), _exp(mean - half), _exp(mean + half))


def _exp(x: float) -> float:
    """e^x, kept finite: two wildly different pairs give an interval beyond any number."""
    return math.exp(min(max(x, -700.0), 700.0))


def speedup(baseline: Mapping[Key, float], case: Mapping[Key, float],
            confidence: float = 0.95) -> RatioInterval | None:
    """Baseline time / case time, paired by round (rounds that only one of them has are dropped), with a t interval on the
    log scale; None without a pair. Pairing takes out what changes from round to round and hits both, such as a busy
    neighbour."""
    ratios = [time / case[key] for key, time in baseline.items() if key in case]
    return log_mean_interval(ratios, confidence) if ratios else None


def coefficient_of_variation(values: Sequence[float]) -> float:
    """Standard deviation (n - 1) / mean; 0 below 2 values."""
    return statistics.stdev(values) / statistics.fmean(values) if len(values) > 1 else 0.0


def modes(values: Sequence[float]) -> list[list[float]]:
    """The values (above 0), sorted, as one mode or two.

    Let x(1) <= ... <= x(n) and k = max(2, ⌈0.2 n⌉). Among the gaps that leave at least k values on either
    side (so that a stray value makes no mode), take the one with the largest x(i + 1) / x(i); if that ratio
    exceeds 1.3, the values are bimodal and split there. mpmt's own rule, for few values: at 5 to 20 trials
    tests of unimodality such as Hartigan's dip have no power. """
    ordered = sorted(values)
    share = max(2, math.ceil(MODE_SHARE * len(ordered)))
    splits = range(share, len(ordered) - share + 1)
    best = max(splits, key=lambda i: ordered[i] / ordered[i - 1], default=None)
    if best is None or ordered[best] <= MODE_GAP * ordered[best - 1]:
        return [ordered]
    return [ordered[:best], ordered[best:]]


def is_unstable(values: Sequence[float]) -> bool:
    """Bimodal, or a coefficient of variation above 20 %: no winner is named from such values."""
    return len(modes(values)) > 1 or coefficient_of_variation(values) > MAX_CV


def share_interval(hits: int, tries: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of a share: Clopper and Pearson, Biometrika 26, 1934. (0, 1) of no tries."""
    if tries == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    return (float(betaincinv(hits, tries - hits + 1, tail)) if hits > 0 else 0.0,
            float(betaincinv(hits + 1, tries - hits, 1 - tail)) if hits < tries else 1.0)


def median_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float] | None:
    """Of the median, without a word about the distribution: from the k-th lowest to the k-th highest value, k the largest for
    which a binomial variable of n halves is below k with a probability of at most (1 - confidence) / 2; None where even the
    lowest and the highest are not sure enough (below 6 values at 95 %). Thompson, Annals of Mathematical Statistics 7, 1936. """
    n, tail = len(values), (1 - confidence) / 2
    if n == 0 or 0.5**n > tail:
        return None
    below = int(bdtrik(tail, n, 0.5)) + 1  # of the binomial's distribution; the next line is exact where this is off by one
    k = next(k for k in range(below + 1, 0, -1) if bdtr(k - 1, n, 0.5) <= tail)
    ordered = sorted(values)
    return ordered[k - 1], ordered[n - k]
