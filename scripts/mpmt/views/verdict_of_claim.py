"""What a figure says of a hypothesis: an interval is on one side of a bound, or on the other, or it holds it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from mpmt.answers import words

CONFIRMED, REFUTED, NOT_SHOWN = "confirmed", "refuted", "not shown"


@dataclass(frozen=True)
class Finding:
    verdict: str
    figure: str  # in words


@dataclass(frozen=True)
class Interval:
    """A ratio; `low` and `high` are None where there were too few rounds."""

    ratio: float
    low: float | None
    high: float | None

    def in_words(self) -> str:
        if self.low is None or self.high is None:
            return words.ratio(self.ratio)
        return f"{words.ratio(self.ratio)} ({words.ratio(self.low)}–{words.ratio(self.high)})"


def above(interval: Interval, bound: float) -> str:
    """Confirmed: the ratio is at least `bound`."""
    if interval.low is None or interval.high is None:
        return NOT_SHOWN
    return CONFIRMED if interval.low >= bound else REFUTED if interval.high < bound else NOT_SHOWN


def below(interval: Interval, bound: float) -> str:
    """Confirmed: the ratio is at most `bound`."""
    if interval.low is None or interval.high is None:
        return NOT_SHOWN
    return CONFIRMED if interval.high <= bound else REFUTED if interval.low > bound else NOT_SHOWN


def of_most(intervals: Sequence[Interval], bound: float) -> str:
    """Confirmed: most ratios are at least `bound`, and none of them surely below it; refuted: some are surely below it, and
    none at or above it."""
    found = [above(one, bound) for one in intervals]
    sure, against = found.count(CONFIRMED), found.count(REFUTED)
    if 2 * sure > len(found) and not against:
        return CONFIRMED
    return REFUTED if against and not sure else NOT_SHOWN


def median_of(found: Sequence[Interval]) -> str:
    if len(found) == 1:
        return found[0].in_words()
    ratios = [one.ratio for one in found]
    return (f"{words.ratio(statistics.median(ratios))} in the median of {len(found)} pairs ({words.ratio(min(ratios))} to "
            f"{words.ratio(max(ratios))})")
