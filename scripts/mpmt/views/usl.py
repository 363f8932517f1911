"""The Universal Scalability Law: how speed-up grows with workers, and where it would end.

speed-up(n) = g n / (1 + s (n - 1) + k n (n - 1)), with the speed g of one worker, contention s (what is done one after another)
and coherency k (what everybody has to agree on with everybody). Gunther, "Guerrilla Capacity Planning", Springer 2007, chapters 4
to 6; with g: Gunther, Puglia and Tomasette, "Hadoop superlinear scalability", Communications of the ACM 58(4), 2015.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST = 4  # numbers of workers: one more than it has terms


@dataclass(frozen=True)
class Fit:
    """`peak`: the number of workers beyond which more are slower; None: there is none, or none within a hundred times of `most`,
    the most workers that it rests on."""

    one: float
    contention: float
    coherency: float
    most: int

    @property
    def peak(self) -> float | None:
        if self.contention >= 1:
            return 1.0
        if (1 - self.contention) > self.coherency * (100 * self.most) ** 2:
            return None
        return max(1.0, math.sqrt((1 - self.contention) / self.coherency))

    def at(self, workers: float) -> float:
        return self.one * workers / (1 + self.contention * (workers - 1) + self.coherency * workers * (workers - 1))


def fit(workers: Sequence[int], speedups: Sequence[float]) -> Fit | None:
    """By least squares of relative errors; None of fewer than FEWEST numbers of workers, or where it does not settle. Speed-ups
    are above 0."""
    if len(set(workers)) < FEWEST:
        return None
    import numpy  # noqa: PLC0415: with the next, half a second that most records do not need
    from scipy.optimize import least_squares  # noqa: PLC0415

    n, measured = numpy.asarray(workers, float), numpy.asarray(speedups, float)
    start = (float(measured[n.argmin()] / n.min()), 0.05, 0.001)
    found = least_squares(lambda p: p[0] * n / ((1 + p[1] * (n - 1) + p[2] * n * (n - 1)) * measured) - 1, start,
                          bounds=((1e-12, 0, 0), (numpy.inf, 1, numpy.inf)), x_scale=(start[0], 0.1, 0.01), ftol=1e-12, xtol=1e-12, gtol=1e-12)
    if not found.success or not all(map(math.isfinite, found.x)):
        return None
    one, contention, coherency = (float(value) for value in found.x)
    return Fit(one, contention, coherency, max(workers))
