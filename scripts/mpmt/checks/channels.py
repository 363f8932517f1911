"""Prints what must hold of the channels: ratios of channels to their floors, and of pools to bare channels."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpmt.base.command_line import Parser, Problem, command_line
from mpmt.base.shown import shown
from mpmt.measuring.judge import OWN_BUILD

EXIT_HOLDS, EXIT_MISSES = 0, 1

EPILOG = """\
Ratios are of laps in which both took turns, by `mpmt judge`, with the interval in brackets; other rows are medians over the
rounds that count. A row is open where what is allowed lies within its interval. A row is answered by every record that has its
cases: with several, the record is named. The records' runs: check_channels.py --commands.

exit codes:
  0 all that has data holds · 1 something misses, or is open · 2 wrong usage, unreadable or foreign record, unwritable output,
  records of several machines, or no row has data · 69 a Python package is missing · 130 interrupted
"""

_CHANNELS = "mpmt run --family channel --sides threads,processes"
_BESIDE_FLOOR = f"{_CHANNELS} --pattern ping_pong --message-bytes 64 --rounds 36"
_PINNED = "--placement same,spread --wait block,yield --rounds 20"
# Runs are cut by what the rows need: a channel and its floor take turns only where no more than eight do, large messages
# take long, and few rows ask for them.
COMMANDS = [
    f"{_BESIDE_FLOOR} --channel shm_ring --floor floor_cache_line --placement spread --wait yield",
    f"{_BESIDE_FLOOR} --channel shm_ring --floor floor_futex --placement same --wait block",
    f"{_BESIDE_FLOOR} --channel pipe --floor floor_pipe --placement same,spread --wait block",
    f"{_BESIDE_FLOOR} --channel unix_seqpacket --floor floor_seqpacket --placement same,spread --wait block",
    f"{_BESIDE_FLOOR} --channel boost_condition --floor floor_futex --placement same --wait block",
    f"{_BESIDE_FLOOR} --channel boost_queue --floor floor_futex --placement same --wait block",
    f"{_CHANNELS} --channel shm_ring,shm_arena --pattern ping_pong --message-bytes 64,1Mi --touch yes,no "
    "--floor floor_cache_line,floor_memcpy --placement same,spread --wait yield --rounds 8",
    f"{_CHANNELS} --channel boost_queue --pattern stream --message-bytes 64 --floor none {_PINNED}",
    f"{_CHANNELS} --channel shm_ring --pattern ping_pong,stream --message-bytes 8,64,512,4Ki,32Ki,256Ki,1Mi,16Mi --floor none "
    "--placement same,spread --wait block,yield --rounds 8",
    f"{_CHANNELS} --channel shm_ring,boost_queue,pipe --pattern ping_pong --message-bytes 64 --placement free "
    "--wait block,yield --floor none --rounds 10",
    "mpmt run --family pool --workload empty --executor process_pool --channel shm_ring,boost_queue --workers 1 --batch 1 "
    f"--window 64 {_PINNED}",
]


@dataclass(frozen=True)
class Row:
    what: str
    measured: str
    allowed: str
    rounds: str
    verdict: str


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="check_channels.py", description=__doc__, epilog=EPILOG,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", nargs="*", metavar="RECORD.json", help="record written by `mpmt run`, of either family")
    parser.add_argument("--mpmt", default=OWN_BUILD, help="the program that judges (%(default)s)")
    parser.add_argument("--commands", action="store_true", help="print the runs whose records answer every row, and end")
    options = parser.parse_args(arguments)
    if not options.records and not options.commands:
        parser.error("name a record, or ask for --commands")
    return options


def main(arguments: list[str] | None = None) -> int:
    return command_line("check_channels.py", lambda: run(parse_arguments(arguments)))


def run(options: argparse.Namespace) -> int:
    if options.commands:
        print("\n".join(COMMANDS))
        return EXIT_HOLDS
    return report(rows_of(load_runs(options.records, options.mpmt)))


def load_runs(paths: list[str], mpmt: str) -> list[Any]:
    """Raises Problem for what is no record, or of another machine than the first."""
    from mpmt.records import record_file
    from mpmt.checks.channel_runs import Run
    runs = []
    for path in paths:
        try:
            record = record_file.load(path)
        except record_file.BadRecord as error:
            raise Problem(str(error)) from None
        runs.append(Run(shown(Path(path).stem, 40), record, mpmt))
        keys = [run.record["context"]["machine"]["key"] for run in (runs[0], runs[-1])]
        if keys[0] != keys[1]:
            raise Problem(f"{shown(path, 300)}: context.machine.key is {keys[1]}, but {keys[0]} in the first "
                          "record: times of different machines are not compared")
    return runs


def rows_of(runs: list[Any]) -> list[Row]:
    from mpmt.checks.channel_rows import bulk_rows, checks
    rows = []
    for check in checks():
        answers = [(run, answer) for run in runs if (answer := check.ask(run)) is not None]
        rows += [_row(check.what + (f" [{run.label}]" if len(answers) > 1 else ""), check.allowed, answer)
                 for run, answer in answers] or [_row(check.what, check.allowed, None)] * (not check.optional)
    rows += [_row(*row) for row in bulk_rows(runs)]
    return rows


def _row(what: str, allowed: str, answer: Any) -> Row:
    if answer is None:
        return Row(what, "–", allowed, "–", "no data")
    return Row(what, answer.measured + (", unstable" if answer.unstable else ""), allowed, str(answer.rounds),
               answer.verdict)


def report(rows: list[Row]) -> int:
    heading = Row("what", "measured", "allowed", "rounds", "verdict")
    table = [[row.what, row.measured, row.allowed, row.rounds, row.verdict] for row in (heading, *rows)]
    widths = [max(map(len, column)) for column in zip(*table)]
    for cells in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip())
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in ("holds", "misses", "open", "no data")}
    print(f"\n{counts['holds']} hold, {counts['misses']} miss, {counts['open']} open, {counts['no data']} without data")
    few = [row for row in rows if row.rounds.isdecimal() and int(row.rounds) < 5]
    if few:
        print(f"{len(few)} rows rest on fewer than 5 trials")
    if len(rows) == counts["no data"]:
        raise Problem("no row has data: see --commands for the runs that have")
    return EXIT_MISSES if counts["misses"] or counts["open"] else EXIT_HOLDS

