"""Charts and tables of latencies: a point at the median, a bar to what 99 % do not exceed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mpmt.answers import words
from mpmt.records import histograms
from mpmt.records.record_file import Record, case_histogram
from mpmt.views.naming import Names, titled
from mpmt.views.tabling import Cells, trimmed
from mpmt.views.view import DOTS, FEW_ROUNDS, FLOOR, PROCESSES, THREADS, UNSTABLE, Axis, Chart, Column, Panel, Point, Series, Table

POOLS, OPEN, CLOSED = "pools", "open", "closed"  # kinds: messages of tasks; of channels at a rate; round trips of channels
_TITLES = {POOLS: "Latency of a task's message (closed loop)", OPEN: "Latency of a message at a given rate (open loop)",
           CLOSED: "Latency of a round trip over a bare channel (closed loop)"}
_READINGS = {POOLS: "From dispatch to completion, as the submitter sees it: with a full window most of it is waiting in line.",
             OPEN: "From the intended start, one way: what waits behind a stall counts.",
             CLOSED: "There and back, one message at a time."}
_MOST_PANELS, _MOST_ROWS = 12, 12  # of a chart, and of a panel

# Shares of all messages; one in so many is slower, and fewer messages than that say nothing of it.
SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}


@dataclass(frozen=True)
class Measured:
    """A case's latencies, ns, over all its rounds that count. `shares`: by SHARES; None where too few messages back it."""

    series: str
    side: str
    channel: str
    shares: Mapping[str, float | None]
    most: float | None
    count: int
    rounds: int
    unstable: bool

    @property
    def marks(self) -> tuple[str, ...]:
        return ((UNSTABLE,) if self.unstable else ()) + ((FEW_ROUNDS,) if self.rounds < 2 else ())


@dataclass(frozen=True)
class Profiles:
    """What is in a panel. `place`: in a sentence; `order`: among others of its kind."""

    kind: str
    subject: int
    title: str
    place: str
    order: tuple[Any, ...]
    measured: tuple[Measured, ...]
    task_ns: float | None
    payload: int
    workers: int | None

    @property
    def difference(self) -> float:
        """Of threads and processes over the same channel, at most: at half and at 99 %."""
        found = 0.0
        for a in self.measured:
            for b in self.measured if a.side == THREADS else ():
                if b.side == PROCESSES and a.channel == b.channel:
                    pairs = ((a.shares[name], b.shares[name]) for name in ("p50", "p99"))
                    found = max([found, *(abs(math.log(x / y)) for x, y in pairs if x and y)])
        return found


def profile_of(record: Record, series: str, side: str, channel: str, entries: Sequence[Mapping[str, Any]], unstable: bool) -> Measured | None:
    """None where no histogram was recorded."""
    said = [entry["latency_ns"] for entry in entries if entry.get("latency_ns")]
    buckets = case_histogram(record, entries[0]["name"], [one.get("histogram") for one in said])
    count = histograms.total(buckets)
    if not count:
        return None
    most = max((float(one["max"]) for one in said if one.get("max") is not None), default=None)
    shares = {name: histograms.quantile(buckets, share, most) if count * (1 - share) >= 0.999 else None for name, share in SHARES.items()}
    return Measured(series, side, channel, shares, most, count, len(entries), unstable)


# ---- charts -------------------------------------------------------------------------------------------------


def drawn(found: Sequence[Profiles], kind: str) -> list[Profiles]:
    """Those that differ most between threads and processes first; what rests on few messages last. Floors have no panel of their
    own."""
    def rank(one: Profiles) -> tuple[bool, float]:
        return all(measured.shares["p99"] is None for measured in one.measured), -one.difference

    own = (one for one in found if one.kind == kind and any(measured.side != FLOOR for measured in one.measured))
    return sorted(own, key=rank)[:_MOST_PANELS]


