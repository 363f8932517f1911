"""`mpmt judge` for scripts: what rounds of laps allow to say. No script decides by itself."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mpmt_command_line import Problem
from mpmt_shown import shown

Lap = Sequence[float]  # a and b, in ns per task or operation
Rounds = Sequence[Sequence[Lap]]

OWN_BUILD = str(Path(__file__).parents[1] / "build/release/mpmt")


def judged(mpmt: str, rounds: Rounds, margin: float = 0.03) -> dict[str, Any]:
    """The finding of a row (docs/judging.md) whose rounds were made in this order: each goes to what the rule asks for
    next, the rounds or the series that confirms a candidate. Raises Problem naming --mpmt."""
    left = list(rounds)
    row: dict[str, Any] = {"id": "row", "rounds": [], "confirming": []}
    while True:
        finding = _asked(mpmt, row, margin)
        more = finding["more"]
        series, wanted = ("confirming", more["confirming"]) if more["confirming"] else ("rounds", more["rounds"])
        if not wanted or len(left) < wanted:
            return finding
        row[series] += left[:wanted]
        left = left[wanted:]


def interval(mpmt: str, rounds: Rounds) -> tuple[float, float, float] | None:
    """b ÷ a with its 95 % interval: by as many of the rounds as make it narrower than ± 3 %, or by all of them; None where
    they are too few for a look. Moving all ratios by a factor moves their interval by it, so the rule is asked about what
    they differ by from their median."""
    if not rounds:
        return None
    centre = statistics.median(statistics.median(b / a for a, b in laps) for laps in rounds)
    finding = judged(mpmt, [[(a, b / centre) for a, b in laps] for laps in rounds])
    if finding["ratio"] is None:
        return None
    return centre * finding["ratio"], centre * finding["low"], centre * finding["high"]


def of_single(values: Iterable[float]) -> list[list[Lap]]:
    """Rounds of which only a ratio each is known."""
    return [[(1.0, value)] for value in values]


def _asked(mpmt: str, row: dict[str, Any], margin: float) -> dict[str, Any]:
    try:
        done = subprocess.run([mpmt, "judge", "--margin", f"{margin:%}"], input=json.dumps(row), stdout=subprocess.PIPE, text=True)
    except OSError as error:
        raise Problem(f"--mpmt: {shown(mpmt)}: {error.strerror}") from None
    if done.returncode != 0:
        raise Problem(f"--mpmt: {shown(mpmt)} does not judge: exit code {done.returncode}")
    return dict(json.loads(done.stdout))
