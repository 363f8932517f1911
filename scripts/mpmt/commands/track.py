"""What got slower, since which commit, and can it be believed? Compares commits on this machine, and follows stored
records through history."""

from __future__ import annotations

import argparse
import importlib
import sys

from mpmt.base.command_line import Parser, command_line, stop_if_interrupted

COMMANDS = {
    "compare": "two commits, programs or commands against each other",
    "gate": "compare with the merge base, for CI",
    "bisect": "the commit that made a benchmark slower",
    "aa": "a program against itself: false alarms and the smallest change that can be seen here",
    "record": "measure commits and store their records",
    "history": "change points over the stored records",
    "diff": "two stored records, case by case",
    "ack": "acknowledge a change, with a reason and an end",
}

MEASURING = ("compare", "gate", "bisect", "aa", "record")

EPILOG = """\
exit codes:
  0 no regression · 1 a regression is confirmed · 2 wrong usage, a build or input/output error
  3 nothing is confirmed, but a gated benchmark is undecided, unstable or failed
  4 not comparable (machine key, version, no baseline) · 5 nothing was measured
  69 a Python package is missing · 130 interrupted: what was answered by then is reported

Options after -- go to the program that is measured: those of `mpmt run` that choose the cases, say
`-- --workload hash_chain`. `mpmt track COMMAND --help` has the options of a command; docs/tracking.md says how to use them.
"""


def parser(command: str) -> argparse.ArgumentParser:
    """Only the module of the command that is called is loaded."""
    whole = Parser(prog="mpmt track", description=__doc__, epilog=EPILOG,
                   formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, what in COMMANDS.items():
        made = commands.add_parser(name, help=what, epilog=EPILOG,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
        if name == command:
            module = importlib.import_module(f"mpmt.commands.{name}")
            made.description = module.__doc__
            module.add_arguments(made)
            made.set_defaults(run=module.run)
    return whole


def parse(arguments: list[str]) -> argparse.Namespace:
    """What stands after -- is for the program that is measured; it becomes `options`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    whole = parser(_command(arguments))
    options = whole.parse_args(arguments[:end])
    options.options = arguments[end + 1:]
    if options.options and options.command not in MEASURING:
        whole.error(f"{options.command} measures nothing: it takes no options after --")
    return options


def _command(arguments: list[str]) -> str:
    return next((word for word in arguments if not word.startswith("-")), "")


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    return command_line(f"mpmt track {_command(given)}".rstrip(), lambda: _run(given))


def _run(arguments: list[str]) -> int:
    options = parse(arguments)  # loads the command's libraries
    stop_if_interrupted()
    from mpmt.builds import scratch
    if options.command != "diff":  # all others ask git, and keep what it says in a file
        scratch.temporary_place()
    if options.command not in MEASURING:
        return options.run(options)
    scratch.sweep()
    return options.run(options)

