"""mpmt's statistics: pure functions of numbers. Times are compared as ratios, so everything is done on
logarithms.

Sources: Hoefler and Belli, "Scientific benchmarking of parallel computing systems", SC'15 (ratios by
geometric means, intervals always); Kalibera and Jones, "Rigorous benchmarking in reasonable time", ISMM'13
(the process as the unit of repetition); Holm, "A simple sequentially rejective multiple test procedure",
Scand. J. Statist. 6, 1979; Tukey and McLaughlin, Sankhya A 25, 1963, and Yuen, "The two-sample trimmed t for
unequal population variances", Biometrika 61, 1974 (trimmed means with Winsorised variances). """

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from scipy.special import betaincinv, ndtri, stdtr, stdtrit  # scipy.stats takes a second to load

Key = TypeVar("Key", bound=Hashable)  # what says which values belong together: a round

MODE_GAP = 1.3  # neighbouring sorted values further apart than this belong to different modes
MODE_SHARE = 0.2  # each mode has at least this share of the values, and at least 2
MAX_CV = 0.2
TRIM = 0.2  # share of the values that a trimmed mean leaves out at either end (Yuen's and Wilcox's recommendation)


@dataclass(frozen=True)
class RatioInterval:
    """A ratio with its confidence interval; ends and p are None below 2 pairs."""

    pairs: int
    ratio: float
    low: float | None
    high: float | None
    p_value: float | None


def geometric_mean(values: Sequence[float]) -> float:
    """exp(mean(ln x)); values above 0, at least one."""
    if not values:
        raise ValueError("no geometric mean of nothing")
    return math.exp(statistics.fmean(math.log(v) for v in values))


def log_mean_interval(ratios: Sequence[float], confidence: float = 0.95) -> RatioInterval:
    """Geometric mean of ratios with Student's t interval, and the two-sided p of "the ratio is 1".

    With d = ln(ratio), n values, mean m and standard deviation s (n - 1): exp(m ± t(1 - (1 - confidence) / 2;
    n - 1) · s / √n), t = m / (s / √n). The one-sample t procedure on the log scale (Student, Biometrika 6,
    1908). With s = 0 the interval is the point, and p is 1 if the ratio is 1, else 0. """
    if not ratios:
        raise ValueError("no interval of nothing")
    logs = [math.log(r) for r in ratios]
    n, mean = len(logs), statistics.fmean(logs)
    if n < 2:
        return RatioInterval(n, math.exp(mean), None, None, None)
    error = statistics.stdev(logs) / math.sqrt(n)
    if error == 0:
        return RatioInterval(n, math.exp(mean), math.exp(mean), math.exp(mean), 1.0 if mean == 0 else 0.0)
    half = float(stdtrit(n - 1, 1 - (1 - confidence) / 2)) * error
    p_value = 2 * float(stdtr(n - 1, -abs(mean / error)))
    return RatioInterval(n, math.exp(mean), _exp(mean - half), _exp(mean + half), p_value)


def _exp(x: float) -> float:
    """e^x, kept finite: two wildly different pairs give an interval beyond any number."""
    return math.exp(min(max(x, -700.0), 700.0))


def paired_ratio(numerator: Mapping[Key, float], denominator: Mapping[Key, float],
                 confidence: float = 0.95) -> RatioInterval | None:
    """Ratio of two cases' times, paired by round (rounds that only one of them has are dropped); None without
    a pair.

    Pairing takes out what changes from round to round and hits both, such as a busy neighbour.
    """
    rounds = sorted(numerator.keys() & denominator.keys())
    return log_mean_interval([numerator[r] / denominator[r] for r in rounds], confidence) if rounds else None


