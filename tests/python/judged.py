"""What `mpmt judge` says of invented rounds: their numbers are made up, what they show is not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from bench import BINARY, PATIENCE_S

from mpmt.records.families import outcome

Json = dict[str, Any]
Rounds = Sequence[Sequence[Sequence[float]]]  # of laps of a and b, in ns
MARGIN, CONFIDENCE = 0.03, 0.95
RULES = {"margin": MARGIN, "confidence": CONFIDENCE, "rows": 20}  # as a record's context has them
WINNERS = {"a_faster": "threads", "b_faster": "processes"}


def rounds_of(threads: Sequence[Json], processes: Sequence[Json]) -> Rounds:
    """Of the rounds that both sides have and that count, in their order."""
    a, b = ({entry["round"]: entry["laps_ns"] for entry in side if outcome(entry) == "ok"} for side in (threads, processes))
    return [list(zip(a[at], b[at])) for at in sorted(a.keys() & b.keys())]


def found_in(rows: Sequence[Rounds]) -> list[Json]:
    """What a comparison says of each row's rounds. Each round goes to what the rule asks for next, the rounds or the series
    that confirms a candidate, as in a run."""
    left = [list(rounds) for rounds in rows]
    series: list[Json] = [{"id": str(at), "rounds": [], "confirming": []} for at in range(len(rows))]
    answers: dict[int, Json] = {}
    asking = list(range(len(rows)))
    while asking:
        answers.update(zip(asking, _answers([series[at] for at in asking])))
        asking = [at for at in asking if _given(series[at], left[at], answers[at]["more"])]
    return [_found(len(rounds), answers[at]) for at, rounds in enumerate(rows)]


def _given(series: Json, left: list[Any], more: Mapping[str, int]) -> bool:
    """Whether there were rounds to give."""
    before = len(left)
    for kind, count in more.items():
        series[kind] += left[:count]
        del left[:count]
    return len(left) < before


def _answers(rows: Sequence[Json]) -> list[Json]:
    command = [BINARY, "judge", "--margin", str(MARGIN), "--confidence", str(CONFIDENCE), "--rows", str(RULES["rows"])]
    asked = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE_S)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _found(rounds: int, answer: Json) -> Json:
    return {"rounds": rounds, "rounds_looked_at": answer["rounds"], "reason": answer["reason"],
            "verdict": WINNERS.get(answer["verdict"], answer["verdict"]),
            **{key: _short(answer[key]) for key in ("ratio", "low", "high", "detectable")}}


def _short(value: float | None) -> float | None:
    """As every compiler's mathematics has it."""
    return None if value is None else float(f"{value:.6g}")
