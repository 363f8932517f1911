"""What would change the answer: of each scale the nearest cross-over, or how far it is known that there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mpmt.answers import words
from mpmt.answers.crossover import DECIDED, Crossing, crossings
from mpmt.answers.rows import A_FASTER, B_FASTER, Row
from mpmt.asking.contenders import grows_up_to
from mpmt.asking.findings import PAYLOAD, TASK, WORKERS

_VALUES: Mapping[str, Callable[[Row], float | None]] = {
    TASK: lambda row: row.task_ns, PAYLOAD: lambda row: row.payload_bytes, WORKERS: lambda row: row.workers}
_IN_WORDS: Mapping[str, Callable[[float], str]] = {
    TASK: words.duration, PAYLOAD: words.size, WORKERS: lambda count: words.plural(round(count), "worker")}


WIDE = 4.0  # a bracket of a larger factor has no middle


@dataclass(frozen=True)
class Change:
    """Along one scale. `crossing`: the nearest, if any; `text`: what is known, without the scale's name; `brief`: the crossing
    in a few words, for a sentence."""

    scale: str
    crossing: Crossing | None
    text: str
    brief: str = ""


def change(scale: str, rows: Sequence[Row], start: Row, channel: str = "") -> Change:
    """`rows`: all that was measured along it; `start`: of the case itself. `channel`: that they are over."""
    value, told = _VALUES[scale], _IN_WORDS[scale]
    at, found = value(start), crossings(rows, value)
    over = f" over {channel}" if channel and len(rows) > 1 else ""
    if not found or at is None:
        return Change(scale, None, _without(rows, value, told, over))
    near = math.log1p(at)
    nearest = min(found, key=lambda one: abs((math.log1p(one.low) + math.log1p(one.high)) / 2 - near))
    brief, text = _brief(scale, nearest, at, start, True), _brief(scale, nearest, at, start, False)
    beyond = nearest.low >= at * 0.999
    further = next((one for one in (found if beyond else reversed(found))
                    if (one.low >= nearest.high if beyond else one.high <= nearest.low)), None)
    if further:  # what is so from the nearest on is not so for good
        end = f", {'up to' if beyond else 'down to'} {told(further.low if beyond else further.high)}"
        brief, text = brief + end, text + end
    measured = f"{_short(nearest.before, start)} at {told(nearest.low)}, {_short(nearest.after, start)} at {told(nearest.high)}"
    return Change(scale, nearest, f"{text}{over} (measured: {measured})", brief)


def _brief(scale: str, crossing: Crossing, at: float, row: Row, alone: bool) -> str:
    """Counts of workers as they were measured; else about where it is, `alone` with the measured sizes that it is between. Of
    sizes far apart nobody knows how the ratio goes from one to the other: then no more is said."""
    told, beyond = _IN_WORDS[scale], crossing.low >= at * 0.999
    if scale == WORKERS:
        return (f"from {told(crossing.high)} on {_phrase(crossing.after, row)}" if beyond
                else f"up to {told(crossing.low)} {_phrase(crossing.before, row)}")
    if crossing.about is None or crossing.high > WIDE * crossing.low:
        between = f"somewhere between {told(crossing.low)} and {told(crossing.high)}"
        return (f"{_phrase(crossing.after, row)} from {between} on" if beyond
                else f"{_phrase(crossing.before, row)} up to {between}")
    about = told(_two_digits(crossing.about, 1024 if scale == PAYLOAD else 1000))
    about += f" ({told(crossing.low)} to {told(crossing.high)})" if alone else ""
    if beyond:
        return f"from about {about} on {_phrase(crossing.after, row)}"
    return f"up to about {about} {_phrase(crossing.before, row)}"


def _two_digits(value: float, base: int) -> float:
    """In its unit: "about" has no more."""
    unit = base ** math.floor(math.log(max(value, 1), base))
    return float(f"{value / unit:.2g}") * unit


def _phrase(verdict: str, row: Row) -> str:
    winner = {A_FASTER: row.a, B_FASTER: row.b}.get(verdict)
    return f"{winner} are faster" if winner else f"they are the same within {words.percent(row.margin)}"


def _short(verdict: str, row: Row) -> str:
    winner = {A_FASTER: row.a, B_FASTER: row.b}.get(verdict)
    return f"{winner} faster" if winner else "the same"


def _without(rows: Sequence[Row], value: Callable[[Row], float | None], told: Callable[[float], str],
             over: str) -> str:
    """Of rows that show no change."""
    placed = sorted(((at, row) for row in rows if (at := value(row)) is not None), key=lambda pair: pair[0])
    decided = [(at, row) for at, row in placed if row.verdict in DECIDED]
    open_at = [told(at) for at, row in placed if row.verdict not in DECIDED]
    undecided = f"; open at {', '.join(open_at)}" if open_at else ""
    if len(decided) > 1:
        ends = f"{told(decided[0][0])} and {told(decided[-1][0])}"
        return f"nothing changes between {ends}{over} ({len(decided)} measured{undecided})"
    if len(placed) > 1:
        known = f"decided at {told(decided[0][0])} only" if decided else "nothing is decided"
        return f"not known{over}: {known}{undecided}"
    return "nothing else was measured: no time was left (--budget)"


@dataclass(frozen=True)
class Growth:
    """How throughput goes with workers: medians, of the best contender at each count."""

    up_to: int  # the last count that brought more than the margin over all smaller ones
    best: int
    tasks_per_s: Mapping[int, float]

    def sentence(self) -> str:
        if self.up_to == max(self.tasks_per_s):
            return f"Throughput still grows at {words.plural(self.up_to, 'worker')}, the most that were measured."
        return f"Throughput grows up to {words.plural(self.up_to, 'worker')}."

    def text(self) -> str:
        """Medians of the best contender at each count."""
        up_to = self.tasks_per_s[self.up_to]
        beyond = [f"{count}: {self.tasks_per_s[count] / up_to - 1:+.1%}" for count in self.tasks_per_s if count > self.up_to]
        rest = f"; against that {', '.join(beyond)}" if beyond else "; more were not measured"
        return f"throughput grows up to {words.plural(self.up_to, 'worker')}: {words.significant(up_to)} tasks/s{rest}"


def growth(rates: Mapping[int, float], margin: float) -> Growth | None:
    """None where one count was measured."""
    if len(rates) < 2:
        return None
    return Growth(grows_up_to(rates, margin), max(rates, key=lambda count: rates[count]), rates)
