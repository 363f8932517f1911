"""What a view is made of. Values only: writers (mpmt.writers) draw, print or embed them, and know nothing of records.

Texts are as they came and may hold anything: each writer makes them harmless in its own way. Numbers are finite; what was not
measured is None. Units: "ns", "bytes", "bytes/s", "ratio" (a factor, 1 is equal), "share" (0 to 1), "count", "" (a category).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from mpmt.answers.rows import Row

Value = Union[float, int, str]

# What a series belongs to; a colour means the same everywhere: each has one, and no other meaning has it.
THREADS, PROCESSES, BASELINE, FLOOR, IDEAL = "threads", "processes", "baseline", "floor", "ideal"
PROGRAM = "program"  # of several: Series.number says which

# What a mark says besides its value; each is shown by its form, and told in words.
UNSTABLE, FEW_ROUNDS, OVERSUBSCRIBED, UNDECIDED = "unstable", "few rounds", "oversubscribed", "undecided"

LINES, DOTS, HEAT, BARS = "lines", "dots", "heat", "bars"  # kinds of chart


@dataclass(frozen=True)
class Axis:
    """`values`: of a category axis, in their order; None: it is of numbers. Those that are sizes or times are logarithmic."""

    label: str
    unit: str = "count"
    log: bool = False
    values: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Point:
    """`low`, `high`: an interval, or the lowest and highest round; None: there is none. `marks`: of the constants above.
    `text`: what is written beside it, or into its cell; "": its value in the axis's unit."""

    x: Value
    y: Value
    low: float | None = None
    high: float | None = None
    value: float | None = None  # of a cell of a heat map, whose x and y are its place
    marks: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Series:
    """`channel` has a marker of its own in all charts, "" none. `number`: 0, 1, … of the programs, machines or commits that are
    shown side by side. `line`: whether its points are joined; `band`: whether their intervals are one (a polygon) and not bars.
    """

    name: str
    side: str
    points: tuple[Point, ...]
    channel: str = ""
    number: int = 0
    line: bool = True
    band: bool = False


@dataclass(frozen=True)
class Line:
    """Across the whole panel, at a value of the measured axis: "equal", "capacity of the CPUs", … `until`: a band up to
    there."""

    at: float
    label: str
    until: float | None = None


@dataclass(frozen=True)
class Panel:
    """One of a chart's small multiples. `name`: for links to it (#scaling/prime_count); unique in its view."""

    name: str
    title: str
    series: tuple[Series, ...]
    lines: tuple[Line, ...] = ()
    note: str = ""  # said below it: what is left out, a fit's figures


@dataclass(frozen=True)
class Chart:
    """DOTS: `y` is of categories, a row for each, `x` is measured, with intervals; what one value on an axis of LINES becomes,
    too. LINES and BARS: `y` is measured. HEAT: `x` and `y` are categories, Point.value is measured and 1 is neutral.

    `reading`: how to read it, one line. `description`: what it shows, in words, for who cannot see it.
    """

    kind: str
    title: str
    reading: str
    description: str
    x: Axis
    y: Axis
    panels: tuple[Panel, ...]
    value: Axis = Axis("", "ratio", True)  # of a heat map


@dataclass(frozen=True)
class Column:
    """`unit` as above: writers write numbers with it, and align them right; they sort as numbers."""

    title: str
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """`rows`: cells as the columns are, None for what there is none of. `folded`: how many equal rows ("same") are told in one
    line, each, in place of rows of their own: in full they are in `rest`."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value | None, ...], ...]
    title: str = ""
    folded: tuple[str, ...] = ()
    rest: tuple[tuple[Value | None, ...], ...] = ()


@dataclass(frozen=True)
class View:
    """`name`: as in links and file names; of letters, digits and "-". `question`: what it answers, in a reader's words.
    `sentences`: what it says, most important first; they hold without chart and table. `tables`: all that the charts show, at
    least."""

    name: str
    title: str
    question: str
    sentences: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()  # what is left out, and why


@dataclass(frozen=True)
class Missing:
    """A view that the records have no data for. `command`: what would measure it; "": nothing does yet."""

    name: str
    title: str
    reason: str
    command: str = ""


@dataclass(frozen=True)
class Subject:
    """One record among those that are shown. `title`: short, unique among them, e.g. a commit, a program, a machine."""

    title: str
    machine: str  # its key: what differs in it is never compared in one ratio
    facts: tuple[tuple[str, str], ...] = ()  # CPU, kernel, compiler, commit, date: name and value


@dataclass(frozen=True)
class Report:
    """`rows`: comparisons of pools, for who asks of a case (mpmt.answers.verdict); Row.subject is a place in `subjects`."""

    title: str
    subjects: tuple[Subject, ...]
    views: tuple[View, ...]
    missing: tuple[Missing, ...] = ()
    rows: tuple[Row, ...] = ()
    warnings: tuple[str, ...] = ()
