"""Threads or processes for your case? Describe it, and get one sentence, measured on this machine in half a minute, with what
it rests on and what would change it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

from mpmt.base.command_line import Parser, command_line, stop_if_interrupted
from mpmt.base.problem import Problem
from mpmt.base.shown import shown

EPILOG = """\
Without any of the options that describe a case, it asks, on a terminal.

examples:
  mpmt ask --task 50us --payload 2Ki --workers 2
  mpmt ask --kind mix --waiting 83% --task 6ms           how many workers for calls that wait 5 ms of 6?
  mpmt ask --like file_sync --must-survive-crash
  mpmt ask --command 't=./server --threads' --command 'p=./server --fork'

exit codes:
  0 answered; an answer may be that it is undecided, and then says what would decide
  1 a case failed: its figures are missing, the rest is answered · 2 wrong usage, set-up or input/output error
  5 nothing matched or could be measured · 69 a Python package is missing · 130 interrupted: what is known is said
"""
USAGE = "describe the case, such as `mpmt ask --task 50us --payload 2Ki --workers 2` (mpmt ask --help has all options)"


def parse_arguments(arguments: Optional[list[str]] = None) -> argparse.Namespace:
    from mpmt.asking import spelling
    from mpmt.asking.question import BUDGET_S, KINDS
    from mpmt.measuring.options import percentage
    parser = Parser(prog="mpmt ask", description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
                    allow_abbrev=False)
    case = parser.add_argument_group("the case")
    case.add_argument("--kind", metavar="KIND",
                      help="what a task does: " + ", ".join(f"{kind} ({what})" for kind, what in KINDS.items()) + " (default: cpu)")
    case.add_argument("--like", metavar="WORKLOAD", help="a task like this one's: see mpmt list workloads")
    case.add_argument("--waiting", type=spelling.waiting_share, metavar="SHARE", help="of a mix: the share of a task that waits, such as 70%%")
    case.add_argument("--task", type=spelling.task_time, metavar="TIME", help="how long a task takes by itself, such as 50us")
    case.add_argument("--payload", type=spelling.payload_size, metavar="SIZE", help="data that travels with a task, each way, such as 2Ki")
    case.add_argument("--workers", type=spelling.worker_counts, metavar="LIST", default=(),
                      help="how many; of several, the best is found")
    case.add_argument("--must-survive-crash", action="store_true", help="the crash of a worker must not end the rest: only processes do that")
    case.add_argument("--command", action="append", default=[], metavar="NAME=COMMAND", help="twice: two commands against each other instead")
    how = parser.add_argument_group("how it is answered")
    how.add_argument("--channel", type=spelling.names, metavar="LIST", default=(), help="how tasks travel (default: those that can win)")
    how.add_argument("--budget", type=spelling.seconds, metavar="S", help=f"seconds for all of it, about (default: {BUDGET_S:g})")
    how.add_argument("--margin", type=percentage, metavar="PERCENT", help="differences below it are as good as none (default: 3%%)")
    how.add_argument("--json", action="store_true", help="standard output is JSON (docs/asking.md)")
    how.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the records of all runs there")
    return parser.parse_args(arguments)


def main(arguments: Optional[list[str]] = None) -> int:
    started = time.monotonic()
    return command_line("mpmt ask", lambda: run(parse_arguments(arguments), started))


def run(options: argparse.Namespace, started: float) -> int:
    from mpmt.asking import catalogue, dialogue, question
    from mpmt.builds import scratch
    from mpmt.measuring import engine
    stop_if_interrupted()
    wish = _wish(options)
    cpus = len(os.sched_getaffinity(0))
    program = engine.find()
    if program is None:
        raise Problem("there is no mpmt: build it, or name one with MPMT_BINARY")
    if wish.says_nothing():
        if not dialogue.on_terminal():
            raise Problem(USAGE)
        wish = dialogue.asked(wish, catalogue.of(program), cpus, dialogue.say, dialogue.read)
        started = time.monotonic()
    scratch.temporary_place()
    scratch.sweep()
    folder = _folder(options.keep)
    if wish.commands:
        return _of_commands(question.commands(wish), program, folder, options, started)
    return _of_case(question.case(wish, catalogue.of(program), cpus), program, folder, options, started)


def _wish(options: argparse.Namespace) -> Any:
    from mpmt.asking.question import Wish
    return Wish(options.kind, options.like, options.waiting, options.task, options.payload, options.workers, options.channel,
                tuple(options.command), options.must_survive_crash, options.margin, options.budget)


def _folder(keep: Optional[Path]) -> Optional[Path]:
    """Where records are kept, made before anything is measured. Raises Problem."""
    if keep is None:
        return None
    try:
        keep.mkdir(parents=True, exist_ok=True)
        if not os.access(keep, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except (OSError, ValueError) as error:
        raise Problem(f"--keep: {shown(keep, 300)} cannot be used as a folder: {getattr(error, 'strerror', None) or shown(error)}") from None
    return keep


def _of_case(case: Any, program: Path, folder: Optional[Path], options: argparse.Namespace, started: float) -> int:
    from mpmt.asking import answer
    from mpmt.asking.measuring import Session
    runner, clock = _runner(program, folder), _clock(case.budget_s, started)
    findings = Session(case, runner, clock, _say).answer()
    return _told(findings, lambda: answer.of_case(case, findings), runner, options, started)


def _of_commands(asked: Any, program: Path, folder: Optional[Path], options: argparse.Namespace, started: float) -> int:
    from mpmt.asking import answer
    from mpmt.asking.measuring import measure_commands
    runner = _runner(program, folder)
    findings = measure_commands(asked, runner, _clock(asked.budget_s, started))
    return _told(findings, lambda: answer.of_commands(asked, findings), runner, options, started)


def _told(findings: Any, make: Callable[[], Any], runner: Any, options: argparse.Namespace, started: float) -> int:
    """Prints the answer; the exit code."""
    from mpmt.asking import answer, printing
    from mpmt.base.shown import shown_json
    from mpmt.writers.text_lines import Form, width_of, fits_unicode
    if not findings.records:
        raise KeyboardInterrupt  # there is nothing to be said
    made, records, seconds = make(), [str(path) for path in runner.kept], time.monotonic() - started
    if options.json:
        print(shown_json(answer.as_json(made, records, seconds)))
    else:
        print(printing.text(made, records, seconds, Form(width_of(sys.stdout), fits_unicode(sys.stdout))))
    return int(made.exit_code())


def _runner(program: Path, folder: Optional[Path]) -> Any:
    from mpmt.asking.measuring import Runner
    return Runner(program, _say, folder, time.strftime("ask-%Y%m%dT%H%M%SZ", time.gmtime()))


def _clock(budget_s: float, started: float) -> Any:
    from mpmt.asking.measuring import Clock
    return Clock(budget_s - (time.monotonic() - started))


def _say(line: str) -> None:
    print(f"mpmt ask: {shown(line, 400)}", file=sys.stderr, flush=True)
