"""How far apart the CPUs are: a cache line's round trip between every two of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from mpmt.answers import words
from mpmt.views.measured import number_of
from mpmt.views.report import Shown
from mpmt.views.view import BASELINE, HEAT, Axis, Chart, Column, Panel, Point, Series, Table

MOST_CPUS = 64  # beyond, the cells of a heat map cannot be told apart


@dataclass(frozen=True)
class Matrix:
    """`pairs`: (one CPU, another, ns or None), each pair once."""

    prefix: str
    number: int
    cpus: tuple[int, ...]
    pairs: tuple[tuple[int, int, float | None], ...]

    @property
    def times(self) -> list[float]:
        return sorted(ns for _, _, ns in self.pairs if ns is not None)

    @property
    def sentence(self) -> str:
        times = self.times
        if len(set(times)) == 1:
            return f"{self.prefix}A cache line's round trip between two CPUs takes {words.duration(times[0])}."
        return (f"{self.prefix}A cache line's round trip between two CPUs takes {words.duration(times[0])} to "
                f"{words.duration(times[-1])}, "
                f"{words.duration(statistics.median(times))} in the median of {len(times)} pairs.")

    @property
    def table(self) -> Table:
        return Table((Column("CPU", "count"), Column("and CPU", "count"), Column("round trip", "ns")),
                     tuple(sorted(self.pairs, key=lambda pair: (pair[2] is None, pair[2] or 0))),
                     f"{self.prefix}Round trip of a cache line, nearest CPUs first")

    @property
    def notes(self) -> tuple[str, ...]:
        lacking = len(self.pairs) - len(self.times)
        said = [f"{self.prefix}{lacking} of {len(self.pairs)} pairs of CPUs were not measured."] if lacking else []
        if len(set(self.times)) > 1 and len(self.cpus) > MOST_CPUS:
            said.append(f"{self.prefix}the map of {len(self.cpus)} CPUs is not drawn: its cells would be too small; the table "
                        f"has all pairs.")
        return tuple(said)


def of(one: Shown, prefix: str) -> Matrix | None:
    """None where the record has no pair of CPUs, or rows that do not fit its CPUs."""
    said = one.record["context"].get("core_to_core")
    if not said:
        return None
    cpus, rows = said["cpus"], said["round_trip_ns"]
    if len(rows) != len(cpus) or any(len(row) != len(cpus) for row in rows):
        return None
    pairs = tuple((cpus[a], cpus[b], number_of(rows[a][b]) or None)
                  for a in range(len(cpus)) for b in range(a + 1, len(cpus)))
    found = Matrix(prefix, one.number, tuple(cpus), pairs)
    return found if found.times else None


def charts(found: Sequence[Matrix]) -> list[Chart]:
    """Of machines whose pairs differ; of one pair of CPUs, a map says nothing."""
    drawn = [one for one in found if len(set(one.times)) > 1 and len(one.cpus) <= MOST_CPUS]
    if not drawn:
        return []
    names = tuple(str(cpu) for cpu in sorted({cpu for one in drawn for cpu in one.cpus}))
    panels = tuple(Panel(f"core-to-core-{one.number}", f"{one.prefix}{len(one.cpus)} CPUs", (_cells(one),)) for one in drawn)
    return [Chart(HEAT, "From CPU to CPU", "Round trip of a cache line between the CPUs of row and column ÷ that of the median "
                  "pair: below 1 they are "
                  "near each other.", drawn[0].sentence, Axis("CPU", "", values=names), Axis("CPU", "", values=names), panels,
                  Axis("÷ median pair", "ratio", True))]


def _cells(one: Matrix) -> Series:
    middle = statistics.median(one.times)
    points = tuple(Point(str(x), str(y), value=ns / middle, text=words.duration(ns))
                   for a, b, ns in one.pairs if ns is not None for x, y in ((a, b), (b, a)))
    return Series("round trip", BASELINE, points, number=one.number, line=False)
