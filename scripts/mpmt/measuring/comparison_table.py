"""A comparison as text for a terminal, and as Markdown for a CI's summary."""

from __future__ import annotations

from mpmt.base.row_names import common_parts, short_names
from mpmt.base.shown import shown
from mpmt.measuring.comparison import ORDER, SAME, UNDECIDED, Comparison, Row, Side
from mpmt.views.view import Column, Table, View
from mpmt.writers import markdown as markdown_writer
from mpmt.writers.terminal_tables import table_text
from mpmt.writers.text_lines import MOST_WIDTH, Form


def text_table(comparison: Comparison, width: int = MOST_WIDTH, unicode: bool = True) -> str:
    """What matters first. Under a row, indented, why. The answer is the last line."""
    form = Form(width, unicode)
    rows = table_text(table(comparison), width, unicode)
    lines = [*form.wrapped(f"A  {_side(comparison.a)}", "   "), *form.wrapped(f"B  {_side(comparison.b)}", "   "),
             *(["", *rows] if comparison.rows else [])]
    if common := common_parts([row.name for row in comparison.rows]):
        lines += ["", *form.wrapped(f"all: {shown(common, 300)}", "     ")]
    lines.append("")
    for told in (*(f"note: {shown(note)}" for note in comparison.notes), summary(comparison)):
        lines += form.wrapped(told, "  ")
    return "\n".join(form.closed(lines))


def markdown(comparison: Comparison, title: str) -> str:
    """For a step summary: names are shown as text, whatever they contain."""
    common = common_parts([row.name for row in comparison.rows])
    notes = (f"A: {_side(comparison.a)}", f"B: {_side(comparison.b)}", *([f"all: {shown(common, 300)}"] if common else []),
             *map(shown, comparison.notes))
    view = View("comparison", title, "", (summary(comparison),), (), (table(comparison),), notes)
    return markdown_writer.joined(["", *markdown_writer.view_lines(view)])


def table(comparison: Comparison) -> Table:
    """What matters first."""
    rows = comparison.sorted_rows()
    names = short_names([row.name for row in rows])
    columns = (Column("verdict"), Column("B vs A", "share"), Column(_interval(comparison), "share"),
               Column("would see", "share"), Column("rounds", "count"), Column("benchmark"), Column("why"))
    return Table(columns, tuple((*_cells(row), shown(names[row.name], 160), row.note) for row in rows))


def summary(comparison: Comparison) -> str:
    """One line: the answer, what it rests on, how long it took."""
    counts = [f"{comparison.count(verdict)} {verdict}" for verdict in ORDER if comparison.count(verdict)]
    return f"{comparison.answer()}: {', '.join(counts) or 'no benchmark'} in {duration(comparison.seconds)}"


def _interval(comparison: Comparison) -> str:
    return f"{100 * (comparison.rules.confidence or 0.95):g} % interval"


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    verdict = row.verdict if row.gated else f"{row.verdict}, not gated"
    if row.effect is None:
        return verdict, "", "", "", ""
    interval = f"{row.low:+.1%} .. {row.high:+.1%}" if row.low is not None and row.high is not None else ""
    seen = percent(row.detectable) if row.detectable is not None and row.verdict in (SAME, UNDECIDED) else ""
    return verdict, f"{row.effect:+.1%}", interval, seen, str(row.rounds)


def _side(side: Side) -> str:
    subject = f" \"{shown(side.subject, 80)}\"" if side.subject else ""
    return f"{shown(side.label, 200)}{subject}"


def percent(share: float) -> str:
    return f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


def duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
