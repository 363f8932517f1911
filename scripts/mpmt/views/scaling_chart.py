"""Scaling's charts and tables: a small panel for each kind of task, and what a law says of its growth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mpmt.answers import words
from mpmt.records.record_file import Record, capacity
from mpmt.views import usl
from mpmt.views.naming import Names, titled
from mpmt.views.pools import Pool
from mpmt.views.scaled import Scaled, Spot
from mpmt.views.tabling import Cells, trimmed
from mpmt.views.view import (DOTS, IDEAL, LINES, OVERSUBSCRIBED, PROCESSES, THREADS, Axis, Chart, Column, Line, Panel, Point, Series, Table, Value)

_MOST_PANELS = 12
_MOST_CHANNELS = 3  # in a panel: more lines cannot be told apart
USL = "Universal Scalability Law"
_TITLES = {(True, True): "Speed-up over workers", (True, False): "Speed-up on one number of workers",
           (False, True): "Time per task over workers", (False, False): "Time per task on one number of workers"}


def _kind(one: Scaled) -> tuple[bool, bool]:
    return one.over_serial, len(one.group.workers) > 1


def drawn(ranked: Sequence[Scaled]) -> list[Scaled]:
    """Those that have a panel: of each chart, the first _MOST_PANELS."""
    return [one for kind in _TITLES for one in [other for other in ranked if _kind(other) == kind][:_MOST_PANELS]]


def charts_of(ranked: Sequence[Scaled], records: Mapping[int, Record], subjects: dict[int, str]) -> tuple[tuple[Chart, ...], list[str]]:
    """The charts, and what is to be noted of them."""
    names = Names()
    charts, notes = [], []
    capacities = {number: capacity(record) for number, record in records.items()}
    for kind, title in _TITLES.items():
        own = [one for one in ranked if _kind(one) == kind]
        if not own:
            continue
        charts.append(_chart(title, kind, [(one, _panel(one, names, capacities[one.subject], subjects)) for one in own[:_MOST_PANELS]]))
        if more := own[_MOST_PANELS:]:
            named = "; ".join(one.group.title for one in more[:_MOST_PANELS]) + (" …" if len(more) > _MOST_PANELS else "")
            notes.append(f"{title}: {len(more)} more are in the table only, with smaller differences: {named}.")
    return tuple(charts), notes


def _chart(title: str, kind: tuple[bool, bool], made: Sequence[tuple[Scaled, Panel]]) -> Chart:
    over_serial, many = kind
    panels = tuple(panel for _, panel in made)
    sure = words.percent(made[0][0].confidence)
    measure = Axis("speed-up", "ratio", True) if over_serial else Axis("time per task", "ns", True)
    reading = ("Time of one that works alone ÷ time with that many workers, in the same rounds: higher is better."
               if over_serial else "No case without workers was measured, so there is no speed-up: time per task, lower is better.")
    reading += f" {'Bands' if many else 'Bars'}: {sure} intervals." + (" Dotted: × workers." if over_serial and many else "")
    if any(OVERSUBSCRIBED in spot.marks for one, _ in made for spots in one.lines.values() for spot in spots):
        reading += f" Oversubscribed: more workers than the {made[0][0].cpus} CPUs."
    description = f"{title}: " + "; ".join(_described(one) for one, _ in made[:3]) + "."
    if many:
        return Chart(LINES, title, reading, description, Axis("workers", "count", True), measure, panels)
    rows = dict.fromkeys(str(point.y) for panel in panels for series in panel.series for point in series.points)
    return Chart(DOTS, title, reading.replace("higher is", "right is").replace("lower is", "left is"), description, measure,
                 Axis("", "", values=tuple(rows)), panels)


def _described(one: Scaled) -> str:
    ends = [f"{series} {_number(one, spots[-1])} on {words.plural(spots[-1].pool.workers, 'worker')}" for series, spots in one.lines.items()]
    return f"{one.group.title}: {', '.join(ends[:4])}"


def _number(one: Scaled, spot: Spot) -> str:
    return words.ratio(spot.value.ratio) if one.over_serial else words.duration(spot.value.ratio)


def _panel(one: Scaled, names: Names, cpus: dict[int, float], subjects: dict[int, str]) -> Panel:
    many = len(one.group.workers) > 1
    channels = _channels(one)
    shown = {series: spots for series, spots in one.lines.items() if spots[0].pool.channel in channels}
    series = [_series(name, spots, many) for name, spots in shown.items()]
    title = titled(one.group.title, subjects.get(one.subject))
    notes = [note for note in (_left_out(one, channels), _law(one, shown) if many and one.over_serial else "") if note]
    lines: tuple[Line, ...] = ()
    if one.over_serial and many:
        series += _bounds(one, cpus)
    elif one.over_serial:
        lines = (Line(float(one.group.workers[0]), "ideal: × workers"),)
        title += f", {words.plural(one.group.workers[0], 'worker')}"
    return Panel(names.one(title), title, tuple(series), lines, " ".join(notes))


def _channels(one: Scaled) -> list[str]:
    """The best few, by the speed that either side reaches."""
    best: dict[str, float] = {}
    for spots in one.lines.values():
        for spot in spots:
            best[spot.pool.channel] = max(best.get(spot.pool.channel, 0.0), one.speed(spot))
    return sorted(best, key=lambda channel: -best[channel])[:_MOST_CHANNELS]


def _left_out(one: Scaled, channels: Sequence[str]) -> str:
    more = sorted({spots[0].pool.channel for spots in one.lines.values()} - set(channels))
    return f"In the table only, being slower: {', '.join(more)}." if more else ""


def _series(name: str, spots: Sequence[Spot], many: bool) -> Series:
    def point(spot: Spot) -> Point:
        x: Value = spot.pool.workers if many else spot.value.ratio
        return Point(x, spot.value.ratio if many else name, spot.value.low, spot.value.high, marks=spot.marks)

    return Series(name, spots[0].pool.side, tuple(map(point, spots)), spots[0].pool.channel, line=many, band=many)


def _bounds(one: Scaled, cpus: dict[int, float]) -> list[Series]:
    """What cannot be passed: as many times the speed as there are workers, and of what computes the capacity of the CPUs."""
    counts = one.group.workers
    bounds = [Series("ideal", IDEAL, tuple(Point(count, float(count)) for count in counts))]
    measured = tuple(Point(count, cpus[count]) for count in sorted(cpus) if counts[0] <= count <= counts[-1])
    if one.group.computes and len(measured) > 1:
        bounds.append(Series("capacity of the CPUs", IDEAL, measured, number=1))
    return bounds


# ---- the law ------------------------------------------------------------------------------------------------


def _fit(one: Scaled, spots: Sequence[Spot]) -> usl.Fit | None:
    """Of workers that compute, those that have a CPU each: more do not show how it grows."""
    counted = [spot for spot in spots if OVERSUBSCRIBED not in spot.marks]
    return usl.fit([spot.pool.workers for spot in counted], [spot.value.ratio for spot in counted])


def _law(one: Scaled, lines: Mapping[str, Sequence[Spot]]) -> str:
    said = []
    for series, spots in lines.items():
        if (found := _fit(one, spots)) is not None:
            said.append(f"{series}: contention {words.significant(found.contention, 2)}, coherency {words.significant(found.coherency, 2)}, "
                        f"{_peak(found)}")
    if said:
        return f"{USL}: {'; '.join(said)}."
    counts = [count for count in one.group.workers if not one.group.computes or count <= one.cpus]
    return f"No fit: {words.plural(len(counts), 'number')} of workers only that have a CPU each." if len(one.group.workers) >= usl.FEWEST else ""


def _peak(found: usl.Fit) -> str:
    if found.peak is None:
        return "no peak predicted"
    beyond = f", beyond the {found.most} that it rests on" if found.peak > found.most else ""
    return f"peak predicted at {words.significant(found.peak, 2)} workers{beyond}"


# ---- tables -------------------------------------------------------------------------------------------------

_COLUMNS = (Column("subject"), Column("workload"), Column("program"), Column("a task takes", "ns"), Column("payload", "bytes"),
            Column("batch"), Column("window", "count"), Column("placement"), Column("wait"), Column("side"), Column("channel"),
            Column("workers", "count"), Column("speed-up", "ratio"), Column("low", "ratio"), Column("high", "ratio"), Column("rounds", "count"),
            Column("time per task", "ns"), Column("CPU time per task", "ns"), Column("context switches per task", "count"), Column("note"))
_OPTIONAL = ("payload", "batch", "window", "placement", "wait")


def tables_of(ranked: Sequence[Scaled], subjects: dict[int, str]) -> tuple[Table, ...]:
    """All that was measured: of what has no panel, in `rest`."""
    first = {id(one) for one in drawn(ranked)}
    rows = [row for one in ranked if id(one) in first for row in _rows(one, subjects)]
    others = [one for one in ranked if id(one) not in first]
    rest = [row for one in others for row in _rows(one, subjects)]
    folded = (f"{len(others)} more kinds of tasks",) if others else ()
    tables = [trimmed(_COLUMNS, rows, _OPTIONAL, "Speed and cost by workers", folded, rest)]
    fits = [row for one in drawn(ranked) if one.over_serial for row in _fit_rows(one, subjects)]
    if fits:
        columns = (Column("subject"), Column("tasks"), Column("series"), Column("speed of one worker", "ratio"), Column("contention", "count"),
                   Column("coherency", "count"), Column("predicted peak, workers", "count"), Column("fitted up to, workers", "count"))
        tables.append(trimmed(columns, fits, (), USL))
    return tuple(tables)


def _rows(one: Scaled, subjects: dict[int, str]) -> list[Cells]:
    rows = [_row(one, subjects, spot.pool, spot) for spots in one.lines.values() for spot in spots]
    return [_row(one, subjects, one.group.serial, None), *rows] if one.group.serial else rows


def _row(one: Scaled, subjects: dict[int, str], pool: Pool, spot: Spot | None) -> Cells:
    entry = one.group.entry
    speed = spot.value if spot is not None and one.over_serial else None
    switches = [count for kind in ("voluntary", "involuntary") if (count := pool.per_task("context_switches", kind)) is not None]
    cpu = [part for who in ("submitter", "workers") if (part := pool.per_task("cpu_ns", who)) is not None]
    return (subjects.get(one.subject), one.group.workload, one.group.program, one.group.task_ns, one.group.payload,
            "split" if entry.get("batch_split") else entry["batch"], entry.get("window"), entry["placement"], entry["wait"],
            pool.side if pool.side in (THREADS, PROCESSES) else pool.entry["executor"], pool.channel or None, pool.workers, speed.ratio if speed else None,
            speed.low if speed else None, speed.high if speed else None, len(pool.entries), pool.median("ns_per_task"),
            sum(cpu) if cpu else None, sum(switches) if switches else None, ", ".join(spot.marks) or None if spot else None)


def _fit_rows(one: Scaled, subjects: dict[int, str]) -> list[Cells]:
    found = [(series, _fit(one, spots)) for series, spots in one.lines.items()]
    return [(subjects.get(one.subject), one.group.title, series, fit.one, fit.contention, fit.coherency, fit.peak, fit.most)
            for series, fit in found if fit is not None]
