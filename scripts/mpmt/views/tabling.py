"""Columns of tables that tell their rows apart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Optional

from mpmt.views.view import Column, Table, Value

Cells = tuple[Optional[Value], ...]


def trimmed(columns: Sequence[Column], rows: Sequence[Cells], optional: Collection[str], title: str = "",
            folded: Sequence[str] = (), rest: Sequence[Cells] = ()) -> Table:
    """Without columns that are empty, and those of `optional` in which all rows are equal."""
    every = [*rows, *rest]
    kept = [at for at, column in enumerate(columns)
            if (seen := {row[at] for row in every} | ({None} if not every else set())) != {None}
            and (len(seen) > 1 or column.title not in optional)]

    def cut(row: Cells) -> Cells:
        return tuple(row[at] for at in kept)

    return Table(tuple(columns[at] for at in kept), tuple(map(cut, rows)), title, tuple(folded), tuple(map(cut, rest)))
