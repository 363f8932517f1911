"""The verdict: what the records say of their own cases, before anybody asks for one."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mpmt.answers import words
from mpmt.answers.rows import A_FASTER, B_FASTER, CONTROLLED, DEPLOYED, PROGRAMS, SAME, UNDECIDED, UNSTABLE
from mpmt.records.families import CHANNEL, COMMAND, GOOGLE, POOL, SERVER
from mpmt.views.compared import CANDIDATE, Compared, compared_of, kind_of, sentence
from mpmt.views.naming import Names
from mpmt.views.report import Shown
from mpmt.views.verdict_chart import chart_of, table_of
from mpmt.views.view import FEW_ROUNDS, Missing, Table, View

_TITLE, _QUESTION = "Verdict", "Threads or processes?"
_MOST_DIFFERENCES = 3  # that have sentences of their own
_MOST_NAMES = 8  # in one sentence

# What is told together, in this order: by table and family.
_KINDS = {
    (CONTROLLED, POOL): "Processes ÷ threads, all else equal",
    (PROGRAMS, POOL): "Programs, the same work",
    (PROGRAMS, COMMAND): "Commands",
    (PROGRAMS, SERVER): "Servers",
    (PROGRAMS, GOOGLE): "Benchmarks of programs",
    (DEPLOYED, POOL): "As deployed: the best processes ÷ the best threads, whatever their channels",
    (CONTROLLED, CHANNEL): "Bare channels: processes ÷ threads, all else equal",
    (PROGRAMS, CHANNEL): "Bare channels of programs",
    (DEPLOYED, CHANNEL): "Bare channels as deployed: the best between processes ÷ the best between threads",
}
_SHORT = {
    (CONTROLLED, POOL): "comparisons of processes with threads, all else equal,",
    (DEPLOYED, POOL): "comparisons of the best processes with the best threads, whatever their channels,",
    (CONTROLLED, CHANNEL): "comparisons of processes with threads over bare channels",
    (DEPLOYED, CHANNEL): "comparisons of the best bare channels of either side",
}


def view(shown: Sequence[Shown]) -> View | Missing:
    """Several records stand side by side; nothing is worked out of two."""
    by_record = [(one, compared_of(one.record, one.number)) for one in shown]
    every = [found for _, of_one in by_record for found in of_one]
    if not every:
        return Missing("verdict", _TITLE, "nothing was measured on two sides that can be compared",
                       "mpmt run --workload hash_chain --workers 2")
    kinds = [kind for kind in _KINDS if any(kind_of(found) == kind for found in every)]
    subjects = {one.number: one.subject.title for one in shown} if len(shown) > 1 else {}
    grouped = {kind: [found for found in every if kind_of(found) == kind] for kind in kinds}
    repeated = [kind for kind in kinds if _is_repeated(kind, grouped)]
    told = [kind for kind in kinds if kind not in repeated]
    sentences = [f"{one.subject.title}: {text}" if subjects else text for kind in told for one, of_one in by_record
                 for text in _sentences(kind, [found for found in of_one if kind_of(found) == kind])]
    names = Names()
    charts = [chart_of(_KINDS[kind], "" if kind == told[0] else kind[0], grouped[kind], subjects, names) for kind in told]
    return View("verdict", _TITLE, _QUESTION, tuple(sentences), tuple(chart for chart in charts if chart is not None),
                tuple(_table(kind, grouped, subjects, kind in repeated) for kind in kinds),
                (*(f"No chart of its own: {_KINDS[kind]}. Only one channel was measured on both sides, so that it is the same."
                   for kind in repeated), *_notes(every, len(shown))))


def _table(kind: tuple[str, str], grouped: Mapping[tuple[str, str], Sequence[Compared]], subjects: dict[int, str],
           repeated: bool) -> Table:
    table = table_of(_KINDS[kind], grouped[kind], subjects)
    if not repeated:
        return table
    folded = (f"{len(grouped[kind])} rows, equal to those above",)
    return replace(table, rows=(), rest=(*table.rows, *table.rest), folded=folded)


def _is_repeated(kind: tuple[str, str], grouped: Mapping[tuple[str, str], Sequence[Compared]]) -> bool:
    """Whether these rows, as deployed, say no more than those in which all else is equal."""
    table, family = kind
    controlled = {(one.row.ratio, one.row.low, one.row.high) for one in grouped.get((CONTROLLED, family), ())}
    return table == DEPLOYED and all((one.row.ratio, one.row.low, one.row.high) in controlled for one in grouped[kind])


# ---- sentences ----------------------------------------------------------------------------------------------


def _sentences(kind: tuple[str, str], found: Sequence[Compared]) -> list[str]:
    """Most important first: how much is decided, what differs most, what is the same, what is open."""
    if not found:
        return []
    if len(found) == 1:
        return [sentence(found[0])]
    return [_counts(kind, found), *_differences(found), *_same(found), *_open(found)]


def _counts(kind: tuple[str, str], found: Sequence[Compared]) -> str:
    decided = [one for one in found if one.is_decided]
    what = _SHORT.get(kind, "comparisons of programs")
    if not decided:
        return f"None of {len(found)} {what} is decided."
    number = f"All {len(found)}" if len(decided) == len(found) else f"{len(decided)} of {len(found)}"
    return f"{number} {what} {_is(len(decided))} decided: {', '.join(_wins(found) + _same_count(decided))}."


def _wins(found: Sequence[Compared]) -> list[str]:
    """How often each side is faster; where programs are many, how often any is."""
    sides = next(iter(pairs)) if len(pairs := {(one.row.a, one.row.b) for one in found}) == 1 else ("", "")
    counts = [sum(one.state == state for one in found) for state in (A_FASTER, B_FASTER)]
    if not sides[0]:
        return [f"{sum(counts)} with a winner"] if sum(counts) else []
    return [f"{name} faster in {count}" for name, count in zip(sides, counts) if count]


def _same_count(decided: Sequence[Compared]) -> list[str]:
    count = sum(one.state == SAME for one in decided)
    return [f"the same within {words.percent(decided[0].row.margin)} in {count}"] if count else []


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _differences(found: Sequence[Compared]) -> list[str]:
    winners = sorted((one for one in found if one.has_winner), key=lambda one: -one.size)
    told = [sentence(one) for one in winners[:_MOST_DIFFERENCES]]
    if more := winners[_MOST_DIFFERENCES:]:
        least, most = (words.factor(max(one.ratio or 1, 1 / (one.ratio or 1))) for one in (more[-1], more[0]))
        told.append(f"{len(more)} more differ by {least}{'' if least == most else ' to ' + most}.")
    return told


def _same(found: Sequence[Compared]) -> list[str]:
    """All in one sentence: a finding as well."""
    counts: dict[str, list[int]] = {}
    for one in found:
        there = counts.setdefault(one.what, [0, 0])
        there[0] += one.state == SAME
        there[1] += 1
    names = [what if same == all_ else f"{what} ({same} of {all_})" for what, (same, all_) in sorted(counts.items()) if same]
    if not names:
        return []
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return [f"The same within {words.percent(found[0].row.margin)}: {', '.join(names[:_MOST_NAMES])}{more}."]


def _open(found: Sequence[Compared]) -> list[str]:
    """What is not decided is no finding; what comes nearest to one is told as that."""
    states = {state: [one for one in found if one.state == state] for state in (CANDIDATE, UNDECIDED, UNSTABLE, FEW_ROUNDS)}
    seen = [one.row.detectable for one in states[UNDECIDED] if one.row.detectable is not None]
    parts = [f"{len(states[CANDIDATE])} showed a difference that is not yet confirmed" if states[CANDIDATE] else "",
             _not_seen(len(states[UNDECIDED]), seen),
             f"{len(states[UNSTABLE])} {_is(len(states[UNSTABLE]))} unstable" if states[UNSTABLE] else "",
             f"{len(states[FEW_ROUNDS])} with too few rounds" if states[FEW_ROUNDS] else ""]
    count = sum(map(len, states.values()))
    if not count:
        return []
    largest = max(states[CANDIDATE], key=lambda one: one.size, default=None)
    more = [sentence(largest)] if largest is not None else []
    return [f"{count} {_is(count)} open: {'; '.join(part for part in parts if part)}.", *more]


def _not_seen(count: int, detectable: Sequence[float]) -> str:
    if not count:
        return ""
    none = f"{count} showed no sure difference"
    if not detectable:
        return none
    return f"{none}: a difference of {words.percent(statistics.median(detectable))} (median) would have been seen"


def _notes(found: Sequence[Compared], records: int) -> tuple[str, ...]:
    notes = []
    if any(one.state in (CANDIDATE, UNDECIDED, FEW_ROUNDS) for one in found):
        notes.append("What is open is no finding. More time decides more (--budget), as do fewer cases in one run, and a "
                     "quieter machine.")
    if records > 1:
        notes.append("Records stand side by side: no ratio here is of two of them.")
    return tuple(notes)
