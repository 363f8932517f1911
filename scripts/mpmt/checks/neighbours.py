"""Prints whether parked neighbours matter: a case alone, against the same with seven other contenders alive and at rest."""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
from contextlib import ExitStack
from typing import Any

from mpmt.base.command_line import Parser, Problem, command_line
from mpmt.base.shown import shown
from mpmt.measuring.judge import OWN_BUILD, judged

EXIT_HOLDS, EXIT_MISSES = 0, 1
DEADLINE_S = 60.0
NEIGHBOURS = 7
# What is measured, and by how much it may differ.
ALLOWED = {"prime_count": 0.01, "hash_chain": 0.01, "file_cached": 0.03, "payload_copy": 0.03, "sort_block": 0.03}
PAYLOADS = {"payload_copy": "64Ki"}

OPEN = "open: take more --rounds"

EPILOG = """\
Each round starts fresh trials, has them run blocks, and takes the median; a round alone and one with neighbours follow each
other, in an order that alternates. A row holds where `mpmt judge` says of the pairs that both are the same within what is
allowed.

exit codes:
  0 all rows hold · 1 one does not, or is open · 2 wrong usage, or a trial failed · 130 interrupted
"""


class Trial:
    """A trial that is ready (docs/trial-protocol.md)."""

    def __init__(self, mpmt: str, case: dict[str, Any], tasks: int) -> None:
        self._tasks = tasks
        self._process = subprocess.Popen([mpmt, "trial"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._ask({"type": "case", "protocol": 2, "case": case, "tasks": tasks, "warmup_tasks": tasks, "deadline_s": DEADLINE_S,
                   "data_dir": "/var/tmp"}, "ready")

    def block_ns(self) -> float:
        """A task's time, after a settling piece of a fifth of the block."""
        block = self._ask({"type": "run", "tasks": self._tasks, "settle_tasks": max(1, self._tasks // 5), "latencies": False},
                          "block")
        return float(block["wall_ns"]) / self._tasks

    def end(self) -> None:
        self._ask({"type": "end"}, "done")
        self._process.wait(DEADLINE_S)

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def _ask(self, message: dict[str, Any], wanted: str) -> dict[str, Any]:
        streams = self._process.stdin, self._process.stdout
        assert streams[0] and streams[1]
        with contextlib.suppress(BrokenPipeError):  # what it had to say is still to be read
            print(json.dumps(message), file=streams[0], flush=True)
        answer = json.loads(streams[1].readline() or "{}")
        if answer.get("type") != wanted:
            raise Problem(f"a trial did not say {wanted}: {shown(str(answer.get('error', answer)), 300)}")
        return dict(answer)


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="check_neighbours.py", description=__doc__, epilog=EPILOG,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mpmt", default=OWN_BUILD, help="the program (%(default)s)")
    parser.add_argument("--workload", action="append", choices=sorted(ALLOWED), help="only these; all of them otherwise")
    parser.add_argument("--rounds", type=int, default=36, choices=range(12, 225), metavar="12..224",
                        help="pairs of rounds (%(default)s)")
    parser.add_argument("--laps", type=int, default=40, choices=range(1, 1001), metavar="1..1000",
                        help="blocks a round (%(default)s)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    return command_line("check_neighbours.py", lambda: run(parse_arguments(arguments)))


def run(options: argparse.Namespace) -> int:
    row = "{:14} {:>7} {:>18} {:>8} {}".format
    print(row("workload", "ratio", "95 % interval", "allowed", "verdict"), flush=True)
    unshown = 0
    for workload in options.workload or ALLOWED:
        allowed = ALLOWED[workload]
        finding = judged(options.mpmt, [[pair] for pair in pairs(options, workload)], allowed)
        verdict = {"same": "holds", "a_faster": "misses", "b_faster": "misses"}.get(finding["verdict"], OPEN)
        unshown += verdict != "holds"
        print(row(workload, f"{finding['ratio']:.4f}", f"{finding['low']:.4f} - {finding['high']:.4f}", f"{allowed:.0%}",
                  verdict), flush=True)
    return EXIT_MISSES if unshown else EXIT_HOLDS


def pairs(options: argparse.Namespace, workload: str) -> list[list[float]]:
    """Of each pair of rounds, a task's time alone and beside parked neighbours, ns."""
    case, *neighbours = cases_of(options.mpmt, workload)
    with Trial(options.mpmt, case, 16) as trial:
        trial.block_ns()
        tasks = max(2, round(3e6 / trial.block_ns()))
        trial.end()
    found = []
    for pair in range(options.rounds):
        times = {beside: round_ns(options, case, neighbours if beside else [], tasks)
                 for beside in ((False, True) if pair % 2 == 0 else (True, False))}
        found.append([times[False], times[True]])
    return found


def round_ns(options: argparse.Namespace, case: dict[str, Any], neighbours: list[dict[str, Any]], tasks: int) -> float:
    with ExitStack() as alive:
        beside = [alive.enter_context(Trial(options.mpmt, one, tasks)) for one in neighbours]
        for one in beside:
            one.block_ns()  # each has been at work before it rests
        trial = alive.enter_context(Trial(options.mpmt, case, tasks))
        trial.block_ns()
        time_ns = statistics.median(trial.block_ns() for _ in range(options.laps))
        for one in (trial, *beside):
            one.end()
    return time_ns


def cases_of(mpmt: str, workload: str) -> list[dict[str, Any]]:
    """The case of two threads, and seven others of the same work."""
    done = subprocess.run([mpmt, "run", "--dry-run", "--benchmark_format", "json", "--workload", workload, "--workers", "1,2",
                           "--payload", PAYLOADS.get(workload, "0"), "--channel", "boost_queue,shm_ring"],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Problem(f"--mpmt: {shown(mpmt)} does not plan {workload}: exit code {done.returncode}")
    cases = [planned["case"] for planned in json.loads(done.stdout)["cases"]]
    cases.sort(key=lambda case: (case["executor"], case["channel"], case["workers"]) != ("thread_pool", "boost_queue", 2))
    return cases[:NEIGHBOURS + 1]

