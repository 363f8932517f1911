"""Latency histograms as mpmt stores them: sparse [[lowest value of a bucket, count], ...] with log-linear
buckets.

The buckets are those of HdrHistogram (G. Tene), defined in base/histogram.hpp: each power of two is cut into
64 equal buckets, values below 128 ns have buckets of their own, and a bucket stands for its midpoint. """

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

SUB_BITS = 6
MAX_BITS = 42
P999_FROM = 1000  # values; fewer say nothing about 1 in 1000

Buckets = Sequence[Sequence[int]]


def bucket_width(lowest: int) -> int:
    """Width in ns of the bucket that `lowest` is in."""
    shift = max(0, lowest.bit_length() - (SUB_BITS + 1))
    return 1 << shift


def is_bucket_start(value: int) -> bool:
    """Whether `value` is the lowest value of a bucket."""
    return 0 <= value < (1 << MAX_BITS) and value % bucket_width(value) == 0


def midpoint(lowest: int) -> int:
    """The value, ns, that the bucket starting at `lowest` stands for."""
    return lowest + (bucket_width(lowest) - 1) // 2


def merge(histograms: Iterable[Buckets]) -> list[tuple[int, int]]:
    """One histogram of all values: counts are added; ascending."""
    counts: Counter[int] = Counter()
    for histogram in histograms:
        for lowest, count in histogram:
            counts[lowest] += count
    return sorted(counts.items())


def total(buckets: Buckets) -> int:
    """Number of values."""
    return sum(count for _, count in buckets)


def quantile(buckets: Buckets, q: float, maximum: float | None = None) -> float | None:
    """The midpoint that at least ceil(q * count) values do not exceed (nearest rank), never above `maximum`.

    `buckets` ascending, q in (0, 1]; None when empty.
    """
    if not 0 < q <= 1:
        raise ValueError(f"a quantile is in (0, 1], not {q}")
    rank = max(1, math.ceil(q * total(buckets)))
    seen = 0
    for lowest, count in buckets:
        seen += count
        if seen >= rank:
            value = float(midpoint(lowest))
            return value if maximum is None else min(value, float(maximum))
    return None
