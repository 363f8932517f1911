"""A history as text for a terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from mpmt.base.shown import shown
from mpmt.history.changes import ALPHA, LEAST_STEP
from mpmt.history.series import SINCE, Change, Gathered, Order, Series, smallest_found
from mpmt.records.families import FAMILIES

COLUMNS = ("change", "95 % interval", "(last good", "first bad]", "missing", "since", "benchmark")
NUMBERS = (0, 1, 4, 5)  # columns that line up on the right
MOST_FACTS = 8  # of an epoch; records are untrusted, and may hold thousands


def text(found: Gathered, order: Order, by: str) -> str:
    """One part for each machine: what changed, most recent first, then what was looked at and left out."""
    machines = sorted(found.unused)
    return "\n\n".join(_machine(found, order, by, machine) for machine in machines)


def _machine(found: Gathered, order: Order, by: str, machine: str) -> str:
    series = [one for one in found.series if one.machine == machine]
    commits = len({point.at for one in series for point in one.points})
    lines = [f"machine {machine}: {found.records[machine]} records of {commits} commits, {len(series)} series, ordered by "
             f"{by}"]
    lines += _epoch_lines(found, order, series)
    changed = changes_of(series)
    if not series:
        why = "no benchmark matches, or has an ok trial" if found.records[machine] else "none of its records is of use"
        lines += ["", f"nothing to show: {why}"]
    elif changed:
        lines += ["", *_table(order, changed), ""]
        slower = sum(change.point.effect > 0 for _, change in changed)
        lines.append(f"{_count(slower, 'step')} slower, {len(changed) - slower} faster, in "
                     f"{len({id(one) for one, _ in changed})} of {_count(len(series), 'series', '')}; range: the change is "
                     "in (last good, first bad]; missing: commits in it without a trusted value; since: values from the "
                     "first bad one on")
        lines.append("`track.py bisect` narrows a range with paired measurements")
    elif any(one.detectable is not None for one in series):
        lines += ["", f"nothing changed in {_count(len(series), 'series', '')} of {_count(commits, 'commit')}"]
    else:
        lines += ["", "nothing can be said yet: a change point takes 8 trusted commits in one series"]
    drifting = sorted((one for one in series if one.drift), key=lambda one: -abs(one.drift.effect))
    if drifting:
        lines.append("drifted, with no step in which one commit could be to blame (the last third of the commits against "
                     "the first):")
        lines += [f"  {one.drift.effect:+.1%}  {shown_name(one)}" for one in drifting]
    smallest = smallest_found(series)
    if smallest is not None:
        worst = max(one.detectable for one in series if one.detectable is not None)
        lines.append(f"would have been found in four of five cases, 10 commits (half of all in shorter series) after it: "
                     f"a step of {smallest:.1%} (median over the series; worst {worst:.1%}; rule: p < {ALPHA:g}, at least "
                     f"{LEAST_STEP:.0%}, and no drift)")
    return "\n".join([*lines, *(f"  {line}" for line in left_out(found, series, machine))])


def _count(count: int, what: str, plural: str = "s") -> str:
    return f"{count} {what}{plural if count != 1 else ''}"


def changes_of(series: Iterable[Series]) -> list[tuple[Series, Change]]:
    """Every change, the most recent first, and of those at one commit the largest first."""
    pairs = [(one, change) for one in series for change in one.changes]
    return sorted(pairs, key=lambda pair: (-pair[1].first_bad, -abs(pair[1].point.effect), pair[0].name))


def _table(order: Order, changed: Sequence[tuple[Series, Change]]) -> list[str]:
    rows = [COLUMNS]
    for series, change in changed:
        point = change.point
        rows.append((f"{point.effect:+.1%}", f"{point.low:+.1%} … {point.high:+.1%}", short(order, change.last_good),
                     short(order, change.first_bad), str(change.missing), str(change.measured_since),
                     shown_name(series)))
    widths = [max(len(row[at]) for row in rows) for at in range(len(COLUMNS))]
    return ["  ".join(cell.rjust(width) if at in NUMBERS else cell.ljust(width)
                      for at, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]


def short(order: Order, at: int) -> str:
    return order.commits[at][:12]


def shown_name(series: Series, limit: int = 120) -> str:
    """The benchmark, with its version where that is not the first."""
    version = f" (version {series.version})" if series.version != 1 else ""
    return shown(series.name, limit) + version


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
    few = sum(one.detectable is None for one in series if one.placement != "free")
    if few:
        lines.append(f"too short: {_count(few, 'series', '')} with fewer than 8 trusted commits: no change can be found")
    return lines


# ---- JSON --------------------------------------------------------------------------------------------------


def as_json(found: Gathered, order: Order, by: str, refused: Sequence[str]) -> dict[str, Any]:
    """Everything that the text says, and the values. Effects are ratios - 1, times ns per task or operation, commits full ids."""
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
    return {
        "benchmark": series.name, "bench_version": series.version, "placement": series.placement or None,
        "epoch": series.epoch, "detectable": series.detectable, "drift": series.drift and series.drift.effect,
        "points": [{"commit": order.commits[point.at], FAMILIES[series.family].metric: point.value, "trials": len(point.blob) // 8,
                    "trusted": point.trusted} for point in series.points],
        "changes": [{"last_good": order.commits[change.last_good], "first_bad": order.commits[change.first_bad],
                     "effect": change.point.effect, "low": change.point.low, "high": change.point.high,
                     "p_value": change.point.p_value, "missing": change.missing,
                     "measured_since": change.measured_since} for change in series.changes],
    }
