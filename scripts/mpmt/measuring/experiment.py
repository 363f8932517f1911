"""A paired experiment on many benchmarks at once: how many pairs each one needs, and what they show.

Pure: it is told of pairs and says what it still wants. The same code judges live measurements and recorded noise.

For each benchmark, two series. The **first** series asks whether the two sides differ: it grows from `Rules.pairs` pairs by
doubling, as far as the cap allows, until it answers. A difference that it finds was picked out among many benchmarks and
looks, so it is only a suspicion; the **fresh** series, of new pairs, must show it again by itself. Only then is it
called slower or faster.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mpmt.measuring.pairs import Pair, instability, log_ratio, modes_of
from mpmt.records import stats

SLOWER, FASTER, SAME = "slower", "faster", "same"
UNDECIDED, UNSTABLE = "undecided", "unstable"

INTERRUPTED = "interrupted"  # a reason


@dataclass(frozen=True)
class Rules:
    """What it takes to be believed. Effects are ratios - 1."""

    pairs: int = 20  # of the first look, unless a benchmark says otherwise
    cap: int = 3  # all pairs of a benchmark together: at most this many times the first look
    confidence: float = 0.99
    least_gate: float = 0.02  # effects up to this are of no interest
    power: float = 0.9  # of the change that "would have been seen", in each of the two series

    def __post_init__(self) -> None:
        if self.pairs < 2 or self.cap < 2:
            raise ValueError("an experiment needs at least 2 pairs, and a cap of at least 2")


@dataclass(frozen=True)
class Benchmark:
    """What is asked. `gate`: the smallest effect of interest, at least Rules.least_gate. `pairs`: of its first look, 0
    for Rules.pairs. One that says `why_not_gated` is measured and shown, but can raise no alarm."""

    name: str
    gate: float
    why_not_gated: str = ""
    pairs: int = 0

    @property
    def gated(self) -> bool:
        return not self.why_not_gated


@dataclass(frozen=True)
class Finding:
    """The answer for one benchmark. Effects are ratios B ÷ A - 1 of time: above 0, B is slower. `effect` and its
    interval are those of all pairs together; `first_effect` and `fresh_effect` of either series alone; None without
    pairs. `detectable` is the change that would have been seen. `modes`: per side, (median, share of the processes) of
    each mode."""

    benchmark: Benchmark
    verdict: str
    reason: str
    pairs: int
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    detectable: float | None = None
    p_holm: float | None = None
    first_effect: float | None = None
    fresh_effect: float | None = None
    modes: tuple[tuple[tuple[float, float], ...], ...] = ()


@dataclass
class _Inquiry:
    """A benchmark under way."""

    benchmark: Benchmark
    look: int  # pairs of the first look
    target: int = 0  # pairs wanted in the series that is growing
    first: list[Pair] = field(default_factory=list)
    fresh: list[Pair] = field(default_factory=list)
    out_of_time: bool = False
    p_holm: float = 1.0  # at the last look at the first series
    suspect: str = ""  # SLOWER or FASTER once the first series says so
    finding: Finding | None = None

    def __post_init__(self) -> None:
        self.target = self.look

    @property
    def growing(self) -> list[Pair]:
        return self.fresh if self.suspect else self.first

    @property
    def pairs(self) -> list[Pair]:
        return self.first + self.fresh


class Experiment:
    """Not thread-safe. Call `wanted` until it is empty, `add` what it wants, then `findings`."""

    def __init__(self, benchmarks: Sequence[Benchmark], rules: Rules) -> None:
        self._rules = rules
        self._inquiries = {b.name: _Inquiry(b, b.pairs or rules.pairs) for b in benchmarks}
        if len(self._inquiries) != len(benchmarks):
            raise ValueError("two benchmarks of one name")

    def wanted(self) -> list[str]:
        """The benchmarks that need one more pair each, to be measured in turn; empty when all are answered."""
        names = self._short()
        while not names and any(q.finding is None for q in self._inquiries.values()):
            self._look()
            names = self._short()
        return names

    def _short(self) -> list[str]:
        return [name for name, q in self._inquiries.items() if q.finding is None and len(q.growing) < q.target]

    def add(self, name: str, pair: Pair) -> None:
        self._inquiries[name].growing.append(pair)

    def pairs(self, name: str) -> int:
        """How many it has."""
        return len(self._inquiries[name].pairs)

    def call_time(self, name: str) -> None:
        """This benchmark gets no more pairs: the next look, with what there is, is its last."""
        inquiry = self._inquiries[name]
        inquiry.out_of_time, inquiry.target = True, len(inquiry.growing)

    def suspects(self) -> list[str]:
        """Those whose first series found a difference that is being confirmed."""
        return [name for name, q in self._inquiries.items() if q.suspect and q.finding is None]

    def give_up(self, name: str, reason: str) -> None:
        """No more pairs can be had for this benchmark: it stays undecided."""
        inquiry = self._inquiries[name]
        if inquiry.finding is None:
            self._end(inquiry, UNDECIDED, reason)

    def stop(self, reason: str) -> None:
        """`give_up` on all that are not answered, after a last look at what they have: it can show that nothing changed,
        or why nothing can be said, but no difference, which would have to be confirmed."""
        self._adjust_p()
        for name, inquiry in self._inquiries.items():
            if inquiry.finding is None and not inquiry.suspect and len(inquiry.first) >= inquiry.look:
                self._judge_first(inquiry, last=True, reason=reason)
            self.give_up(name, reason)

    def findings(self) -> list[Finding]:
        """All that are answered, in the order of the benchmarks."""
        return [q.finding for q in self._inquiries.values() if q.finding]

    # ---- judging ---------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Every unanswered benchmark has its pairs: judges them, which answers them or raises their targets."""
        self._adjust_p()
        for inquiry in self._inquiries.values():
            if inquiry.finding is not None:
                continue
            if inquiry.suspect:
                self._judge_fresh(inquiry)
            else:
                self._judge_first(inquiry)

    def _adjust_p(self) -> None:
        """Holm's correction over the first series of all benchmarks that can raise an alarm, answered or not."""
        can_alarm = [q for q in self._inquiries.values() if q.first and q.benchmark.gated]
        for inquiry, p in zip(can_alarm, stats.holm([log_ratio(q.first).p_value() for q in can_alarm])):
            inquiry.p_holm = 1.0 if p is None else p

    def _judge_first(self, inquiry: _Inquiry, last: bool = False, reason: str = "") -> None:
        """`reason`: why there will be no more pairs, not even to confirm anything."""
        rules, gate = self._rules, math.log1p(inquiry.benchmark.gate)
        last = last or inquiry.out_of_time or 2 * inquiry.target > (rules.cap - 1) * inquiry.look
        if not inquiry.benchmark.gated:
            self._end(inquiry, UNSTABLE, inquiry.benchmark.why_not_gated)
            return
        trouble = instability(inquiry.first)
        ratio = log_ratio(inquiry.first)
        half = ratio.half_width(rules.confidence)
        if trouble:
            if last:
                self._end(inquiry, UNSTABLE, trouble)
                return
        elif not reason and inquiry.p_holm < 1 - rules.confidence and abs(ratio.mean) > max(half, gate):
            if inquiry.out_of_time:
                self._end(inquiry, UNDECIDED, f"no time was left to confirm {math.expm1(ratio.mean):+.1%}")
                return
            inquiry.suspect = SLOWER if ratio.mean > 0 else FASTER
            inquiry.target = inquiry.look
            return
        elif -gate < ratio.mean - half and ratio.mean + half < gate:
            self._end(inquiry, SAME, "")
            return
        if last:
            self._end(inquiry, UNDECIDED, reason)
        else:
            inquiry.target *= 2

    def _judge_fresh(self, inquiry: _Inquiry) -> None:
        """The direction is given, so the fresh series is tested on one side: its lower bound at `confidence` must be
        above 0; and all pairs together must show an effect of interest."""
        rules, sign = self._rules, 1 if inquiry.suspect == SLOWER else -1
        fresh, both = log_ratio(inquiry.fresh), log_ratio(inquiry.pairs)
        one_sided = fresh.half_width(2 * rules.confidence - 1)
        trouble = instability(inquiry.pairs)
        of_interest = sign * both.mean > math.log1p(inquiry.benchmark.gate)
        if not trouble and sign * fresh.mean > one_sided and of_interest:
            self._end(inquiry, inquiry.suspect, "")
        elif not inquiry.out_of_time and len(inquiry.first) + 2 * inquiry.target <= rules.cap * inquiry.look:
            inquiry.target *= 2
        elif trouble:
            self._end(inquiry, UNSTABLE, trouble)
        else:
            showed = f"a first series showed {math.expm1(log_ratio(inquiry.first).mean):+.1%}"
            cut = inquiry.out_of_time and len(inquiry.fresh) < inquiry.look
            why_not = "no time was left to confirm it" if cut else "a fresh one did not confirm it"
            self._end(inquiry, UNDECIDED, f"{showed}, {why_not}")

    def _end(self, inquiry: _Inquiry, verdict: str, reason: str) -> None:
        inquiry.finding = self._finding(inquiry, verdict, reason)

    def _detectable(self, inquiry: _Inquiry) -> float:
        """The log ratio that would have been called, by both series, each with probability Rules.power: by the first at
        Holm's hardest level, by the fresh one with all pairs that the cap leaves for it."""
        rules, first = self._rules, log_ratio(inquiry.first)
        tests = sum(q.benchmark.gated for q in self._inquiries.values()) or 1
        left = max(1, rules.cap * inquiry.look - len(inquiry.first))
        fresh = replace(first, error=first.error * math.sqrt(len(inquiry.first) / left))
        gate = math.log1p(inquiry.benchmark.gate)
        return max(stats.detectable(first, gate, 1 - (1 - rules.confidence) / tests, rules.power),
                   stats.detectable(fresh, 0.0, 2 * rules.confidence - 1, rules.power))

    def _finding(self, inquiry: _Inquiry, verdict: str, reason: str) -> Finding:
        pairs, rules, benchmark = inquiry.pairs, self._rules, inquiry.benchmark
        if not pairs:
            return Finding(benchmark, verdict, reason, 0)
        ratio = log_ratio(pairs)
        half = ratio.half_width(rules.confidence)
        seen = self._detectable(inquiry)
        return Finding(
            benchmark, verdict, reason, len(pairs), math.expm1(ratio.mean), _effect(ratio.mean - half),
            _effect(ratio.mean + half), _effect(seen), inquiry.p_holm if benchmark.gated else None,
            math.expm1(log_ratio(inquiry.first).mean),
            math.expm1(log_ratio(inquiry.fresh).mean) if inquiry.fresh else None,
            (modes_of([pair.a for pair in pairs]), modes_of([pair.b for pair in pairs])))


def _effect(log: float) -> float | None:
    """A log ratio as ratio - 1; None where there are too few pairs to say."""
    return math.expm1(log) if abs(log) < 700 else None
