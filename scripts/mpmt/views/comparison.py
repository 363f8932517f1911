"""What `mpmt track compare` found, as a report of one view: what is decided and large first, what is the same in one line."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from mpmt.answers import words
from mpmt.base.row_names import common_parts, short_names
from mpmt.measuring.comparison import ACKNOWLEDGED, FASTER, ORDER, SAME, SLOWER
from mpmt.measuring.comparison import UNDECIDED as IS_UNDECIDED
from mpmt.measuring.comparison import UNSTABLE as IS_UNSTABLE
from mpmt.views.view import (DOTS, PROGRAM, UNDECIDED, UNSTABLE, Axis, Chart, Column, Line, Missing, Panel, Point, Report,
                             Series, Subject, Table, View)

NAME, TITLE = "comparison", "Change of time, B against A"
# In this order, the largest change first; then what is the same.
_DRAWN = (SLOWER, ACKNOWLEDGED, FASTER, IS_UNDECIDED, IS_UNSTABLE)
_MARKS = {IS_UNDECIDED: (UNDECIDED,), IS_UNSTABLE: (UNSTABLE,)}
_WINNERS = {SLOWER: 0, ACKNOWLEDGED: 0, FASTER: 1}  # a change has the colour of the program that is faster

Said = Mapping[str, Any]  # a benchmark's row in the document


def report_of(document: Mapping[str, Any]) -> Report:
    """`document`: what `mpmt track compare --json` prints."""
    view = view_of(document)
    subjects = tuple(_subject(side, document[side.lower()], document) for side in "AB")
    return Report(TITLE, subjects, (view,) if isinstance(view, View) else (), () if isinstance(view, View) else (view,),
                  warnings=tuple(document["notes"]))


def view_of(document: Mapping[str, Any]) -> View | Missing:
    rows = document["benchmarks"]
    names = short_names([row["name"] for row in rows])
    measured = [row for row in rows if row.get("effect") is not None]
    if not measured:
        return Missing(NAME, TITLE, "no benchmark was measured")
    common = common_parts([row["name"] for row in rows])
    counts = [f"{count} {verdict}" for verdict in ORDER if (count := sum(row["verdict"] == verdict for row in rows))]
    notes = [f"{names[row['name']]}: {row['verdict']}" + (f": {row['note']}" if row["note"] else "")
             for row in rows if row.get("effect") is None]
    return View(NAME, TITLE, "Did the time of anything change?", (f"{', '.join(counts)}.",),
                (_chart(measured, names, common, document),),
                (_table(rows, names),), (*notes, *document["notes"]))


def _subject(letter: str, side: Mapping[str, Any], document: Mapping[str, Any]) -> Subject:
    said = f" “{side['subject']}”" if side["subject"] else ""
    facts = () if letter == "A" else (("seed", str(document["seed"])), ("took", f"{document['seconds']:.0f} s"))
    return Subject(f"{letter}: {side['label']}{said}", document["machine_key"] or "unknown", facts)


def _chart(rows: Sequence[Said], names: Mapping[str, str], common: str, document: Mapping[str, Any]) -> Chart:
    rules = document["rules"]
    margin, sure = rules["margin"] or 0.0, words.percent(rules["confidence"] or 0.95)
    ordered = [row for verdict in _DRAWN for row in sorted((one for one in rows if one["verdict"] == verdict), key=_size)]
    series = [Series(verdict, PROGRAM if verdict in _WINNERS else "",
                     tuple(_point(row, names) for row in ordered if row["verdict"] == verdict),
                     number=_WINNERS.get(verdict, 0), line=False) for verdict in _DRAWN]
    same = _same([row for row in rows if row["verdict"] not in _DRAWN], names)
    shown = (*(one for one in series if one.points), *([same] if same.points else []))
    lines = (Line(0.0, "no change"), Line(-margin, f"± {words.percent(margin)}: too small to be of interest", margin))
    reading = (f"Right of 0, B is slower. Bars: {sure} intervals; of a change, that of the series which confirmed it."
               + (f" All: {common}." if common else ""))
    worst = max((row for row in rows), key=lambda row: abs(row["effect"]))
    return Chart(DOTS, TITLE, reading,
                 f"The largest change is {_change(worst['effect'])}, of {worst['name']}: {worst['verdict']}.",
                 Axis("change of time, B against A", "share"),
                 Axis("", "", values=tuple(str(point.y) for one in shown for point in one.points)),
                 (Panel(NAME, "", shown, lines),))


def _size(row: Said) -> tuple[float, str]:
    return -abs(row["effect"]), row["name"]


def _point(row: Said, names: Mapping[str, str]) -> Point:
    more = (", acknowledged" if row["verdict"] == ACKNOWLEDGED else "") + ("" if row["gated"] else ", not gated")
    return Point(row["effect"], names[row["name"]], row["low"], row["high"], marks=_MARKS.get(row["verdict"], ()),
                 text=_change(row["effect"]) + more)


def _same(rows: Sequence[Said], names: Mapping[str, str]) -> Series:
    """In one row, from the lowest to the highest of their intervals."""
    if len(rows) < 2:
        return Series(SAME, "", tuple(_point(row, names) for row in rows), line=False)
    ends = [end for row in rows for end in (row["low"], row["high"]) if end is not None]
    middle = statistics.median(row["effect"] for row in rows)
    return Series(SAME, "", (Point(middle, f"{len(rows)} that are the same", min(ends, default=None), max(ends, default=None),
                                   text=_change(middle)),), line=False)


def _change(share: float) -> str:
    """"+3.2 %"."""
    return f"{'+' if share > 0 else '−' if share < 0 else ''}{words.fixed(100 * abs(share), 1)} %"


def _table(rows: Sequence[Said], names: Mapping[str, str]) -> Table:
    columns = (Column("verdict"), Column("B vs A", "share"), Column("from", "share"), Column("to", "share"),
               Column("would see", "share"), Column("rounds", "count"), Column("benchmark"))
    cells = [(row["verdict"], row["effect"], row["low"], row["high"], row["detectable"], row["rounds"], names[row["name"]])
             for row in rows]
    return Table(columns, tuple(cells))
