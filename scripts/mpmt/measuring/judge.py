"""`mpmt judge` for scripts: what rounds of laps allow to say. No script decides by itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mpmt.base.command_line import Problem
from mpmt.base.shown import shown

Lap = Sequence[float]  # a and b, in ns per task or operation
Rounds = Sequence[Sequence[Lap]]

LEAST_ROUNDS = 6  # of an interval that is to be believed: those of a first look
OWN_BUILD = str(Path(__file__).parents[3] / "build/release/mpmt")


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
    """b ÷ a of all these rounds, whose number was fixed beforehand, with its 95 % interval; None for too few of them."""
    found = _asked(mpmt, {"id": "row", "rounds": list(rounds)}, 0.03)["all"] if len(rounds) >= LEAST_ROUNDS else None
    return found and (found["ratio"], found["low"], found["high"])


def _asked(mpmt: str, row: dict[str, Any], margin: float) -> dict[str, Any]:
    try:
        done = subprocess.run([mpmt, "judge", "--margin", f"{margin:%}"], input=json.dumps(row), stdout=subprocess.PIPE,
                              text=True)
    except OSError as error:
        raise Problem(f"--mpmt: {shown(mpmt)}: {error.strerror}") from None
    if done.returncode != 0:
        raise Problem(f"--mpmt: {shown(mpmt)} does not judge: exit code {done.returncode}")
    try:
        answer = json.loads(done.stdout)
        return {key: answer[key] for key in ("verdict", "ratio", "low", "high", "more", "all")}
    except (ValueError, TypeError, KeyError):
        raise Problem(f"--mpmt: {shown(mpmt)} does not judge as this version does") from None
