"""A history as text for a terminal, and as JSON."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from mpmt.base.row_names import common_parts, short_names
from mpmt.base.shown import shown
from mpmt.history.changes import ALPHA, LEAST_STEP, LEAST_VALUES
from mpmt.history.series import SINCE, Change, Gathered, Order, Point, Series, smallest_found
from mpmt.records.families import FAMILIES
from mpmt.views.view import Column, Table
from mpmt.writers.terminal_tables import table_text
from mpmt.writers.text_lines import MOST_WIDTH, Form

CHANGES = (Column("change", "share"), Column("95 % interval", "share"), Column("(last good"), Column("first bad]"),
           Column("missing", "count"), Column("since", "count"), Column("benchmark"))
PAIRS = (Column("B vs A", "share"), Column("scatter of A", "share"), Column("of B", "share"), Column("A"), Column("B"),
         Column("benchmark"))
MOST_FACTS = 8  # of an epoch; records are untrusted, and may hold thousands

Names = Mapping[str, str]
Part = Union[str, Table]


def text(found: Gathered, order: Order, by: str, width: int = MOST_WIDTH, unicode: bool = True) -> str:
    """One part for each machine: what changed, most recent first, then what was looked at and left out."""
    form = Form(width, unicode)
    return "\n\n".join("\n".join(_machine(found, order, by, machine, form)) for machine in sorted(found.unused))


def _machine(found: Gathered, order: Order, by: str, machine: str, form: Form) -> list[str]:
    series = [one for one in found.series if one.machine == machine]
    commits = len({point.at for one in series for point in one.points})
    lines = [f"machine {machine}: {found.records[machine]} records of {commits} commits, {len(series)} series, ordered by "
             f"{by}"]
    lines += _epoch_lines(found, order, series)
    if not series:
        why = "no benchmark matches, or has an ok trial" if found.records[machine] else "none of its records is of use"
        lines += ["", f"nothing to show: {why}"]
    changed, pairs = changes_of(series), last_pairs(series)
    drifting = sorted(((one, one.drift.effect) for one in series if one.drift), key=lambda pair: -abs(pair[1]))
    told = [one.name for one in (*(one for one, _ in changed), *(pair.series for pair in pairs), *(one for one, _ in drifting))]
    names = short_names(told)
    if common := common_parts(told):
        lines.append(f"all benchmarks below: {shown(common, 300)}")
    parts = [*lines, *_changed_lines(order, changed, series, names)]
    parts += [*_pair_lines(order, series, pairs, names), *_drift_lines(drifting, names), *_smallest_lines(series)]
    parts += [f"  {line}" for line in left_out(found, series, machine)]
    return form.closed(line for part in parts for line in _lines(part, form))


def _lines(part: Part, form: Form) -> list[str]:
    """A paragraph, which keeps what it is indented by, or a table."""
    if isinstance(part, Table):
        return table_text(part, form.width, form.unicode)
    return form.wrapped(part, "    " if part.startswith(" ") else "  ")


def _count(count: int, what: str, plural: str = "s") -> str:
    return f"{count} {what}{plural if count != 1 else ''}"


def _changed_lines(order: Order, changed: Sequence[tuple[Series, Change]], series: Sequence[Series],
                   names: Names) -> list[Part]:
    if not changed:
        commits = len({point.at for one in series for point in one.points})
        searched = any(one.detectable is not None for one in series)
        said = f"nothing changed in {_count(len(series), 'series', '')} of {_count(commits, 'commit')}"
        return ["", said] if searched else []
    slower = sum(change.point.effect > 0 for _, change in changed)
    return ["", change_table(order, changed, names), "",
            f"{_count(slower, 'step')} slower, {len(changed) - slower} faster, in {len({id(one) for one, _ in changed})} of "
            f"{_count(len(series), 'series', '')}; range: the change is in (last good, first bad]; missing: commits in it "
            "without a trusted value; since: values from the first bad one on",
            "`mpmt track bisect` narrows a range with paired measurements"]


def change_table(order: Order, changed: Sequence[tuple[Series, Change]], names: Names) -> Table:
    return Table(CHANGES, tuple((f"{change.point.effect:+.1%}", f"{change.point.low:+.1%} … {change.point.high:+.1%}",
                                 short(order, change.last_good), short(order, change.first_bad), change.missing,
                                 change.measured_since, shown_name(series, names)) for series, change in changed))


def _drift_lines(drifting: Sequence[tuple[Series, float]], names: Names) -> list[str]:
    if not drifting:
        return []
    return ["drifted, with no step in which one commit could be to blame (the last third of the commits against the first):",
            *(f"  {effect:+.1%}  {shown_name(one, names)}" for one, effect in drifting)]


def _smallest_lines(series: Sequence[Series]) -> list[str]:
    smallest = smallest_found(series)
    if smallest is None:
        return []
    worst = max(one.detectable for one in series if one.detectable is not None)
    return [f"would have been found in four of five cases, 10 commits (half of all in shorter series) after it: a step of "
            f"{smallest:.1%} (median over the series; worst {worst:.1%}; rule: p < {ALPHA:g}, at least {LEAST_STEP:.0%}, and "
            "no drift)"]


# ---- too few commits ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """The last two measured commits of a series that is too short for change points: a says how it was, b how it is. Nothing
    is decided."""

    series: Series
    a: Point
    b: Point

    @property
    def ratio(self) -> float:
        """The median of b's trials over that of a's."""
        return self.b.value / self.a.value


def last_pairs(series: Iterable[Series]) -> list[Pair]:
    """Of every series that is too short, but has two commits; the largest ratio, up or down, first. Not of those that are
    placed `free`, where luck decides."""
    pairs = [Pair(one, *one.points[-2:]) for one in series
             if one.detectable is None and one.placement != "free" and len(one.points) >= 2]
    return sorted(pairs, key=lambda pair: (-abs(math.log(pair.ratio)), pair.series.name))


def scatter(point: Point) -> float | None:
    """The standard deviation of its trials over their mean; None: there is only one."""
    return statistics.stdev(point.trials) / statistics.fmean(point.trials) if len(point.trials) > 1 else None


def _pair_lines(order: Order, series: Sequence[Series], pairs: Sequence[Pair], names: Names) -> list[Part]:
    few = sum(one.detectable is None and one.placement != "free" for one in series)
    if not few:
        return []
    said = (f"too few commits for change points in {few} of {_count(len(series), 'series', '')}: they take "
            f"{2 * LEAST_VALUES} trusted ones")
    if not pairs:
        return ["", f"{said}; with a second measured commit the two are shown side by side"]
    rows = tuple((f"{pair.ratio - 1:+.1%}", _percent(scatter(pair.a)), _percent(scatter(pair.b)), short(order, pair.a.at),
                  short(order, pair.b.at), shown_name(pair.series, names)) for pair in pairs)
    (a, b), _ = Counter((pair.a.at, pair.b.at) for pair in pairs).most_common(1)[0]
    return ["", f"{said}; the last two measured commits, A and B, by the medians of their trials:", "",
            Table(PAIRS, rows), "",
            "scatter: standard deviation of the trials; measured in two sessions, which differ by more than that. To be sure: "
            f"`mpmt track compare {short(order, a)} {short(order, b)}`"]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


# ---- what is told of series --------------------------------------------------------------------------------


def changes_of(series: Iterable[Series]) -> list[tuple[Series, Change]]:
    """Every change, the most recent first, and of those at one commit the largest first."""
    pairs = [(one, change) for one in series for change in one.changes]
    return sorted(pairs, key=lambda pair: (-pair[1].first_bad, -abs(pair[1].point.effect), pair[0].name))


def short(order: Order, at: int) -> str:
    return order.commits[at][:12]


def shown_name(series: Series, names: Names) -> str:
    """The benchmark by its short name, with its version where that is not the first."""
    version = f" (version {series.version})" if series.version != 1 else ""
    return shown(names[series.name], 120) + version


def _epoch_lines(found: Gathered, order: Order, series: Sequence[Series]) -> list[str]:
    """Where each epoch begins, and what is different from the one before; nothing if there is only one."""
    spans = epoch_spans(series)
    if len(spans) < 2:
        return []
    lines = []
    for (_, before), (at, epoch) in zip(spans, spans[1:]):
        changed = what_changed(found.epochs[series[0].machine, before], found.epochs[series[0].machine, epoch])
        lines.append(f"  new epoch at {short(order, at)}, not compared with what was before: {changed}")
    return lines


def epoch_spans(series: Iterable[Series]) -> list[tuple[int, int]]:
    """(first commit, epoch) of every epoch, in order. Commits may have been measured in several of them."""
    places: dict[int, int] = {}
    for one in series:
        places[one.epoch] = min(places.get(one.epoch, one.points[0].at), one.points[0].at)
    return [(at, epoch) for epoch, at in sorted(places.items())]


def what_changed(before: dict[str, object], after: dict[str, object], limit: int = 40) -> str:
    """governor: "a" → "b"; ..."""
    keys = [key for key in sorted(before.keys() | after.keys()) if before.get(key) != after.get(key)]
    told = [f"{shown(key, 30)}: {shown(json.dumps(before.get(key), ensure_ascii=False), limit)} → "
            f"{shown(json.dumps(after.get(key), ensure_ascii=False), limit)}" for key in keys[:MOST_FACTS]]
    more = [f"and {len(keys) - MOST_FACTS} more"] if len(keys) > MOST_FACTS else []
    return "; ".join(told + more) or "nothing known"


def left_out(found: Gathered, series: Sequence[Series], machine: str) -> list[str]:
    """What did not take part, in words."""
    lines = [f"{'left out' if reason != SINCE else 'not shown, but searched with the rest'}: {_count(count, 'record')}: "
             f"{shown(reason)}" for reason, count in sorted(found.unused[machine].items())]
    if found.thin[machine]:
        lines.append(f"left out: {_count(found.thin[machine], 'case')} of interrupted records, with ok trials in fewer "
                     "than half of the rounds")
    free = [one for one in series if one.placement == "free"]
    if free:
        lines.append(f"not trusted: {_count(len(free), 'series', '')} placed `free`: shown, and searched for no change")
    unstable = sum(not point.trusted for one in series if one.placement != "free" for point in one.points)
    if unstable:
        lines.append(f"not trusted: {_count(unstable, 'value')} with two modes or a CV above 20 %")
    return lines


# ---- JSON --------------------------------------------------------------------------------------------------


def as_json(found: Gathered, order: Order, by: str, refused: Sequence[str]) -> dict[str, Any]:
    """Everything that the text says, and the values. Effects are ratios - 1, times ns per task or operation, commits full
    ids."""
    return {"order": by, "machines": [_machine_json(found, order, machine) for machine in sorted(found.unused)],
            "refused": list(refused)}


def _machine_json(found: Gathered, order: Order, machine: str) -> dict[str, Any]:
    series = [one for one in found.series if one.machine == machine]
    return {
        "key": machine, "records": found.records[machine], "commits": len({point.at for one in series for point in one.points}),
        "left_out": dict(found.unused[machine]), "interrupted_cases_left_out": found.thin[machine],
        "epochs": [{"from": order.commits[at], "epoch": epoch, "facts": found.epochs[machine, epoch]}
                   for at, epoch in epoch_spans(series)],
        "series": [_series_json(order, one) for one in series],
    }


def _series_json(order: Order, series: Series) -> dict[str, Any]:
    pairs = last_pairs([series])
    return {
        "benchmark": series.name, "bench_version": series.version, "placement": series.placement or None,
        "epoch": series.epoch, "detectable": series.detectable, "drift": series.drift and series.drift.effect,
        "points": [{"commit": order.commits[point.at], FAMILIES[series.family].metric: point.value,
                    "trials": len(point.blob) // 8, "trusted": point.trusted} for point in series.points],
        "changes": [{"last_good": order.commits[change.last_good], "first_bad": order.commits[change.first_bad],
                     "effect": change.point.effect, "low": change.point.low, "high": change.point.high,
                     "p_value": change.point.p_value, "missing": change.missing,
                     "measured_since": change.measured_since} for change in series.changes],
        "last_two": [{"a": order.commits[pair.a.at], "b": order.commits[pair.b.at], "ratio": pair.ratio,
                      "scatter_a": scatter(pair.a), "scatter_b": scatter(pair.b)} for pair in pairs],
    }
