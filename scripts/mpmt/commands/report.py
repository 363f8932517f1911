"""What records say, as a report: threads or processes, how many, over which channel, and whether it can be believed. One HTML
page that needs nothing else, the same as text for a terminal or a log, or as Markdown for a pull request."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mpmt.base import outputs
from mpmt.base.command_line import Parser, Problem, ShownLines, command_line, stop_if_interrupted
from mpmt.base.files import is_standard_output
from mpmt.base.shown import shown
from mpmt.records.schemas import Record
from mpmt.views.view import Report, View
from mpmt.writers.text_lines import LEAST_WIDTH, MOST_WIDTH, WIDTH, Form, fits_unicode, width_of

EXIT_OK, EXIT_NOTHING = 0, 5
PAGE = Path("report.html")
STANDARD_OUTPUT = Path("-")
MOST_SENTENCES = 5

EPILOG = """\
A report is made of views, in this order: the verdict, scaling, where which side is faster, latency, channels, start-up,
memory, failures, history, claims, and whether it can be believed. What the records have no data for is named,
with the command that would measure it. Several records stand side by side; those of unlike machines are never
compared in one ratio.

exit codes:
  0 written · 2 wrong usage, an unreadable record, an unwritable file or output · 5 nothing to report
  69 a Python package is missing · 130 interrupted
"""


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="mpmt report", description=__doc__, epilog=EPILOG,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", nargs="+", metavar="RECORD.json", help="record written by `mpmt run`")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE",
                        help=f"where it goes; - is standard output (default: {PAGE}; "
                             "of --text and --markdown, standard output)")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--text", action="store_true", help="as text; ASCII where the locale has no more")
    forms.add_argument("--markdown", action="store_true", help="as Markdown")
    parser.add_argument("--view", action="append", metavar="NAME", help="this view alone, such as channels; may be repeated")
    parser.add_argument("--all", action="store_true", help="of --text and --markdown: every row of every table")
    parser.add_argument("--width", type=_width, metavar="N",
                        help=f"of --text: columns, {LEAST_WIDTH} to {MOST_WIDTH} (default: the terminal's, else {WIDTH})")
    parser.add_argument("--title", type=_title, metavar="TEXT", help="the report's title")
    options = parser.parse_args(arguments)
    if options.width and not options.text:
        parser.error("--width: only with --text")
    if options.all and not (options.text or options.markdown):
        parser.error("--all: only with --text or --markdown: a page has all rows")
    return options


def _width(text: str) -> int:
    if not text.isdecimal() or not LEAST_WIDTH <= int(text[:9]) <= MOST_WIDTH:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a number from {LEAST_WIDTH} to {MOST_WIDTH}")
    return int(text)


def _title(text: str) -> str:
    if not 1 <= len(text) <= 200 or not text.strip():
        raise argparse.ArgumentTypeError("a title has 1 to 200 characters")
    return text


def main(arguments: list[str] | None = None) -> int:
    return command_line("mpmt report", lambda: run(parse_arguments(arguments)))


def run(options: argparse.Namespace) -> int:
    out = options.out or (STANDARD_OUTPUT if options.text or options.markdown else PAGE)
    _check(out, options.records)
    records = load_records(options.records)
    from mpmt.views.report import report_of
    report = report_of(records)
    stop_if_interrupted()  # views load libraries
    if options.title:
        report = replace(report, title=options.title)
    if options.view:
        report = _chosen(report, options.view)
    if not any(_says_something(view) for view in report.views):
        _tell_nothing(report)
        return EXIT_NOTHING
    _write(report, out, options)
    if not is_standard_output(out):
        _tell(report, out)
    return EXIT_OK


def _check(out: Path, records: list[str]) -> None:
    """Before anything is read. Raises Problem for a file that cannot be written, and for one of the records."""
    outputs.check(out, "--out")
    if is_standard_output(out):
        return
    for path in records:
        try:
            same = os.path.samefile(out, path)
        except (OSError, ValueError):  # one of them is not there, or no possible name: that is told when it is read
            continue
        if same:
            raise Problem(f"--out: {shown(out, 300)} is one of the records")


def load_records(paths: list[str]) -> Mapping[str, Record]:
    """By their paths; of any machines. Raises Problem when one cannot be used."""
    from mpmt.records import record_file
    try:
        return {path: record_file.load(path) for path in dict.fromkeys(paths)}
    except record_file.BadRecord as error:
        raise Problem(error) from None


def _chosen(report: Report, names: list[str]) -> Report:
    """Of these views. Raises Problem for one that there is not."""
    there = [*(view.name for view in report.views), *(one.name for one in report.missing)]
    for name in names:
        if name not in there:
            raise Problem(f"--view: there is no '{shown(name, 60)}'; there are: {', '.join(there)}")
    return replace(report, views=tuple(view for view in report.views if view.name in names),
                   missing=tuple(one for one in report.missing if one.name in names))


# ---- writing -----------------------------------------------------------------------------------------------


def _write(report: Report, out: Path, options: argparse.Namespace) -> None:
    if not (options.text or options.markdown):
        from mpmt.writers.page import html
        page = html(report)
        if is_standard_output(out):
            _put_whole(page)
        else:
            outputs.write(out, page, "--out")
        return
    outputs.write(out, _markdown(report, options) if options.markdown else _text(report, out, options), "--out")


def _markdown(report: Report, options: argparse.Namespace) -> str:
    from mpmt.writers import markdown
    return markdown.text(report, options.all)


def _text(report: Report, out: Path, options: argparse.Namespace) -> str:
    """A file is UTF-8, whatever the locale."""
    from mpmt.writers import terminal
    seen = is_standard_output(out)
    width = options.width or (width_of(sys.stdout) if seen else WIDTH)
    return terminal.text(report, width, fits_unicode(sys.stdout) if seen else True, options.all)


def _put_whole(page: str) -> None:
    """A page has a writer that makes it harmless, and lines that only a browser reads."""
    out = sys.stdout
    if isinstance(out, ShownLines):
        out.put_whole(page)
    else:
        out.write(page)


# ---- what is said of it ------------------------------------------------------------------------------------


def _says_something(view: View) -> bool:
    return bool(view.sentences or view.charts or view.tables)


def _tell(report: Report, out: Path) -> None:
    """The first sentence of each view, the verdict's first; the path is the last line."""
    form = Form(width_of(sys.stdout), fits_unicode(sys.stdout))
    for sentence in [view.sentences[0] for view in report.views if view.sentences][:MOST_SENTENCES]:
        print("\n".join(form.wrapped(sentence, "  ")))
    print(f"report: {shown(out, 300)}")


def _tell_nothing(report: Report) -> None:
    form = Form(width_of(sys.stdout), fits_unicode(sys.stdout))
    print("no report written: the records have nothing to report")
    for one in report.missing:
        told = f"{form.said(one.title, 100)}: {form.said(one.reason)}" + (f": {form.said(one.command)}" if one.command else "")
        print("\n".join(form.wrapped(f"  {told}", "    ")))