def speedup(baseline: Mapping[Key, float], case: Mapping[Key, float],
            confidence: float = 0.95) -> RatioInterval | None:
    """Speed-up of a case over a baseline: baseline time / case time, paired by round, t interval on the log
    scale."""
    return paired_ratio(baseline, case, confidence)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p values, in the order given; None stays None and is not counted.

    Sorted ascending, p(i) of m becomes max over j <= i of min(1, (m - j + 1) · p(j)), i and j from 1.
    """
    order = sorted((i for i, p in enumerate(p_values) if p is not None), key=lambda i: p_values[i])
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


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


# ---- paired trimmed means ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class TrimmedMean:
    """A trimmed mean with its standard error, and `freedom` degrees of freedom for Student's t."""

    count: int
    mean: float
    error: float
    freedom: int

    def half_width(self, confidence: float) -> float:
        """Half of the two-sided confidence interval; infinite below two values that were not trimmed."""
        if self.freedom < 1:
            return math.inf
        return float(stdtrit(self.freedom, 1 - (1 - confidence) / 2)) * self.error

    def p_value(self) -> float:
        """Two-sided, of "the mean is 0"."""
        if self.freedom < 1:
            return 1.0
        if self.error == 0:
            return 1.0 if self.mean == 0 else 0.0
        return 2 * float(stdtr(self.freedom, -abs(self.mean / self.error)))


def trimmed_mean(values: Sequence[float], trim: float = TRIM) -> TrimmedMean:
    """The mean without the k = ⌊trim · n⌋ smallest and largest of n values, at least one.

    Its standard error is Yuen's: with h = n - 2k values left and the values Winsorised (the k smallest replaced by the
    next larger one, the k largest likewise) and m their mean, sqrt(Σ (w - m)² / (h (h - 1))), with h - 1 degrees of
    freedom. Of the log ratios of pairs, this is the paired form of Yuen's test: Tukey and McLaughlin 1963; Wilcox,
    "Introduction to robust estimation and hypothesis testing", section 4.3. One stray pair in five moves it little.
    """
    count = len(values)
    if count == 0:
        raise ValueError("no mean of nothing")
    kept, winsorised = _trimmed(values, trim)
    middle = math.fsum(winsorised) / count
    squares = math.fsum((value - middle) ** 2 for value in winsorised)
    left = len(kept)
    error = math.sqrt(squares / (left * (left - 1))) if left > 1 else 0.0
    return TrimmedMean(count, math.fsum(kept) / left, error, left - 1)


def _trimmed(values: Sequence[float], trim: float) -> tuple[list[float], list[float]]:
    """The sorted values without the ⌊trim · n⌋ smallest and largest, and with these Winsorised."""
    ordered = sorted(values)
    cut = int(trim * len(ordered))
    kept = ordered[cut:len(ordered) - cut]
    return kept, [kept[0]] * cut + kept + [kept[-1]] * cut


def robust_cv(values: Sequence[float], trim: float = TRIM) -> float:
    """A coefficient of variation that bursts do not move: the Winsorised standard deviation, scaled so that it is the
    standard deviation of a normal distribution, over the trimmed mean. Values above 0; 0 below 2 of them.

    The scale: with q the share that is clipped at either end, z the normal quantile of 1 - q and φ its density, the
    variance of a standard normal value clipped at ± z is 1 - 2q - 2 z φ(z) + 2 q z² (Wilcox, section 2.3).
    """
    count = len(values)
    if count < 2:
        return 0.0
    kept, winsorised = _trimmed(values, trim)
    middle = math.fsum(winsorised) / count
    variance = math.fsum((value - middle) ** 2 for value in winsorised) / (count - 1)
    share = (count - len(kept)) / 2 / count
    return math.sqrt(variance) / _clipped_normal_deviation(share) / (math.fsum(kept) / len(kept))


@functools.cache
def _clipped_normal_deviation(share: float) -> float:
    if share == 0:
        return 1.0
    z = float(ndtri(1 - share))
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return math.sqrt(1 - 2 * share - 2 * z * density + 2 * share * z * z)


def detectable(mean: TrimmedMean, least: float, confidence: float, power: float) -> float:
    """The smallest true mean that a series like this one would call different from 0, and larger than `least`, with
    probability `power`: max(half-width, least) + t(power) · standard error. The usual sample-size formula (Cohen,
    "Statistical power analysis", 1988), solved for the effect."""
    if mean.freedom < 1:
        return math.inf
    return max(mean.half_width(confidence), least) + float(stdtrit(mean.freedom, power)) * mean.error


def share_interval(hits: int, tries: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of a share: Clopper and Pearson, Biometrika 26, 1934. (0, 1) of no tries."""
    if tries == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    return (float(betaincinv(hits, tries - hits + 1, tail)) if hits > 0 else 0.0,
            float(betaincinv(hits + 1, tries - hits, 1 - tail)) if hits < tries else 1.0)
