"""Where along one scale the answer changes: between which measured values, and about where."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mpmt.answers.rows import A_FASTER, B_FASTER, SAME, Row

DECIDED = (A_FASTER, B_FASTER, SAME)


@dataclass(frozen=True)
class Crossing:
    """The verdict is `before` up to `low`, and `after` from `high` on, both measured; `about`: where the ratio passes the
    margin, by the logarithms of both, between the two; None where a value is not above 0."""

    low: float
    high: float
    about: float | None
    before: str
    after: str


def crossings(rows: Sequence[Row], scale: Callable[[Row], float | None]) -> list[Crossing]:
    """`rows` differ in what `scale` says of them only. Rows that are not decided say nothing, and are passed over: the place is
    then as much less certain."""
    placed = sorted(((value, row) for row in rows if (value := scale(row)) is not None and row.verdict in DECIDED),
                    key=lambda pair: pair[0])
    return [Crossing(low, high, _about(low, a, high, b), a.verdict, b.verdict)
            for (low, a), (high, b) in zip(placed, placed[1:]) if a.verdict != b.verdict and low < high]


def _about(low: float, a: Row, high: float, b: Row) -> float | None:
    """Where the line between the two passes the bound of "same", or 1 where one wins on either side."""
    if low <= 0 or a.ratio is None or b.ratio is None:
        return None
    start, end = math.log(a.ratio), math.log(b.ratio)
    bound = 0.0
    if SAME in (a.verdict, b.verdict):
        winner = a if b.verdict == SAME else b
        bound = math.copysign(math.log(1 + winner.margin), 1 if winner.verdict == A_FASTER else -1)
    if start == end:
        return math.sqrt(low * high)
    share = min(1.0, max(0.0, (bound - start) / (end - start)))
    return low * (high / low) ** share
