"""A report as text for a terminal or a log: the sentences of the page, its charts in characters, its tables."""

from __future__ import annotations

from collections.abc import Sequence

from mpmt.answers.words import plural
from mpmt.views.view import Missing, Report, Subject, Table, View
from mpmt.writers.table_cells import heading_of
from mpmt.writers.terminal_charts import chart_text
from mpmt.writers.terminal_tables import table_text
from mpmt.writers.text_lines import Form, fit, fits_unicode, width_of

MOST_BESIDE_CHARTS = 8  # rows of a table
_FACT = 200  # characters

__all__ = ["chart_text", "fit", "fits_unicode", "table_text", "text", "view_text", "width_of"]


def text(report: Report, width: int, unicode: bool, whole: bool = False) -> str:
    """Lines of at most `width` columns, of ASCII unless `unicode`. Not `whole`: of long tables and charts the beginning, and
    how much more there is."""
    form = Form(width, unicode)
    lines = _heading(report.title, "=", form)
    lines += _subjects(report.subjects, form)
    lines += [line for warning in report.warnings for line in form.wrapped(f"warning: {form.said(warning)}", "  ")]
    for view in report.views:
        lines += ["", *view_text(view, width, unicode, whole)]
    return "\n".join(form.closed([*lines, *_missing(report.missing, form)])) + "\n"


def view_text(view: View, width: int, unicode: bool, whole: bool = True) -> list[str]:
    """Its title, question, sentences, charts, tables and notes. Not `whole`: beside charts, of long tables the title only."""
    form = Form(width, unicode)
    lines = _heading(heading_of(view), "-", form)
    lines += [line for sentence in view.sentences for line in form.wrapped(sentence, "  ")]
    for chart in view.charts:
        lines += ["", *chart_text(chart, width, unicode, whole)]
    told = [table for table in view.tables if whole or not view.charts or len(table.rows) <= MOST_BESIDE_CHARTS]
    for table in told:
        lines += ["", *table_text(table, width, unicode, whole)]
    if len(told) < len(view.tables):
        lines += ["", *(line for table in view.tables if table not in told for line in form.wrapped(_named(table, form), "  "))]
    if view.notes:
        lines += ["", *(line for note in view.notes for line in form.wrapped(f"note: {form.said(note)}", "  "))]
    return form.closed(lines)


def _named(table: Table, form: Form) -> str:
    title = f" ({form.said(table.title)})" if table.title else ""
    return f"Table{title}: {plural(len(table.rows) + len(table.rest), 'row')}: --all"


def _heading(title: str, rule: str, form: Form) -> list[str]:
    lines = form.wrapped(title)
    return [*lines, rule * max(map(len, lines))]


def _subjects(subjects: Sequence[Subject], form: Form) -> list[str]:
    """What several have in common is said once."""
    common = [fact for fact in subjects[0].facts if all(fact in one.facts for one in subjects)] if len(subjects) > 1 else []
    told = [("all", common)] if common else []
    told += [(one.title, [fact for fact in one.facts if fact not in common]) for one in subjects]
    return [line for title, facts in told for line in form.wrapped(_with_facts(title, facts, form), "  ", 100 * _FACT)]


def _with_facts(title: str, facts: Sequence[tuple[str, str]], form: Form) -> str:
    said = " · ".join(f"{form.said(name, 60)} {form.said(value, _FACT)}" for name, value in facts)
    return f"{form.said(title, 200)}: {said}" if said else title


def _missing(missing: Sequence[Missing], form: Form) -> list[str]:
    if not missing:
        return []
    lines = ["", *_heading("Not measured", "-", form)]
    for one in missing:
        lines += form.wrapped(f"{form.said(one.title, 200)}: {form.said(one.reason)}", "  ")
        lines += form.command(one.command, "    ") if one.command else []
    return lines
