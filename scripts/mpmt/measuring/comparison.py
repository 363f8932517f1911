"""What a comparison found: its rows, its exit code, and its JSON."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mpmt.base.problem import (EXIT_INTERRUPTED, EXIT_NOTHING, EXIT_OK, EXIT_REGRESSION, EXIT_UNDECIDED)
from mpmt.measuring import experiment
from mpmt.measuring.campaign import FAILED, Outcome
from mpmt.measuring.experiment import FASTER, INTERRUPTED, SAME, SLOWER, UNDECIDED, UNSTABLE, Finding

UNCHANGED = "unchanged"  # the binaries are identical
NOT_COMPARED = "not compared"  # only one side has it, its versions differ, or this machine cannot run it
ACKNOWLEDGED = "acknowledged"  # slower, and covered by results/ack.json

OPEN = (UNDECIDED, UNSTABLE, FAILED)
FAIL_ON = (SLOWER, UNDECIDED, UNSTABLE, FAILED)
ORDER = (SLOWER, FAILED, UNSTABLE, UNDECIDED, ACKNOWLEDGED, FASTER, SAME, UNCHANGED, NOT_COMPARED)


@dataclass(frozen=True)
class Row:
    """One benchmark. `finding` is None where nothing was measured. `note`: the reason, in words. `foreign_share`: of the
    usable CPUs' time, what others took while it was measured; None where that is unknown."""

    name: str
    verdict: str
    note: str = ""
    finding: Finding | None = None
    seconds: float = 0.0
    redone: int = 0
    disturbed: int = 0
    gated: bool = True
    foreign_share: float | None = None


@dataclass(frozen=True)
class Side:
    label: str
    path: str
    sha256: str
    commit: str | None = None
    subject: str = ""


@dataclass
class Comparison:
    """B against A: effects above 0 mean that B is slower."""

    a: Side
    b: Side
    rows: list[Row]
    rules: experiment.Rules
    budget_s: float
    seed: int
    machine_key: str | None = None
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    fail_on: Sequence[str] = FAIL_ON

    def sorted_rows(self) -> list[Row]:
        """What matters first; within a verdict the largest effect first."""
        return sorted(self.rows, key=lambda row: (ORDER.index(row.verdict), -abs(_effect(row)), row.name))

    def exit_code(self) -> int:
        if self.interrupted:
            return EXIT_INTERRUPTED
        gated = [row for row in self.rows if row.gated]
        if any(row.verdict == SLOWER for row in gated) and SLOWER in self.fail_on:
            return EXIT_REGRESSION
        if all(row.verdict in (FAILED, NOT_COMPARED) for row in self.rows):
            return EXIT_NOTHING
        unanswered = any(row.verdict in OPEN and row.verdict in self.fail_on for row in gated)
        return EXIT_UNDECIDED if unanswered else EXIT_OK

    def answer(self) -> str:
        """In words; unlike the exit code, whatever --fail-on says."""
        gated = [row.verdict for row in self.rows if row.gated]
        if self.interrupted:
            return "interrupted; what was answered by then stands"
        if SLOWER in gated:
            return "REGRESSION"
        if all(row.verdict in (FAILED, NOT_COMPARED) for row in self.rows):
            return "nothing was measured"
        if any(verdict in OPEN for verdict in gated):
            return "no regression confirmed, but not all is answered"
        return "no regression"

    def count(self, verdict: str) -> int:
        return sum(row.verdict == verdict for row in self.rows)


def _effect(row: Row) -> float:
    return row.finding.effect if row.finding and row.finding.effect is not None else 0.0


def rows_of(outcome: Outcome, not_gated: Collection[str] = ()) -> list[Row]:
    """`not_gated`: names of the benchmarks that can raise no alarm."""
    rows = [Row(name, NOT_COMPARED if name in outcome.unsupported else FAILED, reason,
                seconds=outcome.tallies[name].seconds if name in outcome.tallies else 0.0, gated=name not in not_gated)
            for name, reason in outcome.failures.items()]
    rows += [Row(name, UNDECIDED, INTERRUPTED, gated=name not in not_gated) for name in outcome.not_begun]
    for name, finding in outcome.findings.items():
        tally = outcome.tallies[name]
        rows.append(Row(name, finding.verdict, finding.reason, finding, tally.seconds, tally.redone, tally.disturbed,
                        finding.benchmark.gated, tally.foreign_share))
    return rows


# ---- JSON --------------------------------------------------------------------------------------------------


def as_json(comparison: Comparison) -> dict[str, Any]:
    """docs/tracking.md describes it. Finite numbers only; what was not measured is null."""
    return {
        "format": "mpmt-comparison", "format_version": 1,
        "a": vars(comparison.a), "b": vars(comparison.b), "machine_key": comparison.machine_key,
        "rules": {**vars(comparison.rules), "budget_s": comparison.budget_s, "fail_on": list(comparison.fail_on)},
        "seed": comparison.seed, "seconds": round(comparison.seconds, 3), "interrupted": comparison.interrupted,
        "exit_code": comparison.exit_code(), "notes": comparison.notes,
        "benchmarks": [_row_as_json(row) for row in comparison.sorted_rows()],
    }


def _row_as_json(row: Row) -> dict[str, Any]:
    values: Mapping[str, Any] = {}
    if row.finding is not None:
        found = row.finding
        values = {"effect": found.effect, "low": found.low, "high": found.high, "detectable": found.detectable,
                  "gate": found.benchmark.gate, "p_holm": found.p_holm, "first_effect": found.first_effect,
                  "fresh_effect": found.fresh_effect, "pairs": found.pairs,
                  "modes": [[{"median": median, "share": share} for median, share in side] for side in found.modes]}
    return {"name": row.name, "verdict": row.verdict, "gated": row.gated, "note": row.note,
            "seconds": round(row.seconds, 3), "pairs_redone": row.redone, "pairs_disturbed": row.disturbed,
            "foreign_share": row.foreign_share, **{key: _finite(value) for key, value in values.items()}}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
