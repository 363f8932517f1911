"""What a comparison found: its rows, its exit code, and its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mpmt.base.problem import EXIT_INTERRUPTED, EXIT_NOTHING, EXIT_OK, EXIT_REGRESSION, EXIT_UNDECIDED
from mpmt.measuring import engine
from mpmt.records.families import PROGRAMS
from mpmt.records.record_file import Record

SLOWER, FASTER, SAME = "slower", "faster", "same"
UNDECIDED, UNSTABLE = "undecided", "unstable"
FAILED = "failed"  # a process gave no figure
UNCHANGED = "unchanged"  # the binaries are identical
NOT_COMPARED = "not compared"  # only one side has it, its versions differ, or this machine cannot run it
ACKNOWLEDGED = "acknowledged"  # slower, and covered by results/ack.json

OPEN = (UNDECIDED, UNSTABLE, FAILED)
FAIL_ON = (SLOWER, UNDECIDED, UNSTABLE, FAILED)
ORDER = (SLOWER, FAILED, UNSTABLE, UNDECIDED, ACKNOWLEDGED, FASTER, SAME, UNCHANGED, NOT_COMPARED)
# What the judge says of a row of A and B: who is faster.
_WORDS = {"a": SLOWER, "b": FASTER, SAME: SAME, UNDECIDED: UNDECIDED, UNSTABLE: UNSTABLE}
_FREE = "not pinned: where the scheduler puts it decides"
# Warnings of a record that are of the mpmt that measures, and not of what it measures.
_OF_THE_ENGINE = ("built from a source with uncommitted changes", "the build identity ", "no build identity")


@dataclass(frozen=True)
class Row:
    """One benchmark. Effects are ratios B ÷ A - 1 of time: above 0, B is slower; None where nothing was measured.
    `detectable`: a change that would have been found. `note`: the reason, in words. One that is not `gated` raises no alarm."""

    name: str
    verdict: str
    note: str = ""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    detectable: float | None = None
    rounds: int = 0
    gated: bool = True


@dataclass(frozen=True)
class Side:
    """`path`: of the program, or the command's text. `sha256`: of the program; None for a command."""

    label: str
    path: str
    sha256: str | None
    commit: str | None = None
    subject: str = ""


@dataclass(frozen=True)
class Rules:
    """What the judge went by; shares."""

    margin: float | None = None
    confidence: float | None = None


@dataclass
class Comparison:
    """B against A."""

    a: Side
    b: Side
    rows: list[Row]
    rules: Rules = Rules()
    budget_s: float = 0.0
    seed: int | None = None
    machine_key: str | None = None
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    fail_on: Sequence[str] = FAIL_ON

    def sorted_rows(self) -> list[Row]:
        """What matters first; within a verdict the largest effect first."""
        return sorted(self.rows, key=lambda row: (ORDER.index(row.verdict), -abs(row.effect or 0.0), row.name))

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


# ---- of a record -------------------------------------------------------------------------------------------


def of_record(a: Side, b: Side, answer: engine.Answer, names: Sequence[str], others: Sequence[Row] = ()) -> Comparison:
    """`names`: of the benchmarks that were asked for; `others`: rows of what was not."""
    record = answer.record
    if record is None:
        return Comparison(a, b, [*others, *(Row(name, UNDECIDED, "interrupted") for name in names)], interrupted=True)
    context, rules = record["context"], record["context"]["rules"]
    said = {row["a_case"].removesuffix("/program:A"): row for row in record["comparisons"] if row["table"] == PROGRAMS}
    faults = _faults(record)
    rows = [_row(name, said.get(name), faults.get(name), answer.interrupted) for name in names]
    notes = [warning for warning in context["warnings"] if not warning.startswith(_OF_THE_ENGINE)]
    return Comparison(a, b, [*others, *rows], Rules(rules["margin"], rules["confidence"]), seed=context["seed"],
                      machine_key=context["machine"]["key"], notes=notes, interrupted=answer.interrupted)


def _row(name: str, said: Mapping[str, Any] | None, fault: tuple[str, str] | None, interrupted: bool) -> Row:
    if fault is not None and (said is None or _WORDS[said["verdict"]] in OPEN):
        return Row(name, *fault)
    if said is None or (interrupted and said["ratio"] is None):
        return Row(name, UNDECIDED, "interrupted" if interrupted else "it was not measured")
    verdict, free = _WORDS[said["verdict"]], said["placement"] == "free"
    note = _FREE if free else said["reason"] if verdict in OPEN else fault[1] if fault else ""
    effect, low, high = (None if said[key] is None else said[key] - 1 for key in ("ratio", "low", "high"))
    return Row(name, verdict, note, effect, low, high, said["detectable"], said["rounds"], not free)


def _faults(record: Record) -> dict[str, tuple[str, str]]:
    """Benchmarks of which a round gave no figure: the verdict if that leaves it open, and why."""
    faults: dict[str, tuple[str, str]] = {}
    for entry in engine.entries(record):
        name, _, side = entry["run_name"].rpartition("/program:")
        if entry["status"] != "ok" and entry["error"]:
            verdict = NOT_COMPARED if entry["status"] == "unsupported" else FAILED
            faults.setdefault(name, (verdict, f"{side}: {entry['status']}: {entry['error']}"))
    return faults


# ---- JSON --------------------------------------------------------------------------------------------------


def as_json(comparison: Comparison) -> dict[str, Any]:
    """docs/tracking.md describes it. Finite numbers only; what was not measured is null."""
    return {
        "format": "mpmt-comparison", "format_version": 2,
        "a": vars(comparison.a), "b": vars(comparison.b), "machine_key": comparison.machine_key,
        "rules": {**vars(comparison.rules), "budget_s": comparison.budget_s, "fail_on": list(comparison.fail_on)},
        "seed": comparison.seed, "seconds": round(comparison.seconds, 3), "interrupted": comparison.interrupted,
        "exit_code": comparison.exit_code(), "notes": comparison.notes,
        "benchmarks": [vars(row) for row in comparison.sorted_rows()],
    }
