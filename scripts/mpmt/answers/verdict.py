"""What the rows of a record say of a reader's case: one that was measured, or one between measured neighbours that agree.

The page computes the same in its script (writers/page/verdict.js), so that it answers without us; a test holds both to the same
sentences, letter by letter. So what is here is plain: no library, and every number of it in words by mpmt.answers.words."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mpmt.answers import words
from mpmt.answers.rows import A_FASTER, B_FASTER, SAME, UNDECIDED, Row, channel_of

MEASURED, BETWEEN, MISSING = "measured", "between", "missing"  # kinds of answer
_EQUAL = 1e-9  # relative: the same number, written or computed in another way


@dataclass(frozen=True)
class Selection:
    """A reader's case. What is a name has to be one that was measured; what is a number may lie between two that were."""

    workload: str
    task_ns: float
    payload_bytes: float
    workers: float
    placement: str
    channel: str  # or BEST


@dataclass(frozen=True)
class Answer:
    """`based_on`: the measured rows that it rests on, or (of MISSING) the nearest. `verdict`, `ratio`, `low`, `high` as in Row;
    of MISSING None."""

    kind: str
    sentence: str
    based_on: tuple[Row, ...] = ()
    verdict: str | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class _Scale:
    """One of the numbers that a case may lie between: how far values are apart."""

    of_row: Callable[[Row], float | None]
    of_case: Callable[[Selection], float]
    place: Callable[[float], float]


_SCALES = (
    _Scale(lambda row: row.task_ns, lambda case: case.task_ns, math.log),
    _Scale(lambda row: row.payload_bytes, lambda case: case.payload_bytes, math.log1p),
    _Scale(lambda row: row.workers, lambda case: case.workers, math.log),
)


def answer(rows: Sequence[Row], case: Selection) -> Answer:
    """`rows`: of one subject and one pair of sides, one a place (rows.plain). Where the case lies between measured values of a
    scale, the rows at all corners of the place that it is in must be there and agree in their verdict: then the ratio is
    interpolated between them (its logarithm; linear in the logarithm of time and workers, of payload in that of 1 + bytes),
    and its interval reaches from the lowest to the highest of theirs. Else the answer is that it is missing."""
    fitting = [row for row in rows if row.workload == case.workload and row.placement == case.placement
               and channel_of(row) == case.channel and all(scale.of_row(row) is not None for scale in _SCALES)]
    if not fitting:
        return Answer(MISSING, f"Not measured: {case.workload} over {case.channel}, placement {case.placement}.")
    ends = [_around(sorted({_number(scale.of_row(row)) for row in fitting}), scale.of_case(case)) for scale in _SCALES]
    nearest = min(fitting, key=lambda row: sum(_distance(scale, row, case) for scale in _SCALES))
    if any(not pair for pair in ends):
        return Answer(MISSING, f"Not measured, and beyond all that was: {in_words(case)}. Nearest: {sentence_of(nearest)}",
                      (nearest,))
    corners = [row for place in itertools.product(*map(_distinct, ends)) for row in fitting if _is_at(row, place)]
    wanted = math.prod(len(_distinct(pair)) for pair in ends)
    if len(corners) == wanted == 1:
        row = corners[0]
        return Answer(MEASURED, sentence_of(row), (row,), row.verdict, row.ratio, row.low, row.high)
    if len(corners) < wanted:
        return Answer(MISSING, f"Not measured: {in_words(case)}; nor are all of its neighbours. "
                      f"Nearest: {sentence_of(nearest)}", (nearest,))
    if any(None in (row.ratio, row.low, row.high) for row in corners) or len({row.verdict for row in corners}) > 1:
        return Answer(MISSING, f"Not measured: {in_words(case)}; its measured neighbours do not agree. "
                      f"Nearest: {sentence_of(nearest)}", tuple(corners))
    return _interpolated(corners, ends, case)


def _number(value: float | None) -> float:
    assert value is not None
    return float(value)


def _around(values: Sequence[float], wanted: float) -> tuple[float, ...]:
    """The measured value that it is, twice, or the two that it lies between; nothing where it lies beyond all."""
    for value in values:
        if abs(value - wanted) <= _EQUAL * abs(value):
            return value, value
    below, above = [value for value in values if value < wanted], [value for value in values if value > wanted]
    return (below[-1], above[0]) if below and above else ()


