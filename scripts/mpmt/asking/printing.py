"""The answer as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from tabulate import tabulate

from mpmt.answers import words
from mpmt.answers.crossover import DECIDED
from mpmt.asking.answer import Answer
from mpmt.base.shown import shown
from mpmt.views.view import Column, Table, Value

WIDTH = 118


def text(answer: Answer, records: Sequence[str], seconds: float) -> str:
    blocks = [_wrapped(" ".join(answer.sentences), "")]
    if answer.interrupted:
        blocks.append("Interrupted: this is what is known so far.")
    if answer.advice:
        blocks.append(_block("What would decide it:", answer.advice))
    blocks.append(_table(answer.table))
    if answer.changes or answer.growth:
        changes = [f"{one.scale}: {one.text}" for one in answer.changes]
        blocks.append(_block("What would change the answer:", [*changes, *([f"workers: {answer.growth.text()}"] if answer.growth else [])]))
    blocks.append(_block("Assumed:", [f"{one.option} {one.value}: {one.why}" for one in answer.assumed]))
    if answer.failed:
        blocks.append(_block("Failed:", answer.failed))
    blocks.append(_block("", [f"note: {note}" for note in answer.notes], indent=""))
    blocks.append("\n".join(f"{name + ':':13}{shown(command)}" for name, command in answer.commands))
    blocks.append("\n".join([*(f"record: {shown(path)}" for path in records), f"{seconds:.1f} s in all"]))
    return "\n\n".join(block for block in blocks if block)


def _block(title: str, lines: Sequence[str], indent: str = "  ") -> str:
    return "\n".join([*([title] if title else []), *(_wrapped(line, indent) for line in lines)]) if lines else ""


def _wrapped(line: str, indent: str) -> str:
    return "\n".join(textwrap.wrap(shown(line), WIDTH, initial_indent=indent, subsequent_indent=indent + ("  " if indent else ""),
                                   break_long_words=False, break_on_hyphens=False))


def _table(made: Table) -> str:
    """Numbers on the right, in words; what there is none of is empty."""
    if not made.rows:
        return ""
    cells = [[_cell(value, column) for value, column in zip(row, made.columns)] for row in made.rows]
    align = ["right" if column.unit else "left" for column in made.columns]
    drawn = tabulate(cells, [column.title for column in made.columns], tablefmt="plain", colalign=align, disable_numparse=True)
    more = [f"and {len(made.rest) - len(made.rows)} rows more (--json)"] if made.rest else []
    return "\n".join([made.title, *(f"  {line.rstrip()}" for line in drawn.splitlines()), *(f"  {line}" for line in more)])


def _cell(value: Value | None, column: Column) -> str:
    if value is None:
        return ""
    return shown(value, 80) if isinstance(value, str) else words.in_unit(value, column.unit)
