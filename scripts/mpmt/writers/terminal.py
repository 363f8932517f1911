"""A report as text for a terminal or a log: the sentences of the page, its charts in characters, its tables."""

from __future__ import annotations

from collections.abc import Sequence

from mpmt.views.view import Missing, Report, Subject, View
from mpmt.writers.terminal_charts import chart_text
from mpmt.writers.terminal_tables import MOST_ROWS, table_text
from mpmt.writers.text_lines import Form, fit, fits_unicode, width_of

__all__ = ["chart_text", "fit", "fits_unicode", "table_text", "text", "view_text", "width_of"]


def text(report: Report, width: int, unicode: bool, whole: bool = False) -> str:
    """Lines of at most `width` columns, of ASCII unless `unicode`. Not `whole`: of long tables and charts the beginning, and how
    much more there is."""
    form = Form(width, unicode)
    lines = _heading(report.title, "=", form)
    lines += [line for subject in report.subjects for line in _subject(subject, form)]
    lines += [line for warning in report.warnings for line in form.wrapped(f"warning: {form.said(warning)}", "  ")]
    for view in report.views:
        lines += ["", *view_text(view, width, unicode, whole)]
    return "\n".join(form.closed([*lines, *_missing(report.missing, form)])) + "\n"


def view_text(view: View, width: int, unicode: bool, whole: bool = True) -> list[str]:
    """Its title, question, sentences, charts, tables and notes."""
    form = Form(width, unicode)
    lines = _heading(f"{view.title}: {view.question}" if view.question else view.title, "-", form)
    lines += [line for sentence in view.sentences for line in form.wrapped(sentence, "  ")]
    for chart in view.charts:
        lines += ["", *chart_text(chart, width, unicode, whole)]
    for table in view.tables:
        lines += ["", *table_text(table, width, unicode, whole, MOST_ROWS)]
    if view.notes:
        lines += ["", *(line for note in view.notes for line in form.wrapped(f"note: {form.said(note)}", "  "))]
    return form.closed(lines)


def _heading(title: str, rule: str, form: Form) -> list[str]:
    lines = form.wrapped(title)
    return [*lines, rule * max(map(len, lines))]


def _subject(subject: Subject, form: Form) -> list[str]:
    facts = " · ".join(f"{form.said(name, 60)} {form.said(value, 200)}" for name, value in subject.facts)
    return form.wrapped(f"{form.said(subject.title, 200)}: {facts}" if facts else subject.title, "  ")


def _missing(missing: Sequence[Missing], form: Form) -> list[str]:
    if not missing:
        return []
    lines = ["", *_heading("Not measured", "-", form)]
    for one in missing:
        lines += form.wrapped(f"{form.said(one.title, 200)}: {form.said(one.reason)}", "  ")
        lines += form.command(one.command, "    ") if one.command else []
    return lines
