"""A report as Markdown, for a pull request or a CI's summary: its sentences and tables, in what GitHub makes of Markdown.

Headings are underlined: a line with two number signs is a command to some CIs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabulate import tabulate

from mpmt.base.shown import shown
from mpmt.views.view import Missing, Report, Subject, Table, Value, View
from mpmt.writers.table_cells import LIMIT, alignment, cell, heading_of, rows_of

MOST_ROWS = 100  # of a table, unless all are asked for: a comment may have 65,536 characters
_OPEN_ROWS = 12  # longer ones are folded
_LONGEST = 2000  # characters of a text
# What means something to Markdown, HTML or GitHub wherever it stands, and what does only there: an underscore that is not
# between letters, the colon of an address or an emoji, the sign of a list or a heading, the first full stop of www.example.org.
_MEANT = re.compile(r"[\\`*{}\[\]<>#!|~&$@]|(?<![^\W_])_|_(?![^\W_])|:(?=//|[\w+-]+:)|^[-+=](?=[-+=\s]|$)"
                    r"|(?<=www)\.", re.IGNORECASE)


def text(report: Report, whole: bool = False) -> str:
    """Not `whole`: of long tables the beginning, and how much more there is."""
    lines = _heading(report.title, "=")
    lines += [_subject(subject) for subject in report.subjects]
    lines += [f"- {harmless(f'warning: {shown(warning)}')}" for warning in report.warnings]
    for view in report.views:
        lines += ["", *view_lines(view, whole)]
    return joined([*lines, *_missing(report.missing)])


def joined(lines: Sequence[str]) -> str:
    """Without a second blank line behind one."""
    return "\n".join(line for before, line in zip(["…", *lines], lines) if line or before) + "\n"


def view_lines(view: View, whole: bool = True) -> list[str]:
    """Of charts, nothing: the tables have all that they show."""
    lines = _heading(heading_of(view), "-")
    for sentence in view.sentences:
        lines += [f"**{harmless(sentence)}**", ""]
    for table in view.tables:
        lines += [*table_lines(table, whole), ""]
    return [*lines, *(f"- {harmless(note)}" for note in view.notes)]


def table_lines(table: Table, whole: bool = True) -> list[str]:
    """In GitHub's form; a long one behind its title, to be opened."""
    rows, left_out = rows_of(table, whole, MOST_ROWS)
    lines = [harmless(table.title), ""] if table.title and len(rows) <= _OPEN_ROWS else []
    lines += _grid(table, rows) if rows else []
    if len(rows) > _OPEN_ROWS:
        said = f"{harmless(table.title)}: {len(rows)} rows" if table.title else f"{len(rows)} rows"
        lines = [f"<details><summary>{said}</summary>", "", *lines, "", "</details>"]
    more = [f"… {left_out} more: --all"] if left_out else []
    return [*lines, *(["", *(f"- {harmless(one)}" for one in (*more, *(() if whole else table.folded)))]
                      if more or (table.folded and not whole) else [])]


def harmless(text: object, limit: int = _LONGEST) -> str:
    """No character of it means anything to Markdown or HTML, and nothing becomes a link."""
    return _MEANT.sub(lambda found: f"&#{ord(found[0])};", shown(text, limit))


def _heading(title: str, rule: str) -> list[str]:
    told = harmless(title, 300)
    return [told, rule * max(3, min(80, len(told))), ""]


def _grid(table: Table, rows: Sequence[Sequence[Value | None]]) -> list[str]:
    cells = [[harmless(cell(value, column), LIMIT) for value, column in zip(row, table.columns)] for row in rows]
    return tabulate(cells, [harmless(column.title, 80) for column in table.columns], tablefmt="github",
                    colalign=alignment(table.columns), disable_numparse=True).splitlines()


def _subject(subject: Subject) -> str:
    facts = ", ".join(f"{shown(name, 60)} {shown(value, 200)}" for name, value in subject.facts)
    return f"- {harmless(f'{shown(subject.title, 200)}: {facts}' if facts else subject.title)}"


def _missing(missing: Sequence[Missing]) -> list[str]:
    if not missing:
        return []
    return ["", *_heading("Not measured", "-"),
            *(f"- {harmless(one.title)}: {harmless(one.reason)}"
              + (f": <code>{harmless(one.command)}</code>" if one.command else "") for one in missing)]
