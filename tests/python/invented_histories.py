#!/usr/bin/env python3
"""Invented histories of 100 commits, and what `track.py history` finds in them: run as a program, it prints the table
of docs/tracking.md.

    tests/python/invented_histories.py [--histories 300]
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from mpmt.history import changes

Logs = numpy.ndarray
Random = numpy.random.Generator
Noise = Callable[[Random], Logs]
COMMITS = 100
NEAR = 3  # a change this many commits off still counts as found


def white(random: Random) -> Logs:
    return random.normal(0, 0.01, COMMITS)


def outliers(random: Random) -> Logs:
    return white(random) + (random.random(COMMITS) < 0.03) * random.uniform(0.1, 1, COMMITS)


def loaded(random: Random) -> Logs:
    """One commit in five is measured on a busy machine: 1.3 to 2 times as slow."""
    return white(random) + (random.random(COMMITS) < 0.2) * numpy.log(random.uniform(1.3, 2, COMMITS))


def heavy(random: Random) -> Logs:
    return random.standard_t(3, COMMITS) * 0.007


def drifting(random: Random) -> Logs:
    return white(random) + numpy.linspace(0, 0.10, COMMITS)


def steep(random: Random) -> Logs:
    """A drift that is much larger than the noise."""
    return random.normal(0, 0.002, COMMITS) + numpy.linspace(0, 0.2, COMMITS)


def find(logs: Logs) -> list[int]:
    return [change.index for change in changes.change_points(logs)]


def false_points(noise: Noise, histories: int, seed: int) -> float:
    """Change points per history in which nothing changed."""
    random = numpy.random.default_rng(seed)
    return sum(len(find(noise(random))) for _ in range(histories)) / histories


def outcome(noise: Noise, step: float, histories: int, seed: int) -> tuple[float, float, float]:
    """(recall within three commits, precision, share of exact commits) for one step somewhere in the middle 80 %."""
    random = numpy.random.default_rng(seed)
    hits = exact = points = 0
    for _ in range(histories):
        logs, at = noise(random), int(random.integers(10, 91))
        logs[at:] += math.log1p(step)
        found = find(logs)
        points += len(found)
        hits += any(abs(index - at) <= NEAR for index in found)
        exact += at in found
    return hits / histories, hits / max(points, 1), exact / histories


def coverage(noise: Noise, step: float, histories: int, seed: int) -> float:
    """Of the found steps (within three commits), the share whose 95 % interval holds the true one. Place and step are
    chosen from the same values that the interval is made from, so it need not be 95 %; nan: none was found."""
    random = numpy.random.default_rng(seed)
    held = []
    for _ in range(histories):
        logs, at = noise(random), int(random.integers(10, 91))
        logs[at:] += math.log1p(step)
        held += [change.low <= step <= change.high for change in changes.change_points(logs)
                 if abs(change.index - at) <= NEAR]
    return sum(held) / len(held) if held else math.nan


NOISES: dict[str, Noise] = {
    "white, 1 %": white, "3 % outliers": outliers, "heavy tails": heavy, "one commit in five loaded": loaded,
    "a drift of 10 %": drifting, "a drift of 20 %, noise 0.2 %": steep,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=300, help="per cell (default: 300)")
    count = parser.parse_args().histories
    print("| noise | false points a history | +2 %: recall | +5 %: recall | precision | exact commit | +10 %: recall | "
          "interval holds +2 % | +5 % | +10 % |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, noise in NOISES.items():
        two, five, ten = (outcome(noise, step, count, seed=20) for step in (0.02, 0.05, 0.10))
        shown = [f"{false_points(noise, count, seed=21):.3f}", f"{two[0]:.0%}", *(f"{share:.0%}" for share in five),
                 f"{ten[0]:.0%}", *(f"{coverage(noise, step, count, seed=22):.0%}" for step in (0.02, 0.05, 0.10))]
        print(f"| {name} | {' | '.join(shown)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
