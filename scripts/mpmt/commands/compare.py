"""mpmt track compare: two commits, programs or commands against each other, on this machine, now."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any

from mpmt.base import outputs
from mpmt.base.command_line import FORMATS
from mpmt.base.files import folder_named, is_standard_output
from mpmt.base.problem import Problem
from mpmt.base.shown import shown, shown_json
from mpmt.builds.builds import add_build_arguments
from mpmt.measuring.comparison import FAIL_ON, Comparison, as_json
from mpmt.measuring.comparison_table import text_table
from mpmt.measuring.options import add_measuring_arguments, say_as
from mpmt.measuring.sides import Named, opened
from mpmt.views import comparison as comparison_view
from mpmt.writers.text_lines import fit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", nargs="?", metavar="A", help="a commit, or the path of a program: what B is compared with")
    parser.add_argument("b", nargs="?", metavar="B", help="a commit or path, e.g. HEAD")
    parser.add_argument("--binary-a", type=Path, metavar="PATH", help="program for A, instead of a commit: mpmt, one that uses "
                        "the Google Benchmark library, or any that speaks the trial protocol")
    parser.add_argument("--binary-b", type=Path, metavar="PATH", help="program for B")
    parser.add_argument("--command-a", metavar="COMMAND", help="any command for A, each execution a task; options behind -- "
                        "are those that `mpmt run` has for commands")
    parser.add_argument("--command-b", metavar="COMMAND", help="any command for B")
    add_output_arguments(parser)
    add_build_arguments(parser)
    add_measuring_arguments(parser)


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fail-on", type=_verdicts, default=list(FAIL_ON), metavar="LIST",
                        help="verdicts of gated benchmarks that set the exit code: slower (1), undecided, unstable, failed "
                             "(3); or none (default: all)")
    parser.add_argument("--json", action="store_true", help="standard output is JSON instead of a table")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there, too; - is standard output, as --json")
    parser.add_argument("--record", type=Path, metavar="FILE",
                        help="keep the record of the measurement there (mpmt verdict FILE)")
    parser.add_argument("--plots", type=folder_named, metavar="DIR", help="draw the comparison there, as PNG and SVG")


def _verdicts(text: str) -> list[str]:
    chosen = [part.strip() for part in text.split(",")]
    if chosen == ["none"]:
        return []
    for part in chosen:
        if part not in FAIL_ON:
            raise argparse.ArgumentTypeError(f"unknown verdict '{shown(part, 40)}': choose from {', '.join(FAIL_ON)}, none")
    return chosen


def run(options: argparse.Namespace) -> int:
    asked = _sides(options)
    check_output(options)
    with opened(asked, options, say_as("compare")) as (sides, [a, b]):
        return report(sides.compare(a, b), options)


def check_output(options: argparse.Namespace) -> None:
    """Before anything is measured: whether what is to be written or drawn can be at all. Raises Problem,
    ModuleNotFoundError."""
    outputs.check(options.out, "--out")
    if options.record and is_standard_output(options.record):
        raise Problem("--record: standard output has the answer: name a file")
    outputs.check(options.record, "--record")
    options.json |= options.out is not None and is_standard_output(options.out)
    if options.plots:
        importlib.import_module("mpmt.writers.plots.figure")


def report(found: Comparison, options: argparse.Namespace) -> int:
    """Shows it, then writes and draws it; the exit code."""
    found.fail_on = options.fail_on
    document = as_json(found)
    text = shown_json(document)
    print(text if options.json else text_table(found, *fit(sys.stdout)))
    sys.stdout.flush()
    if options.out and not is_standard_output(options.out):
        outputs.write(options.out, text + "\n", "--out")
    if options.plots:
        draw(document, options.plots)
    return found.exit_code()


def draw(document: dict[str, Any], folder: Path) -> None:
    from mpmt.writers.plots import figure  # loads matplotlib: not unless it is needed
    try:
        drawn = figure.draw(comparison_view.report_of(document), folder, FORMATS)
    except OSError as error:
        raise Problem(f"--plots: {shown(folder, 300)} cannot be written: {error.strerror}") from None
    for line in drawn.left_out:
        print(f"mpmt track: not drawn: {shown(line)}", file=sys.stderr)


def _sides(options: argparse.Namespace) -> list[Named]:
    """A program or a command takes the place of a commit, so a single positional argument belongs to the other side."""
    given = [(options.binary_a, options.command_a), (options.binary_b, options.command_b)]
    texts = [text for text in (options.a, options.b) if text is not None]
    for (binary, command), side in zip(given, "ab"):
        if binary is not None and command is not None:
            raise Problem(f"--command-{side}: there is --binary-{side} already")
    wanted = given.count((None, None))
    if len(texts) != wanted:
        raise Problem("compare needs two sides, A and B: commits, paths, --binary-a, --command-a, --binary-b or --command-b; "
                      f"it got {len(texts) + 2 - wanted}")
    made = [Named("" if binary or command is not None else texts.pop(0), binary, command) for binary, command in given]
    if (made[0].command is None) != (made[1].command is None):
        raise Problem("--command-a, --command-b: a command is compared with a command only")
    return made