def charts_of(found: Sequence[Profiles], subjects: Mapping[int, str]) -> tuple[tuple[Chart, ...], list[str]]:
    """A chart of each kind, and what is to be noted of them."""
    names = Names()
    charts, notes = [], []
    for kind, title in _TITLES.items():
        chosen = drawn(found, kind)
        if not chosen:
            continue
        panels = tuple(_panel(one, names, subjects) for one in chosen)
        rows = dict.fromkeys(str(point.y) for panel in panels for series in panel.series for point in series.points)
        reading = f"{_READINGS[kind]} Point: half of the messages are quicker; bar: to 99 %; written: p50 · p99 · p99.9. Left is better."
        charts.append(Chart(DOTS, title, reading, _description(title, chosen), Axis("latency", "ns", True), Axis("", "", values=tuple(rows)), panels))
        if more := sum(one.kind == kind for one in found) - len(chosen):
            notes.append(f"{title}: {more} more, in which threads and processes differ less or that are floors, are in the table only.")
    return tuple(charts), notes


def _panel(one: Profiles, names: Names, subjects: Mapping[int, str]) -> Panel:
    title = titled(one.title, subjects.get(one.subject))
    quickest = sorted((measured for measured in one.measured if measured.side != FLOOR), key=lambda measured: measured.shares["p50"] or math.inf)
    kept = {id(measured) for measured in quickest[:_MOST_ROWS]}
    series = tuple(Series(measured.series, measured.side, (_point(measured),), measured.channel, line=False)
                   for measured in one.measured if id(measured) in kept)
    more = len(quickest) - len(series)
    return Panel(names.one(title if one.kind == POOLS else f"{one.kind} {title}"), title, series,
                 note=f"{more} slower ones are in the table only." if more else "")


def _point(measured: Measured) -> Point:
    half, high, top = (measured.shares[name] for name in ("p50", "p99", "p99.9"))
    text = " · ".join(words.in_unit(value, "ns") for value in (half, high, top))
    return Point(half or 0.0, measured.series, half if high is not None else None, high, marks=measured.marks, text=text)


def _description(title: str, chosen: Sequence[Profiles]) -> str:
    said = []
    for one in chosen[:3]:
        values = [f"{measured.series} {words.in_unit(measured.shares['p50'], 'ns')}, 99 % {words.in_unit(measured.shares['p99'], 'ns')}"
                  for measured in one.measured[:4]]
        said.append(f"{one.title}: {'; '.join(values)}")
    return f"{title}. " + ". ".join(said) + "."


# ---- tables -------------------------------------------------------------------------------------------------

_COLUMNS = (Column("subject"), Column("what"), Column("a task takes", "ns"), Column("payload", "bytes"), Column("workers", "count"),
            Column("side"), Column("channel"), Column("p50", "ns"), Column("p90", "ns"), Column("p99", "ns"), Column("p99.9", "ns"),
            Column("slowest", "ns"), Column("messages", "count"), Column("rounds", "count"), Column("note"))


def tables_of(found: Sequence[Profiles], subjects: Mapping[int, str]) -> tuple[Table, ...]:
    tables = []
    for kind, title in _TITLES.items():
        first = drawn(found, kind)
        there = set(map(id, first))
        others = [one for one in found if one.kind == kind and id(one) not in there]
        if first:
            tables.append(trimmed(_COLUMNS, [row for one in first for row in _rows(one, subjects)], (), title,
                                  [f"{len(others)} more kinds of messages"] if others else [],
                                  [row for one in others for row in _rows(one, subjects)]))
    return tuple(tables)


def _rows(one: Profiles, subjects: Mapping[int, str]) -> list[Cells]:
    return [(subjects.get(one.subject), one.title, one.task_ns, one.payload, one.workers, measured.side, measured.series.partition(" over ")[2] or measured.channel,
             *(measured.shares[name] for name in SHARES), measured.most, measured.count, measured.rounds,
             ", ".join(measured.marks) or None) for measured in one.measured]
