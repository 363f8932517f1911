"""A table as text: as wide as it has to be, and where that is too wide, with cells of several lines; at last row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from tabulate import tabulate

from mpmt.views.view import Column, Table, Value
from mpmt.writers.table_cells import LIMIT, WHY, alignment, cell, is_number, rows_of
from mpmt.writers.text_lines import Form, widest

MOST_ROWS = 15
_GAP = 2  # columns between two of a table's
_LEAST_TEXT = 12  # columns that a text keeps
_MOST_LINES = 6  # of a cell


def table_text(table: Table, width: int, unicode: bool, whole: bool = True, most: int = MOST_ROWS) -> list[str]:
    """Under a row, indented, what its column "why" says. Not `whole`: the first `most` rows, and how many more there are."""
    form = Form(width, unicode)
    rows, left_out = rows_of(table, whole, most)
    lines = form.wrapped(table.title) if table.title else []
    if rows:
        lines += _with_reasons(table, rows, form)
    if left_out:
        lines.append(form.plural(left_out, ": --all"))
    if not whole:
        lines += [line for text in table.folded for line in form.wrapped(text, "  ")]
    return form.closed(lines)


def laid_out(rows: Sequence[Sequence[str]], aligned: Sequence[str]) -> list[str]:
    """A line for each."""
    if not rows or not rows[0]:
        return [""] * len(rows)
    return [line.rstrip() for line in tabulate(rows, tablefmt="plain", disable_numparse=True, colalign=aligned).split("\n")]


def _with_reasons(table: Table, rows: Sequence[Sequence[Optional[Value]]], form: Form) -> list[str]:
    beside = [at for at, column in enumerate(table.columns) if column.title != WHY]
    below = [at for at, column in enumerate(table.columns) if column.title == WHY]
    columns = [table.columns[at] for at in beside]
    cells = [[form.said(cell(row[at], table.columns[at]), LIMIT) for at in beside] for row in rows]
    heads = [form.said(column.title, 80) for column in columns]
    widths = _widths(heads, cells, columns, form.width)
    if widths is None:
        blocks = _stacked(heads, cells, form)
    else:
        blocks = _side_by_side(heads, cells, widths, columns, form)
    lines = list(blocks[0])
    for row, block in zip(rows, blocks[1:]):
        lines += block
        for at in below:
            if row[at]:
                lines += form.wrapped(f"    {WHY}: {form.said(row[at], LIMIT)}", " " * 9)
    return lines


def _widths(heads: Sequence[str], cells: Sequence[Sequence[str]], columns: Sequence[Column], room: int) -> Optional[list[int]]:
    """Of the columns. First the heads of numbers get more lines, then the widest texts; None: even that is too wide."""
    longest = [widest([row[at] for row in cells]) for at in range(len(heads))]
    words = [widest(head.split()) for head in heads]
    widths = [max(len(head), cells_of) for head, cells_of in zip(heads, longest)]
    least = [max(word, of_cells) if is_number(column) else min(wide, max(word, _LEAST_TEXT))
             for word, of_cells, wide, column in zip(words, longest, widths, columns)]
    spare = sum(widths) + _GAP * (len(heads) - 1) - room
    if sum(least) + _GAP * (len(heads) - 1) > room:
        return None
    while spare > 0:
        able = [at for at, wide in enumerate(widths) if wide > least[at]]
        at = max(able, key=lambda at: (is_number(columns[at]) or widths[at] > longest[at], widths[at]))
        widths[at] -= 1
        spare -= 1
    return widths


def _side_by_side(heads: Sequence[str], cells: Sequence[Sequence[str]], widths: Sequence[int], columns: Sequence[Column],
                  form: Form) -> list[list[str]]:
    """The lines of the heads, then those of each row."""
    folded = [[_folded(text, wide, form) for text, wide in zip(row, widths)] for row in (heads, *cells)]
    heights = [max(map(len, row), default=1) for row in folded]
    foot = heights[0] - 1  # heads of one line stand at the bottom of those of several
    folded[0] = [[""] * (foot + 1 - len(lines)) + lines for lines in folded[0]]
    lines = [[lines[at] if at < len(lines) else "" for lines in row] for row, height in zip(folded, heights) for at in range(height)]
    table = laid_out(lines, alignment(columns))
    starts = [sum(heights[:at]) for at in range(len(heights) + 1)]
    return [table[start:end] for start, end in zip(starts, starts[1:])]


def _folded(text: str, width: int, form: Form) -> list[str]:
    lines = form.folded(text, width) or [""]
    if len(lines) <= _MOST_LINES:
        return lines
    return [*lines[:_MOST_LINES - 1], form.end_of_cut(lines[_MOST_LINES - 1].ljust(width), width)]


def _stacked(heads: Sequence[str], cells: Sequence[Sequence[str]], form: Form) -> list[list[str]]:
    """For what has more columns than there is room for: each row is a paragraph, and says its heads."""
    told = [", ".join(f"{head} {text}".strip() for head, text in zip(heads, row) if text) for row in cells]
    return [[], *(form.folded(text, form.width, "  ") for text in told)]
