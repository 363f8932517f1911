"""A table as text: as wide as it has to be, and where that is too wide, with cells of several lines; at last row by row."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from mpmt.views.view import Column, Table, Value
from mpmt.writers.table_cells import LIMIT, REASON, WHY, alignment, cell, is_number, rows_of
from mpmt.writers.text_lines import Form, widest

MOST_ROWS = 15
_GAP = 2  # columns between two of a table's
_LEAST_TEXT = 12  # columns that a text keeps, and less where its words are shorter
_MOST_LINES, _FEW_LINES = 6, 4  # of a cell
_LEAST_ALIKE, _MOST_STACKED = 3, 5  # rows
_SHORT_REASON = 40  # characters


def table_text(table: Table, width: int, unicode: bool, whole: bool = True) -> list[str]:
    """Under a row, indented, what its column "why" says. What a table that is too wide says of all rows alike stands above it,
    once. Not `whole`: the first MOST_ROWS, without why, and how many more there are."""
    form = Form(width, unicode)
    rows, left_out = rows_of(table, whole, MOST_ROWS)
    lines = form.wrapped(table.title) if table.title else []
    if rows:
        grid = _Grid(table.columns, rows, form, whole)
        lines += grid.lines()
        left_out += grid.left_out
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


class _Grid:
    """The rows of a table that are shown. `left_out`: how many not, after `lines`, since each takes several."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[Value | None]], form: Form, whole: bool) -> None:
        self._columns, self._form, self._most_lines = columns, form, _MOST_LINES if whole else _FEW_LINES
        self._heads = [form.said(column.title, 80) for column in columns]
        self._cells = [[form.said(cell(value, column), LIMIT) for value, column in zip(row, columns)] for row in rows]
        self._why = [at for at, column in enumerate(columns) if column.title == WHY or (
            column.title == REASON and widest([row[at] for row in self._cells]) > _SHORT_REASON)]
        self._below = self._why if whole else []
        self._whole, self.left_out = whole, 0

    def lines(self) -> list[str]:
        beside = [at for at in range(len(self._columns)) if at not in self._why]
        said: list[str] = []
        if len(self._cells) >= _LEAST_ALIKE and self._natural(beside) > self._form.width:
            alike = [at for at in beside if len({row[at] for row in self._cells}) == 1]
            said = [f"{self._heads[at]} {self._cells[0][at]}" for at in alike if self._cells[0][at]]
            beside = [at for at in beside if at not in alike] or beside
        blocks, stacked = self._blocks(beside)
        more = len(self._cells) - _MOST_STACKED if stacked and not self._whole else 0
        if more > 1:
            self.left_out, blocks = more, blocks[:_MOST_STACKED + 1]
        lines = [*(self._form.wrapped(f"all: {', '.join(said)}", "  ") if said else []), *blocks[0]]
        for row, block in zip(self._cells, blocks[1:]):
            lines += [*block, *(line for at in self._below if row[at] for line in self._reason(at, row[at]))]
        return lines

    def _natural(self, beside: Sequence[int]) -> int:
        return sum(widest([row[at] for row in (self._heads, *self._cells)]) for at in beside) + _GAP * (len(beside) - 1)

    def _reason(self, at: int, text: str) -> list[str]:
        title = f"    {self._heads[at]}: "
        return self._form.wrapped(title + text, " " * len(title))

    def _blocks(self, beside: Sequence[int]) -> tuple[list[list[str]], bool]:
        """The lines of the heads, then those of each row; and whether these are paragraphs."""
        heads, columns = [self._heads[at] for at in beside], [self._columns[at] for at in beside]
        cells = [[row[at] for at in beside] for row in self._cells]
        widths = _widths(heads, cells, columns, self._form.width)
        if widths is None:
            return _stacked(heads, cells, self._form), True
        folded = [[_folded(text, wide, self._form, most) for text, wide in zip(row, widths)]
                  for row, most in zip((heads, *cells), (_MOST_LINES, *[self._most_lines] * len(cells)))]
        return _side_by_side(folded, columns), False


def _widths(heads: Sequence[str], cells: Sequence[Sequence[str]], columns: Sequence[Column], room: int) -> list[int] | None:
    """Of the columns. First the heads of numbers get more lines, then the widest texts; None: even that is too wide."""
    longest = [widest([row[at] for row in cells]) for at in range(len(heads))]
    words = [widest(head.split()) for head in heads]
    widths = [max(len(head), cells_of) for head, cells_of in zip(heads, longest)]
    unbroken = [max((widest(row[at].split()) for row in cells), default=0) for at in range(len(heads))]
    least = [max(word, of_cells if is_number(column) else min(_LEAST_TEXT, of_text))
             for word, of_cells, of_text, column in zip(words, longest, unbroken, columns)]
    spare = sum(widths) + _GAP * (len(heads) - 1) - room
    if sum(least) + _GAP * (len(heads) - 1) > room:
        return None
    while spare > 0:
        able = [at for at, wide in enumerate(widths) if wide > least[at]]
        at = max(able, key=lambda at: (is_number(columns[at]) or widths[at] > longest[at], widths[at]))
        widths[at] -= 1
        spare -= 1
    return widths


def _side_by_side(folded: list[list[list[str]]], columns: Sequence[Column]) -> list[list[str]]:
    """`folded`: of each row, the heads' first, the lines of each cell."""
    heights = [max(map(len, row), default=1) for row in folded]
    folded[0] = [[""] * (heights[0] - len(lines)) + lines for lines in folded[0]]  # heads of one line stand at the bottom
    lines = [[of_cell[at] if at < len(of_cell) else "" for of_cell in row]
             for row, height in zip(folded, heights) for at in range(height)]
    table = laid_out(lines, alignment(columns))
    starts = [sum(heights[:at]) for at in range(len(heights) + 1)]
    return [table[start:end] for start, end in zip(starts, starts[1:])]


def _folded(text: str, width: int, form: Form, most: int) -> list[str]:
    lines = form.folded(text, width) or [""]
    return lines if len(lines) <= most else [*lines[:most - 1], form.end_of_cut(lines[most - 1].ljust(width), width)]


def _stacked(heads: Sequence[str], cells: Sequence[Sequence[str]], form: Form) -> list[list[str]]:
    """For what has more columns than there is room for: each row is a paragraph, and says its heads."""
    told = [", ".join(f"{head} {text}".strip() for head, text in zip(heads, row) if text) for row in cells]
    return [[], *(form.folded(text, form.width, "  ") for text in told)]
