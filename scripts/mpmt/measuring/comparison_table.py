"""A comparison as text for a terminal, and as Markdown for a CI's summary."""

from __future__ import annotations

import re

from tabulate import tabulate

from mpmt.base.row_names import common_parts, short_names
from mpmt.base.shown import shown
from mpmt.measuring.comparison import ORDER, SAME, UNDECIDED, Comparison, Row, Side

COLUMNS = ("verdict", "B vs A", "interval", "would see", "rounds", "benchmark")
ALIGNED = ("left", "right", "right", "right", "right", "left")


def text_table(comparison: Comparison) -> str:
    """What matters first. Under a row, indented, why."""
    rows = comparison.sorted_rows()
    names = short_names([row.name for row in rows])
    heads = (*COLUMNS[:2], _interval(comparison), *COLUMNS[3:])
    cells = [_cells(row, names[row.name]) for row in rows]
    table = tabulate(cells, heads, tablefmt="plain", colalign=ALIGNED, disable_numparse=True).splitlines() if cells else []
    lines = [f"A  {_side(comparison.a)}", f"B  {_side(comparison.b)}", *([""] if cells else []), *table[:1]]
    for row, line in zip(rows, table[1:]):
        lines += [line.rstrip(), *([f"    why: {shown(row.note, 300)}"] if row.note else [])]
    if common := common_parts([row.name for row in rows]):
        lines += ["", f"all: {shown(common, 300)}"]
    return "\n".join([*lines, "", *(f"note: {shown(note)}" for note in comparison.notes), summary(comparison)])


def markdown(comparison: Comparison, title: str) -> str:
    """For a step summary: names are shown as text, whatever they contain."""
    rows = comparison.sorted_rows()
    names = short_names([row.name for row in rows])
    heads = (*COLUMNS[:2], _interval(comparison), *COLUMNS[3:], "why")
    cells = [[_markdown(cell) for cell in (*_cells(row, names[row.name]), shown(row.note, 300))] for row in rows]
    lines = ["", title, "-" * len(title), "", f"**{_markdown(summary(comparison))}**", "",
             f"A: {_markdown(_side(comparison.a))}<br>", f"B: {_markdown(_side(comparison.b))}", "",
             tabulate(cells, heads, tablefmt="github", colalign=(*ALIGNED, "left") if cells else None, disable_numparse=True)]
    if common := common_parts([row.name for row in rows]):
        lines += ["", f"all: {_markdown(common)}"]
    lines += ["", *(f"- {_markdown(note)}" for note in comparison.notes)]
    return "\n".join(lines) + "\n"


def summary(comparison: Comparison) -> str:
    """One line: the answer, what it rests on, how long it took."""
    counts = [f"{comparison.count(verdict)} {verdict}" for verdict in ORDER if comparison.count(verdict)]
    return f"{comparison.answer()}: {', '.join(counts) or 'no benchmark'} in {duration(comparison.seconds)}"


def _interval(comparison: Comparison) -> str:
    return f"{100 * (comparison.rules.confidence or 0.95):g} % interval"


def _cells(row: Row, name: str) -> tuple[str, ...]:
    verdict = row.verdict if row.gated else f"{row.verdict}, not gated"
    if row.effect is None:
        return verdict, "", "", "", "", shown(name, 160)
    interval = f"{row.low:+.1%} .. {row.high:+.1%}" if row.low is not None and row.high is not None else ""
    seen = percent(row.detectable) if row.detectable is not None and row.verdict in (SAME, UNDECIDED) else ""
    return verdict, f"{row.effect:+.1%}", interval, seen, str(row.rounds), shown(name, 160)


def _side(side: Side) -> str:
    subject = f" \"{shown(side.subject, 80)}\"" if side.subject else ""
    return f"{shown(side.label, 200)}{subject}"


def percent(share: float) -> str:
    return f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


def duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _markdown(text: str) -> str:
    """No character of it means anything to Markdown or HTML, and nothing becomes a link."""
    told = "".join(f"&#{ord(c)};" if c in "\\`*_{}[]<>()#+!|~&$@:" else c for c in shown(text, 1000))
    return re.sub("(?i)www\\.", lambda found: found[0][:3] + "&#46;", told)
