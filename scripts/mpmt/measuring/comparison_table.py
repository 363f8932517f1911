"""A comparison as text for a terminal, and as Markdown for a CI's summary."""

from __future__ import annotations

import re

from mpmt.base.shown import shown
from mpmt.measuring.comparison import ORDER, Comparison, Row, Side
from mpmt.measuring.experiment import SAME, UNDECIDED, UNSTABLE, Finding

COLUMNS = ("verdict", "B vs A", "99 % interval", "would see", "pairs", "time", "benchmark")
LEFT = (0, 6)  # columns of words; numbers line up on the right


def text_table(comparison: Comparison) -> str:
    """What matters first. Under a row, indented, why: the reason, and both modes of what has two."""
    rows = [(row, _cells(row)) for row in comparison.sorted_rows()]
    widths = [max(len(cells[i]) for cells in [COLUMNS, *(cells for _, cells in rows)]) for i in range(len(COLUMNS))]
    lines = [f"A  {_side(comparison.a)}", f"B  {_side(comparison.b)}"]
    if rows:
        lines += ["", _aligned(COLUMNS, widths)]
    for row, cells in rows:
        lines.append(_aligned(cells, widths))
        if words := _explanation(row):
            lines.append(f"    why: {words}")
    return "\n".join([*lines, "", *(f"note: {shown(note)}" for note in comparison.notes), summary(comparison)])


def _aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = [cell.ljust(width) if i in LEFT else cell.rjust(width) for i, (cell, width) in enumerate(zip(cells, widths))]
    return "  ".join(padded).rstrip()


def markdown(comparison: Comparison, title: str) -> str:
    """For a step summary: names are shown as text, whatever they contain."""
    heads = (*COLUMNS, "why")
    lines = ["", title, "-" * len(title), "", f"**{_markdown(summary(comparison))}**", "",
             f"A: {_markdown(_side(comparison.a))}<br>", f"B: {_markdown(_side(comparison.b))}", "",
             "| " + " | ".join(heads) + " |", "|" + "|".join("--:" if 0 < i < 6 else ":--" for i in range(8)) + "|"]
    lines += ["| " + " | ".join(map(_markdown, (*_cells(row), _explanation(row)))) + " |"
              for row in comparison.sorted_rows()]
    lines += ["", *(f"- {_markdown(note)}" for note in comparison.notes)]
    return "\n".join(lines) + "\n"


def summary(comparison: Comparison) -> str:
    """One line: the answer, what it rests on, how long it took."""
    counts = [f"{comparison.count(verdict)} {verdict}" for verdict in ORDER if comparison.count(verdict)]
    return f"{comparison.answer()}: {', '.join(counts) or 'no benchmark'} in {duration(comparison.seconds)}"


def _explanation(row: Row) -> str:
    words = shown(row.note, 300)
    if row.verdict == UNDECIDED and not words:
        words = "the interval is too wide to say"
    if row.verdict == UNSTABLE and row.finding:
        words += _modes(row.finding)
    return words


def _modes(finding: Finding) -> str:
    """Both modes of either side, where there are two."""
    told = []
    for side, modes in zip("AB", finding.modes):
        if len(modes) > 1:
            told.append(f"{side} " + " / ".join(f"{time(median)} ({share:.0%})" for median, share in modes))
    return f" [{'; '.join(told)}]" if told else ""


def _cells(row: Row) -> tuple[str, ...]:
    verdict = row.verdict if row.gated else f"{row.verdict}, not gated"
    spent = duration(row.seconds) if row.seconds else ""
    found = row.finding
    if found is None or found.effect is None:
        return verdict, "", "", "", "", spent, shown(row.name, 160)
    interval = f"{found.low:+.1%} .. {found.high:+.1%}" if found.low is not None and found.high is not None else ""
    seen = percent(found.detectable) if found.detectable is not None and row.verdict in (SAME, UNDECIDED) else ""
    return verdict, f"{found.effect:+.1%}", interval, seen, str(found.pairs), spent, shown(row.name, 160)


def _side(side: Side) -> str:
    subject = f" \"{shown(side.subject, 80)}\"" if side.subject else ""
    return f"{shown(side.label, 200)}{subject}"


def percent(share: float) -> str:
    return f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


def duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def time(ns: float) -> str:
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def _markdown(text: str) -> str:
    """No character of it means anything to Markdown or HTML, and nothing becomes a link."""
    told = "".join(f"&#{ord(c)};" if c in "\\`*_{}[]<>()#+!|~&$@:" else c for c in shown(text, 1000))
    return re.sub("(?i)www\\.", lambda found: found[0][:3] + "&#46;", told)
