"""Which of several cases is the fastest, and by how much: by medians, with an interval of the factor to the others. Of a pair
of threads and processes, or of two programs, the record's own comparisons say it, and this does not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from scipy.special import stdtrit

from mpmt.answers import words
from mpmt.history.changes import welch
from mpmt.records.stats import speedup
from mpmt.views.measured import Case

_CLOSE = 0.10  # an interval that holds 1 and is no wider says that two are about the same
_MOST = 700.0  # of a logarithm whose exponential is finite


@dataclass(frozen=True)
class Lead:
    """How many times as long another case takes; `low` and `high` are None below two rounds."""

    other: str
    factor: float
    low: float | None
    high: float | None

    @property
    def is_sure(self) -> bool:
        return self.low is not None and self.low > 1

    def in_words(self, confidence: float) -> str:
        """"1.31x faster than pipe (95 %: 1.25–1.38)"; "slower" where the interval is below 1; where it holds 1 "within
        4 % of pipe", or that it is not sure."""
        if self.low is None or self.high is None:
            return f"{words.factor(max(1.0, self.factor))} faster than {self.other} (too few rounds for an interval)"
        interval = f"{words.percent(confidence)}: {words.ratio(self.low)}–{words.ratio(self.high)}"
        if self.is_sure:
            return f"{words.factor(self.factor)} faster than {self.other} ({interval})"
        if self.high < 1:  # the other is unstable, or its median says other than round by round
            ends = (max(end, math.exp(-_MOST)) for end in (self.high, self.low))
            interval = f"{words.percent(confidence)}: {'–'.join(words.ratio(1 / end) for end in ends)}"
            return f"{words.factor(1 / self.factor)} slower than {self.other} ({interval})"
        if (bound := max(self.high - 1, 1 / self.low - 1)) <= _CLOSE:
            return f"within {words.percent(bound)} of {self.other}"
        return f"not surely faster than {self.other} ({words.factor(self.factor)}, {interval})"


@dataclass(frozen=True)
class Ranked:
    """`cases`: with their names, fastest first; those that are unstable come last."""

    cases: tuple[tuple[str, Case], ...]
    confidence: float

    @property
    def best(self) -> tuple[str, Case]:
        return self.cases[0]

    def lead(self, at: int) -> Lead:
        """Of the best over the one at this place."""
        name, case = self.cases[at]
        return lead(self.best[1], case, name, self.confidence)

    def lead_over(self, name: str) -> Lead | None:
        at = next((at for at, (one, _) in enumerate(self.cases) if one == name), 0)
        return self.lead(at) if at else None


def ranked(cases: Sequence[tuple[str, Case]], confidence: float) -> Ranked:
    return Ranked(tuple(sorted(cases, key=lambda pair: (pair[1].unstable, pair[1].median, pair[0]))), confidence)


def lead(best: Case, other: Case, name: str, confidence: float) -> Lead:
    """Over rounds that both were in, which takes out what hit both, or where there are none by Welch's t-test on logarithms."""
    if len(best.rounds.keys() & other.rounds.keys()) > 1:
        paired = speedup(other.rounds, best.rounds, confidence)
        assert paired is not None
        return Lead(name, paired.ratio, paired.low, paired.high)
    if min(len(best.rounds), len(other.rounds)) < 2:
        return Lead(name, other.median / best.median, None, None)
    step = welch(numpy.log(best.values), numpy.log(other.values))
    half = float(stdtrit(step.freedom, 1 - (1 - confidence) / 2)) * step.error
    return Lead(name, *(math.exp(min(_MOST, max(-_MOST, step.difference + shift))) for shift in (0.0, -half, half)))
