"""The table behind the answer."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from mpmt.answers.rows import A_FASTER, B_FASTER, CONTROLLED, Row
from mpmt.asking.contenders import PROCESSES, THREADS, Contender, Found
from mpmt.records.families import rounds_that_count, value_ns
from mpmt.records.record_file import Record
from mpmt.views.view import Column, Table, Value

MOST_ROWS = 12
Cells = tuple[Optional[Value], ...]


def table(deployed: Found | None, found: Sequence[Found], contenders: Sequence[Contender],
          scanned: Sequence[Contender] = ()) -> Table:
    """First the best of either side, then each channel and count of workers, the fastest first; who has no other side stands
    alone. `scanned`: who was timed with other counts, and not compared."""
    rows_over_one = [one for one in found if one.row.table == CONTROLLED]
    there: set[str] = set().union(*map(_names, rows_over_one))
    compared = [one for one in rows_over_one if not deployed or _names(one) != _names(deployed)]
    alone = [one for one in contenders if one.name not in there]
    rest = [*((min(_times(one), default=float("inf")), _cells(one)) for one in compared),
            *((one.task_ns, _alone(one)) for one in alone), *_timed(scanned, {one.workers for one in contenders})]
    rows = [*([_cells(deployed, best=True)] if deployed else []),
            *(cells for _, cells in sorted(rest, key=lambda pair: pair[0]))]
    row = (deployed or (found[0] if found else None))
    interval = f"{100 * row.row.confidence:g} %" if row else "interval"
    columns: tuple[Column, ...] = (
        Column("over"), Column("workers", "count"), Column("threads", "ns"), Column("processes", "ns"),
        Column("threads/s", "count"), Column("processes/s", "count"), Column("ratio", "ratio"),
        Column(f"{interval} from", "ratio"), Column("to", "ratio"), Column("verdict"))
    title = "Time per task: medians of either side; ratio: processes ÷ threads, lap by lap"
    if not scanned:  # the reciprocal of what stands beside it
        columns, rows = _without_rates(columns), [_without_rates(row) for row in rows]
    return Table(columns, tuple(rows[:MOST_ROWS]), title, rest=tuple(rows[MOST_ROWS:]))


def _without_rates(cells: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*cells[:4], *cells[6:])


def _names(one: Found) -> set[str]:
    return {who.name for who in (one.threads, one.processes) if who}


def _times(one: Found) -> list[float]:
    return [who.task_ns for who in (one.threads, one.processes) if who]


def _cells(one: Found, best: bool = False) -> Cells:
    threads, processes = one.threads, one.processes
    over = one.row.channel or ""
    if best:
        names = [f"{who.channel}{'' if one.row.workers else f' × {who.workers}'}" for who in (threads, processes) if who]
        over = f"best: {', '.join(dict.fromkeys(names))}"
    return (over, one.row.workers, *_of(threads, processes), one.row.ratio, one.row.low, one.row.high, _verdict(one.row))


def _alone(one: Contender) -> Cells:
    is_threads = one.side == THREADS
    return (one.channel, one.workers, *_of(one if is_threads else None, None if is_threads else one), None, None, None, None)


def _timed(scanned: Sequence[Contender], known: set[int]) -> list[tuple[float, Cells]]:
    """Both sides of a channel and count in a row."""
    places: dict[tuple[str, int], dict[str, Contender]] = {}
    for one in scanned:
        if one.workers not in known:
            places.setdefault((one.channel, one.workers), {})[one.side] = one
    return [(min(one.task_ns for one in sides.values()), (*place, *_of(sides.get(THREADS), sides.get(PROCESSES)), None, None,
                                                          None, None))
            for place, sides in places.items()]


def _of(threads: Contender | None, processes: Contender | None) -> Cells:
    return (*(one.task_ns if one else None for one in (threads, processes)),
            *(round(one.tasks_per_s, 3) if one else None for one in (threads, processes)))


def _verdict(row: Row) -> str:
    return {A_FASTER: row.a, B_FASTER: row.b}.get(row.verdict, row.verdict)


def of_commands(record: Record, row: Row | None, names: Sequence[str]) -> Table:
    """The first is what the other is divided by."""
    rounds: dict[str, list[float]] = {name: [] for name in names}
    for _, entry in rounds_that_count(record):
        rounds.setdefault(_program(entry), []).append(value_ns(entry))
    rows = [(name, statistics.median(values) if values else None, *(_compared(row) if at else (None,) * 4))
            for at, (name, values) in enumerate(rounds.items())]
    return Table((Column("command"), Column("time", "ns"), Column("ratio", "ratio"), Column("from", "ratio"),
                  Column("to", "ratio"),
                  Column("verdict")), tuple(rows), "Time of one execution, and ÷ the first")


def _program(entry: Mapping[str, Any]) -> str:
    return str(entry["program"])


def _compared(row: Row | None) -> Cells:
    return (row.ratio, row.low, row.high, _verdict(row)) if row else (None, None, None, None)