def _distinct(pair: Sequence[float]) -> tuple[float, ...]:
    return tuple(dict.fromkeys(pair))


def _distance(scale: _Scale, row: Row, case: Selection) -> float:
    return abs(scale.place(_number(scale.of_row(row))) - scale.place(scale.of_case(case)))


def _is_at(row: Row, place: Sequence[float]) -> bool:
    return all(scale.of_row(row) == value for scale, value in zip(_SCALES, place))


def _interpolated(corners: Sequence[Row], ends: Sequence[tuple[float, ...]], case: Selection) -> Answer:
    total = 0.0
    for row in corners:
        weight = 1.0
        for scale, pair in zip(_SCALES, ends):
            if pair[0] != pair[1]:
                low, high = map(scale.place, pair)
                share = (scale.place(scale.of_case(case)) - low) / (high - low)
                weight *= share if scale.of_row(row) == pair[1] else 1 - share
        total += weight * math.log(_number(row.ratio))
    ratio, low, high = math.exp(total), min(_number(row.low) for row in corners), max(_number(row.high) for row in corners)
    verdict = corners[0].verdict
    seen = [row.detectable for row in corners if row.detectable is not None]
    weakest = replace(corners[0], detectable=max(seen) if len(seen) == len(corners) else None)
    said = finding(weakest, verdict, ratio, low, high)
    return Answer(BETWEEN, f"{said} for {in_words(case)} (not measured: between {len(corners)} measured cases that agree).",
                  tuple(corners), verdict, ratio, low, high)


# ---- words -------------------------------------------------------------------------------------------------


def in_words(case: Selection) -> str:
    """"tasks of 50 µs with 2 KiB on 2 workers"; what was chosen by name goes without saying, since the reader chose it."""
    return place_in_words(case.workload, case.task_ns, case.payload_bytes, case.workers)


def place_in_words(workload: str, task_ns: float | None, payload_bytes: float | None, workers: float | None) -> str:
    tasks = f"{workload} tasks" + (f" of {words.duration(task_ns)}" if task_ns is not None else "")
    data = f" with {words.size(payload_bytes)}" if payload_bytes else ""
    who = f" on {words.significant(workers)} worker{'' if workers == 1 else 's'}" if workers is not None else ""
    return tasks + data + who


def sentence_of(row: Row) -> str:
    """Of a measured row, ending in a full stop."""
    place = place_in_words(row.workload, row.task_ns, row.payload_bytes, row.workers)
    if row.ratio is None or row.low is None or row.high is None:
        return f"Too few rounds to say anything for {place}."
    return f"{finding(row, row.verdict, row.ratio, row.low, row.high)} for {place}."


def finding(row: Row, verdict: str, ratio: float, low: float, high: float) -> str:
    """"Threads 1.18x faster than processes (95 %: 1.14–1.22)", without place and full stop."""
    sure = words.percent(row.confidence)
    if verdict == A_FASTER:
        return f"{_capital(row.a)}: {words.factor(ratio)} faster than {row.b} ({sure}: {words.ratio(low)}–{words.ratio(high)})"
    if verdict == B_FASTER:
        reach = f"{words.ratio(1 / high)}–{words.ratio(1 / low)}"
        return f"{_capital(row.b)}: {words.factor(1 / ratio)} faster than {row.a} ({sure}: {reach})"
    figures = f"{row.b} ÷ {row.a} {words.ratio(ratio)}, {sure}: {words.ratio(low)}–{words.ratio(high)}"
    if verdict == SAME:
        return f"The same within {words.percent(row.margin)}, {row.a} or {row.b} ({figures})"
    if verdict == UNDECIDED:
        seen = f"; a difference of {words.percent(row.detectable)} would have been seen" if row.detectable is not None else ""
        return f"Undecided between {row.a} and {row.b} ({figures}{seen})"
    return f"Unstable, so no winner between {row.a} and {row.b} ({figures})"


def _capital(side: str) -> str:
    """A program's name stays as it is."""
    return side.capitalize() if side in ("threads", "processes") else side
