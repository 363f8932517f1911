"""What the figures of bare channels are about: one record's channel cases, what was measured of each, and its look."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas
from matplotlib.lines import Line2D

from mpmt.base.shown import shown
from mpmt.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, Dashes
from mpmt.figures.subject import rows_of
from mpmt.records import record_file
from mpmt.records.families import CHANNEL
from mpmt.records.record_file import Record

PATTERNS = {"ping_pong": "round trip", "stream": "stream", "open_loop": "open loop"}
PLACEMENTS = {"same": "one CPU (same)", "spread": "two CPUs (spread)", "free": "not pinned (free)"}
SIDES = {"threads": "threads", "processes": "processes"}
WAITS = ("block", "yield", "spin")
UNSTABLE_WORDS = "hollow: unstable, with the trials' modes"
UNSTABLE_NOTE = ("Hollow: unstable (trials have two modes, joined by a thin line, or vary by more than 20 %): where it lies "
                 "says little, and names no winner.")


@dataclass(frozen=True)
class Look:
    color: str
    marker: str
    dashes: Dashes
    width: float = 1.3
    size: float = 4.2


_KNOWN = {
    "shm_ring": Look(BLUE, "o", "-"),
    "shm_arena": Look(SKY, "^", "-"),
    "by_reference": Look(BLACK, "D", (0, (1, 1)), size=3.4),
    "boost_queue": Look(VERMILION, "s", (0, (4, 1.5))),
    "boost_condition": Look(ORANGE, "v", (0, (5, 1, 1, 1))),
    "eventfd_ring": Look(GREEN, "P", "-", size=4.8),
    "posix_queue": Look(GREEN, "*", (0, (3, 1.5)), size=6),
    "pipe": Look(PURPLE, "X", "-", size=4.8),
    "unix_stream": Look(PURPLE, "<", (0, (4, 1.5))),
    "unix_seqpacket": Look(PURPLE, ">", (0, (1, 1))),
    "tcp_loopback": Look(ORANGE, "d", (0, (1, 1))),
}
_FLOOR_DASHES: dict[str, Dashes] = {
    "floor_cache_line": (0, (1, 1.2)), "floor_futex": (0, (5, 2)), "floor_pipe": (0, (5, 1.5, 1, 1.5)),
    "floor_seqpacket": (0, (2.5, 1.5)), "floor_memcpy": (0, (8, 2, 1, 2, 1, 2)),
}
_SHAPES: list[tuple[str, Dashes]] = [("p", "-"), ("h", (0, (2, 2))), ("8", (0, (6, 2, 2, 2)))]
_OTHERS = [Look(color, marker, dashes) for marker, dashes in _SHAPES
           for color in (GREEN, BLUE, VERMILION, ORANGE, PURPLE, SKY)]


def looks(cases: Iterable[Any]) -> dict[str, Look]:
    """By channel, known ones first and floors last; the same ones look the same in every figure."""
    floors = {case.channel: bool(case.floor) for case in cases}
    order = sorted(floors, key=lambda name: (floors[name], name not in _KNOWN, name))
    unknown = [name for name in order if name not in _KNOWN and not floors[name]]
    return {name: Look(GREY, "", _FLOOR_DASHES.get(name, (0, (2, 2))), 1.0) if floors[name] else
            _KNOWN.get(name) or _OTHERS[unknown.index(name) % len(_OTHERS)] for name in order}


@dataclass(frozen=True)
class Measured:
    """A case's figure over its rounds that count: median, ends, and the modes' medians where the record names two."""

    case: Any
    values: Sequence[float]
    modes: Sequence[float] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)

    @property
    def unstable(self) -> bool:
        return self.case.status == "unstable"


@dataclass
class ChannelSubject:
    """Of several programs' channels those of the first one."""

    record: Record
    all_cases: pandas.DataFrame = field(init=False)
    cases: list[Any] = field(init=False)  # those with a round that counts, as named tuples
    trials: dict[str, pandas.DataFrame] = field(init=False)  # case name -> its rounds that count
    looks: dict[str, Look] = field(init=False)
    left_out: list[str] = field(init=False)

    def __post_init__(self) -> None:
        every = record_file.cases(self.record, CHANNEL)
        programs = list(dict.fromkeys(every["program"]))
        self.all_cases = every[[program in programs[:1] for program in every["program"]]]
        self.cases = rows_of(self.all_cases[self.all_cases["ok"] > 0])
        rows = record_file.trials(self.record, CHANNEL)
        self.trials = {str(name): group for name, group in rows[rows["status"] == "ok"].groupby("name", sort=False)}
        self.looks = looks(self.cases)
        self.left_out = [*(f"{shown(other, 40)}: figures of channels are of one program, here of {shown(programs[0], 40)}"
                           for other in programs[1:]), *record_file.left_out(self.record, CHANNEL)]

    def measured(self, case: Any, column: str = "value_ns") -> Measured | None:
        """By value_ns, or bytes_per_second of a stream. None where the column says nothing."""
        values = [float(value) for value in self.trials[case.name][column] if value]
        return Measured(case, values, _modes(case, column)) if values else None

    def unstable(self) -> list[str]:
        """Names of the cases that are drawn but marked."""
        return [str(case.name) for case in self.cases if case.status == "unstable"]


def _modes(case: Any, column: str) -> list[float]:
    """The medians of the modes that the record names, which are times, as values of this column."""
    if case.status != "unstable" or not case.modes:
        return []
    times = [case.modes["low"], case.modes["high"]]
    return times if column == "value_ns" else [1e9 * case.message_bytes / ns for ns in times]


def distinct(cases: Iterable[Any], name: str, order: Iterable[Any] = ()) -> list[Any]:
    """The values that a field has, those in `order` first and in that order."""
    there = list(dict.fromkeys(getattr(case, name) for case in cases))
    known = [value for value in order if value in there]
    return known + sorted((value for value in there if value not in known), key=lambda v: (v is None, v))


def channel_label(name: str) -> str:
    """Shown name; never starts with "_", which legends leave out."""
    label = shown(name, 32)
    return f" {label}" if label.startswith("_") else label


def size_text(count: float) -> str:
    """8 B, 4 KiB, 1 MiB"""
    for size, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= size:
            return f"{count / size:.4g} {unit}"
    return f"{count:.4g} B"


def short_size(count: int) -> str:
    """8, 4Ki, 1Mi: bytes as on the command line"""
    return size_text(count).removesuffix("B").replace(" ", "")


def handle(look: Look, hollow: bool = False) -> Line2D:
    return Line2D([], [], color=look.color, marker=look.marker or None, linestyle=look.dashes, linewidth=look.width,
                  markersize=look.size, markerfacecolor="white" if hollow else look.color)


def unstable_handle() -> Line2D:
    return Line2D([], [], color=GREY, marker="o", markerfacecolor="white", linestyle="", markersize=4.5)
