"""What all writers that print have in common: headings, and a table's cells as text, numbers in their column's unit and aligned
right."""

from __future__ import annotations

from collections.abc import Sequence

from mpmt.answers.words import in_unit
from mpmt.base.shown import shown
from mpmt.views.view import Column, Table, Value, View

LIMIT = 300  # characters of a cell
WHY, REASON = "why", "reason"  # columns of these titles have whole sentences, or may have


def heading_of(view: View) -> str:
    joint = " " if view.title.endswith(("?", "!", ".")) else ": "
    return f"{view.title}{joint}{shown(view.question)}" if view.question else view.title


def cell(value: Value | None, column: Column) -> str:
    """A text in a column of numbers says it in words of its own, and stands as it is; "" where there is none of a text."""
    if isinstance(value, str):
        return value
    return "" if value is None and not column.unit else in_unit(value, column.unit or "count")


def is_number(column: Column) -> bool:
    return bool(column.unit)


def alignment(columns: Sequence[Column]) -> tuple[str, ...]:
    """As tabulate names it."""
    return tuple("right" if is_number(column) else "left" for column in columns)


def rows_of(table: Table, whole: bool, most: int) -> tuple[Sequence[Sequence[Value | None]], int]:
    """Those that are shown, and how many are not. `whole`: all, the folded ones too."""
    if whole:
        return (*table.rows, *table.rest), 0
    left_out = len(table.rows) - most
    return (table.rows, 0) if left_out <= 1 else (table.rows[:most], left_out)
