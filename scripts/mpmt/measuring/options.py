"""Options that `compare`, `gate`, `aa` and `bisect` have in common."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from mpmt.base.patterns import pattern
from mpmt.base.problem import Problem
from mpmt.base.shown import shown


def add_measuring_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("measuring")
    group.add_argument("--cases", type=pattern, metavar="REGEX",
                       help="only benchmarks in whose name the regular expression is found")
    group.add_argument("--budget", type=_seconds, default=20.0, metavar="S",
                       help="seconds per benchmark, at most: it ends as soon as all are decided (default: 20)")
    group.add_argument("--margin", type=percentage, default=0.03, metavar="PERCENT",
                       help="smallest change of interest, 0.1%% to 100%% (default: 3%%)")
    group.add_argument("--seed", type=_seed, metavar="N", help="order of rounds and laps (default: drawn)")
    group.add_argument("--wait-idle", type=_patience, default=10.0, metavar="S",
                       help="seconds to wait for the machine to become idle, at most (default: 10)")
    group.add_argument("--cpu", type=_cpus, metavar="LIST",
                       help="pin the processes of a Google Benchmark program to these CPUs, e.g. 1 or 2,3 or 4-7")


def _number(text: str, low: float, high: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not {what}")
    return value


def _seconds(text: str) -> float:
    return _number(text, 0.1, 86400, "a number of seconds from 0.1 to 86400")


def _patience(text: str) -> float:
    return _number(text, 0, 86400, "a number of seconds from 0 to 86400")


def _seed(text: str) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a whole number of at most 15 digits")
    return int(text)


def percentage(text: str) -> float:
    """"5%", "5 %" or "5": a share."""
    return _number(text.rstrip().removesuffix("%"), 0.1, 100, "a percentage from 0.1% to 100%") / 100


def _cpus(text: str) -> str:
    """A list such as taskset takes, of CPUs that may be used."""
    usable, named = os.sched_getaffinity(0), set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not all(number.isdecimal() and len(number) < 6 for number in ([first, last] if dash else [first])):
            raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a list of CPUs such as 1 or 2,3 or 4-7")
        named |= set(range(int(first), int(last if dash else first) + 1)) or {-1}
    if not named <= usable:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}': the usable CPUs are {', '.join(map(str, sorted(usable)))}")
    return text


def refuse_times_as_grain(options: Sequence[str]) -> None:
    """Each side, and each commit, would calibrate a grain of its own, and the grain makes the case. Raises Problem."""
    for before, option in zip(["", *options], options):
        name, _, value = option.partition("=") if option.startswith("--grain=") else (before, "", option)
        if name == "--grain" and "s" in value:
            raise Problem(f"--grain: '{shown(value, 60)}' is calibrated anew each time: give it as a number, which "
                          f"`mpmt run --dry-run --grain {shown(value, 60)}` prints")


def say_as(command: str) -> Callable[[str], None]:
    """Prints lines of progress to standard error."""
    def say(line: str) -> None:
        print(f"mpmt track {command}: {shown(line, 400)}", file=sys.stderr, flush=True)
    return say
