#!/usr/bin/env python3
"""What `track.py compare` would have said of recorded noise: its false alarms, and its power.

    tests/python/replay_noise.py [--draws 2000] [--seed 1]

A draw is one comparison by the real rules (mpmt.measuring.experiment), fed from tests/data/noise instead of from processes:
contiguous blocks of recorded processes, paired with their neighbours, sides drawn by coin inside each pair, side B made
slower by the effect. The first series starts at a random place of a session, and the fresh one goes on where it ended, as
they do live; at the session's end, both go on at its start. Sessions have 50 to 110 processes, and a comparison takes 40 to
120: the longest ones use some pairs twice. Pairs from which the hypervisor took time are taken again, as they are live.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import random
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from mpmt.records import stats  # noqa: E402
from mpmt.measuring.campaign import LEAST_PAIRS, REDO_SHARE  # noqa: E402
from mpmt.measuring.experiment import SAME, SLOWER, UNSTABLE, Benchmark, Experiment, Finding, Rules  # noqa: E402
from mpmt.measuring.pairs import Pair  # noqa: E402
from mpmt.measuring.load import is_disturbance  # noqa: E402

NOISE = ROOT / "tests" / "data" / "noise"
SESSION_GAP_S = 15.0
CPUS = 2  # of the machine that recorded
TICK_S = 0.01
GATE = 0.02
MOST_PAIRS = Rules().pairs


@dataclass(frozen=True)
class Process:
    """One recorded process: when it ran, its median in ns, and what the hypervisor took, in s."""

    start_s: float
    wall_s: float
    stolen_s: float
    median_ns: float


@dataclass(frozen=True)
class Cell:
    """A row of the table. `budget_s` is that of the first look; `target`: share of `wanted` verdicts to be reached, or, for
    effect 0, not to be exceeded by SLOWER."""

    noise: str
    mode: str
    budget_s: float
    effect: float
    wanted: str
    target: float


@dataclass(frozen=True)
class Played:
    cell: Cell
    draws: int
    verdicts: Counter[str]
    pairs: float  # mean per draw

    @property
    def share(self) -> float:
        return self.verdicts[self.cell.wanted] / self.draws

    @property
    def interval(self) -> tuple[float, float]:
        return stats.share_interval(self.verdicts[self.cell.wanted], self.draws)

    @property
    def holds(self) -> bool:
        """Within the sampling error of this many draws."""
        low, high = self.interval
        return low <= self.cell.target if self.cell.effect == 0 and self.cell.wanted == SLOWER else high >= self.cell.target


def _power(noise: str, mode: str, budget_s: float, *shares: float) -> list[Cell]:
    powers = [Cell(noise, mode, budget_s, effect, SLOWER, share) for effect, share in zip((0.03, 0.05, 0.10), shares)]
    return [Cell(noise, mode, budget_s, 0.0, SLOWER, 0.005), *powers]


CELLS = [
    *_power("file_rw", "short", 4, 0.80, 0.95, 0.99), *_power("file_rw", "short", 8, 0.95, 0.99, 0.99),
    *_power("cv_pp_same", "short", 4, 0.60, 0.90, 0.99), *_power("cv_pp_same", "short", 8, 0.90, 0.98, 0.99),
    *_power("file_sync", "short", 10, 0.60, 0.90, 0.98),
    *_power("mem_chase", "short", 20, 0.85, 0.95, 0.98),
    *(Cell("mem_chase", "short", 20, effect, SLOWER, 0.98) for effect in (0.30, 1.00)),
    Cell("file_rw", "loaded", 4, 0.0, SLOWER, 0.005),
    Cell("pipe_pp", "short", 4, 0.0, SLOWER, 0.005),
    *(Cell("pipe_pp", "short", budget, effect, UNSTABLE, 0.95) for budget in (4, 8) for effect in (0.0, 0.10)),
]


def sessions(noise: str, mode: str) -> list[list[Process]]:
    """What was recorded, in order, cut where there is a gap."""
    found: list[list[Process]] = []
    for line in (NOISE / f"{noise}.csv").read_text("ascii").splitlines()[1:]:
        _, its_mode, _, start, wall, ticks, repetitions = line.split(",")
        if its_mode != mode:
            continue
        process = Process(float(start), float(wall), int(ticks) * TICK_S,
                          statistics.median(map(float, repetitions.split())))
        if not found or process.start_s - found[-1][-1].start_s > SESSION_GAP_S:
            found.append([])
        found[-1].append(process)
    return found


@dataclass(frozen=True)
class Neighbours:
    """A process and the next one of its session, as a pair: in either order of sides."""

    disturbed: bool
    orders: tuple[Pair, Pair]


Recording = list[list[Neighbours]]  # by session and place in it


def with_effect(recorded: list[list[Process]], effect: float) -> Recording:
    """Side B of every pair is made slower by the effect."""
    return [[_neighbours(one, other, effect) for one, other in zip(session, session[1:] + session[:1])]
            for session in recorded]


def _neighbours(one: Process, other: Process, effect: float) -> Neighbours:
    disturbed = is_disturbance(one.stolen_s + other.stolen_s, (one.wall_s + other.wall_s) * CPUS)
    return Neighbours(disturbed, (Pair(one.median_ns, other.median_ns * (1 + effect)),
                                  Pair(other.median_ns, one.median_ns * (1 + effect))))


def pairs_from(session: list[Neighbours], redo: float, rng: random.Random) -> Iterator[Pair]:
    """Endless; from a random place on. `redo`: how many disturbed pairs may be taken again."""
    at = rng.randrange(len(session))
    while True:
        found = session[at % len(session)]
        at += 2
        if redo > 0 and found.disturbed:
            redo -= 1
            continue
        yield found.orders[rng.random() >= 0.5]


def compare(benchmarks: dict[str, Recording], pairs: int, rng: random.Random) -> list[Finding]:
    """One comparison of benchmarks, each with its recording."""
    experiment = Experiment([Benchmark(name, GATE) for name in benchmarks], Rules(pairs=pairs))
    sources = {}
    for name, recorded in benchmarks.items():
        session = rng.choices(recorded, [len(s) for s in recorded])[0]
        sources[name] = pairs_from(session, REDO_SHARE * pairs, rng)
    while names := experiment.wanted():
        for name in names:
            experiment.add(name, next(sources[name]))
    return experiment.findings()


def affordable_pairs(recorded: list[list[Process]], budget_s: float) -> int:
    wall = statistics.median(p.wall_s for p in itertools.chain(*recorded))
    return min(MOST_PAIRS, max(LEAST_PAIRS, int(budget_s / (2 * wall))))


def play(cell: Cell, draws: int, seed: int) -> Played:
    rng = random.Random(f"{seed} {cell}")
    recorded = sessions(cell.noise, cell.mode)
    pairs = affordable_pairs(recorded, cell.budget_s)
    benchmarks = {"x": with_effect(recorded, cell.effect)}
    findings = [compare(benchmarks, pairs, rng)[0] for _ in range(draws)]
    return Played(cell, draws, Counter(f.verdict for f in findings), statistics.fmean(f.pairs for f in findings))


def play_all(cells: Iterable[Cell], draws: int, seed: int) -> list[Played]:
    with multiprocessing.Pool(len(os.sched_getaffinity(0))) as pool:
        return pool.starmap(play, [(cell, draws, seed) for cell in cells], chunksize=1)


def suite_alarms(runs: int, benchmarks: int, seed: int) -> int:
    """In how many of these A/A runs of a suite of stable benchmarks is anything called slower?"""
    rng = random.Random(f"{seed} suite")
    kinds = [with_effect(sessions(noise, "short"), 0.0) for noise in ("file_rw", "cv_pp_same", "file_sync", "mem_chase")]
    suite = {str(i): kinds[i % len(kinds)] for i in range(benchmarks)}
    return sum(any(f.verdict == SLOWER for f in compare(suite, 20, rng)) for _ in range(runs))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2000, help="comparisons per row (default: 2000)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    played = play_all(CELLS, options.draws, options.seed)
    print("noise       mode    budget  effect  wanted    share   95 % interval    target   holds  "
          "same   undecided  unstable  pairs")
    for row in played:
        cell, (low, high) = row.cell, row.interval
        sign = "<=" if cell.effect == 0 and cell.wanted == SLOWER else ">="
        others = [row.verdicts[verdict] / row.draws for verdict in (SAME, "undecided", UNSTABLE)]
        print(f"{cell.noise:<11} {cell.mode:<7} {cell.budget_s:4g} s  {cell.effect:+5.0%}   {cell.wanted:<8} {row.share:6.1%}  "
              f"{low:6.1%} - {high:6.1%}  {sign} {cell.target:5.1%}  {'yes' if row.holds else 'NO':<5} {others[0]:6.1%}  "
              f"{others[1]:6.1%}     {others[2]:6.1%}  {row.pairs:5.1f}")
    print(f"\n40 stable benchmarks against themselves, 50 runs: {suite_alarms(50, 40, options.seed)} with an alarm (at most 1)")
    return 0 if all(row.holds for row in played) else 1


if __name__ == "__main__":
    sys.exit(main())
