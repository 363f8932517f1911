"""Draws what records say, for papers and slides: one figure for each view of the report, as `mpmt report` has them."""

from __future__ import annotations

import argparse
from mpmt.base.command_line import FORMATS, Parser, Problem, command_line, formats
from mpmt.base.files import folder_named
from mpmt.base.shown import shown
from mpmt.commands.report import load_records

EXIT_OK, EXIT_NOTHING = 0, 5

EPILOG = """\
figures, as PNG and SVG, named after the views of the report; of these, what the records have data for:
  verdict, scaling, where, latency, channels, startup, memory, failures, history, claims, belief

What is not drawn is named on standard output, with the reason. Several records come into the same figures, side by
side; those of different machines are never compared in one ratio.

exit codes:
  0 figures written · 2 wrong usage, unreadable or foreign record, unwritable folder or output · 5 nothing to draw
  69 a Python package is missing · 130 interrupted
"""


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(
        prog="mpmt plot", description=__doc__, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", metavar="RESULT.json", help="record written by `mpmt run`")
    parser.add_argument("-o", "--out", default="plots", metavar="DIR", type=folder_named,
                        help="folder for the figures, made if missing (default: plots)")
    parser.add_argument("--format", default=list(FORMATS), type=formats, metavar="LIST",
                        help="comma-separated: png, svg (default: png,svg)")
    parser.add_argument("--dpi", default=160, type=_dpi,
                        help="dots per inch of a PNG, 50 to 600 (default: 160)")
    return parser.parse_args(arguments)


def _dpi(text: str) -> int:
    if not text.isdecimal() or not 50 <= int(text[:9]) <= 600:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a number from 50 to 600")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    return command_line("mpmt plot", lambda: run(parse_arguments(arguments)))


def run(options: argparse.Namespace) -> int:
    records = load_records(options.results)
    from mpmt.views.report import report_of
    from mpmt.writers.plots import figure  # loads matplotlib: not before the input is known to be good
    try:
        drawn = figure.draw(report_of(records), options.out, options.format, options.dpi)
    except OSError as error:
        raise Problem(f"--out: {shown(options.out, 300)} cannot be written: {error.strerror or error}") from None
    for line in drawn.left_out:
        print(f"not drawn: {shown(line)}")
    if not drawn.files:
        print("no figure written: nothing to draw")
        return EXIT_NOTHING
    print("\n".join(["written:", *(f"  {shown(path)}" for path in drawn.files)]))
    return EXIT_OK
