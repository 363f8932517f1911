"""The answer as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mpmt.asking.answer import Answer
from mpmt.writers.terminal_tables import table_text
from mpmt.writers.text_lines import Form

LONGEST_COMMAND = 100_000  # characters; a user's own may be in it


def text(answer: Answer, records: Sequence[str], seconds: float, form: Form) -> str:
    """Commands are not wrapped: they are to be copied."""
    growth = [f"workers: {answer.growth.text()}"] if answer.growth else []
    notes = [f"note: {note}" for note in answer.notes]
    blocks = [
        form.wrapped(" ".join(answer.sentences)),
        ["Interrupted: this is what is known so far."] if answer.interrupted else [],
        _titled("What would decide it:", answer.advice, form),
        table_text(replace(answer.table, rest=()), form.width, form.unicode) if answer.table.rows else [],
        [form.plural(len(answer.table.rest), " rows: --json")] if answer.table.rest else [],
        _titled("What would change the answer:", [*(f"{one.scale}: {one.text}" for one in answer.changes), *growth], form),
        _titled("Assumed:", [f"{one.option} {one.value}: {one.why}" for one in answer.assumed], form),
        _titled("Failed:", answer.failed, form),
        [line for note in notes for line in form.wrapped(note, "  ")],
        [form.said(f"{name + ':':13}{command}", LONGEST_COMMAND) for name, command in answer.commands],
        [*(form.said(f"record: {path}") for path in records), f"{seconds:.1f} s in all"]]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _titled(title: str, lines: Sequence[str], form: Form) -> list[str]:
    return [title, *(part for line in lines for part in form.wrapped(f"  {line}", "    "))] if lines else []
