"""Start-up and shutdown of pools: what it costs to have workers at all, of threads and of processes."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mpmt.answers import words
from mpmt.records import stats
from mpmt.records.declarations import Metric, metrics_of, value_of
from mpmt.records.families import round_of
from mpmt.records.record_file import rules
from mpmt.views.naming import Names, titled
from mpmt.views.pools import Pool, pools_of
from mpmt.views.report import Shown
from mpmt.views.tabling import Cells, trimmed
from mpmt.views.view import (BASELINE, DOTS, FEW_ROUNDS, LINES, PROCESSES, THREADS, Axis, Chart, Column, Missing, Panel, Point,
                             Series, Table, View)

_FEW = 3  # rounds
_CASE = ("program", "workers", "workload", "waiting", "bench_version", "grain", "payload_bytes", "batch", "batch_split",
         "window", "placement", "wait", "channel")
_VERBS = {"startup_ns": "Starting", "shutdown_ns": "Ending"}


def view(shown: Sequence[Shown]) -> View | Missing:
    """Of all metrics that declare this view, over all workloads: what starts workers does not know what they will do."""
    subjects = {one.number: one.subject.title for one in shown} if len(shown) > 1 else {}
    found = [measured for one in shown for measured in _measured_of(one)]
    if not found:
        return Missing("startup", "Start-up and shutdown", "no pool of workers was measured",
                       "mpmt run --workload empty --workers 1,2,4")
    charts, notes = _charts(found, subjects)
    sentences = [text for one in shown for text in _differences(one, subjects)]
    return View("startup", "Start-up and shutdown", "What does it cost to start workers?", tuple(sentences), charts,
                (_table(found, subjects),), tuple(notes))


# ---- what was measured --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Measured:
    """All rounds of a metric on one side, over one channel, with so many workers."""

    subject: int
    metric: Metric
    program: str | None
    pool: Pool
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def middle(self) -> tuple[float | None, float | None]:
        """The half of them in the middle."""
        return _middle(self.values)

    @property
    def marks(self) -> tuple[str, ...]:
        return (FEW_ROUNDS,) if len(self.values) < _FEW else ()


def _middle(values: Sequence[float]) -> tuple[float | None, float | None]:
    if len(values) < _FEW:
        return None, None
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def _workers_of(shown: Shown) -> list[Pool]:
    return [pool for pool in pools_of(shown.record) if pool.side != BASELINE]


def _measured_of(shown: Shown) -> list[_Measured]:
    pools: dict[tuple[Any, ...], list[Pool]] = {}
    for pool in _workers_of(shown):
        pools.setdefault((pool.entry.get("program"), pool.channel, pool.side != THREADS, pool.series, pool.workers),
                         []).append(pool)
    found = []
    for metric in metrics_of(shown.record, "startup"):
        for key in sorted(pools, key=lambda key: (key[0] or "", *key[1:])):
            entries = [entry for pool in pools[key] for entry in pool.entries]
            values = tuple(value for entry in entries if (value := value_of(entry, metric)) is not None and value > 0)
            if values:  # 0: the program does not say
                found.append(_Measured(shown.number, metric, key[0], pools[key][0], values))
    return found


# ---- sentences ----------------------------------------------------------------------------------------------


def _differences(shown: Shown, subjects: Mapping[int, str]) -> list[str]:
    """Processes less threads, in pairs of the same round that differ in their side only."""
    sides: dict[str, dict[tuple[Any, ...], Mapping[str, Any]]] = {THREADS: {}, PROCESSES: {}}
    for pool in _workers_of(shown):
        if pool.side in sides:
            case = tuple(pool.entry.get(key) for key in _CASE)
            sides[pool.side].update({(*case, round_of(entry)): entry for entry in pool.entries})
    pairs = [(key, entry, sides[PROCESSES][key]) for key, entry in sides[THREADS].items() if key in sides[PROCESSES]]
    prefix = f"{subjects[shown.number]}: " if subjects else ""
    confidence = rules(shown.record).confidence
    said = []
    for metric in metrics_of(shown.record, "startup"):
        # Cases of one round are no independent witnesses: each round has one voice.
        by_workers: dict[tuple[str, int], dict[Any, list[float]]] = {}
        for key, a, b in pairs:
            x, y = value_of(a, metric), value_of(b, metric)
            if x and y:
                by_workers.setdefault((key[0] or "", key[1]), {}).setdefault(key[-1], []).append(y - x)
        said += [prefix + _sentence(metric, program, workers, [statistics.median(one) for one in rounds.values()], confidence)
                 for (program, workers), rounds in sorted(by_workers.items(), key=lambda item: item[0])]
    return said


def _sentence(metric: Metric, program: str, workers: int, more: Sequence[float], confidence: float) -> str:
    """"Starting a process pool of 2 takes 0.4 ms more than a thread pool", with the interval of the median difference."""
    unit, median = metric.unit, statistics.median(more)
    pool = f"a process pool of {workers}" + (f" by {program}" if program else "")
    title = _VERBS.get(metric.name, f"{metric.title[:1].upper()}{metric.title[1:]}:")
    interval = stats.median_interval(more, confidence)
    if interval is None:
        rounds = words.plural(len(more), "round")
        return f"{title} {pool} takes {_signed(median, unit)} than a thread pool, in {rounds}: too few to be sure."
    low, high = interval
    low, high = (-high, -low) if high < 0 else (low, high)
    reach = f"{words.percent(confidence)}: {_plain(low, unit)} to {_plain(high, unit)}"
    if low <= 0 <= high:
        return f"{title} {pool} shows no sure difference to a thread pool ({reach})."
    return f"{title} {pool} takes {_signed(median, unit)} than a thread pool ({reach})."


def _signed(value: float, unit: str) -> str:
    return f"{words.in_unit(abs(value), unit)} {'more' if value >= 0 else 'less'}"


def _plain(value: float, unit: str) -> str:
    return ("−" if value < 0 else "") + words.in_unit(abs(value), unit)


# ---- charts and tables --------------------------------------------------------------------------------------


def _charts(found: Sequence[_Measured], subjects: Mapping[int, str]) -> tuple[tuple[Chart, ...], list[str]]:
    """A panel for each metric and program; lines over workers, or a row for each where there is one number of them only."""
    names = Names()
    kept = _merged(found)
    charts = []
    for unit in dict.fromkeys(one.metric.unit for one in kept):
        own = [one for one in kept if one.metric.unit == unit]
        many = len({one.pool.workers for one in own}) > 1
        panels = tuple(_panel(part, names, subjects, many) for part in _parts(own))
        form, better = ("bands", "Lower") if many else ("bars", "Left")
        reading = f"Median of all rounds, whatever the workers do; {form}: the half of them in the middle. {better} is better."
        measure = Axis("time" if unit == "ns" else "value", unit, unit in ("ns", "bytes"))
        rows = tuple(dict.fromkeys(str(point.y) for panel in panels for series in panel.series for point in series.points))
        over = (LINES, Axis("workers", "count", True), measure) if many else (DOTS, measure, Axis("", "", values=rows))
        charts.append(Chart(over[0], "Start-up and shutdown", reading, _description(own), over[1], over[2], panels))
    several = len({(one.program, one.pool.channel) for one in found}) > len({one.program for one in found})
    return tuple(charts), ["The chart has all channels that both sides have together; the table has each."] if several else []


def _merged(found: Sequence[_Measured]) -> list[_Measured]:
    """Each side over all channels that both have (over all, where there is none): they differ less than rounds do."""
    parts: dict[tuple[Any, ...], list[_Measured]] = {}
    for one in found:
        parts.setdefault((one.subject, one.metric.name, one.program), []).append(one)
    merged = []
    for part in parts.values():
        sides = {side: {one.pool.channel for one in part if one.pool.side == side} for side in (THREADS, PROCESSES)}
        channels = sides[THREADS] & sides[PROCESSES] or {one.pool.channel for one in part}
        together: dict[tuple[str, int], list[_Measured]] = {}
        for one in part:
            if one.pool.channel in channels:
                together.setdefault((one.pool.side or one.pool.series, one.pool.workers), []).append(one)
        merged += [replace(own[0], values=tuple(value for one in own for value in one.values)) for own in together.values()]
    return merged


def _parts(found: Sequence[_Measured]) -> list[list[_Measured]]:
    parts: dict[tuple[Any, ...], list[_Measured]] = {}
    for one in found:
        parts.setdefault((one.subject, one.metric.name, one.program), []).append(one)
    return list(parts.values())


def _panel(part: Sequence[_Measured], names: Names, subjects: Mapping[int, str], many: bool) -> Panel:
    first = part[0]
    title = titled(" by ".join(text for text in (first.metric.title, first.program or "") if text), subjects.get(first.subject))
    lines: dict[str, list[_Measured]] = {}
    for one in part:
        lines.setdefault(_series_name(one), []).append(one)
    return Panel(names.one(title), title, tuple(
        Series(name, own[0].pool.side, tuple(_point(one, many) for one in own), line=many, band=many)
        for name, own in lines.items()))


def _series_name(one: _Measured) -> str:
    return one.pool.side or str(one.pool.entry["executor"])


def _point(one: _Measured, many: bool) -> Point:
    if many:
        return Point(one.pool.workers, one.median, *one.middle, marks=one.marks)
    return Point(one.median, f"{_series_name(one)}, {words.plural(one.pool.workers, 'worker')}", *one.middle, marks=one.marks)


def _description(found: Sequence[_Measured]) -> str:
    said = (f"{one.metric.title} of {words.plural(one.pool.workers, 'worker')}, {_series_name(one)}: "
            f"{words.in_unit(one.median, one.metric.unit)}" for one in found[:8])
    return "; ".join(said) + "."


def _table(found: Sequence[_Measured], subjects: Mapping[int, str]) -> Table:
    units = {one.metric.unit for one in found}
    unit = units.pop() if len(units) == 1 else "count"
    columns = (Column("subject"), Column("what"), Column("program"), Column("side"), Column("channel"),
               Column("workers", "count"), Column("median", unit), Column("a quarter is below", unit),
               Column("a quarter is above", unit), Column("rounds", "count"))
    rows: list[Cells] = [(subjects.get(one.subject), one.metric.title, one.program, one.pool.side or one.pool.entry["executor"],
                          one.pool.channel or None, one.pool.workers, one.median, *one.middle, len(one.values))
                         for one in found]
    return trimmed(columns, rows, (), "Start-up and shutdown")
