"""A checked record laid out as tables, one family of cases at a time: who asks for pools never sees a channel's trials.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pandas

from mpmt.base.shown import shown
from mpmt.records import histograms
from mpmt.records.families import FAMILIES, POOL, Round, case_status, family_of, outcome, round_of, subject_of, value_ns
from mpmt.records.schemas import CASE_HISTOGRAM, Record

# What became of a round, in words for people, in the order in which those that are left out are named.
STATUS_WORDS = {
    "wrong_checksum": "wrong checksum",
    "worker_died": "worker died",
    "timed_out": "timed out",
    "error": "error",
    "disturbed": "disturbed",
    "unstable": "unstable",
    "unsupported": "unsupported here",
}

TRIAL_FIELDS = [
    "name", "round", "together", "error", "iterations", "tasks", "startup_ns", "shutdown_ns", "real_time", "cpu_time",
    "time_unit", "libc_single_threaded", "attempts", "checksum",
]
# Flat column: path in the entry.
NESTED_FIELDS = {
    "cpu_submitter_ns": ("cpu_ns", "submitter"),
    "cpu_workers_ns": ("cpu_ns", "workers"),
    "switches_voluntary": ("context_switches", "voluntary"),
    "switches_involuntary": ("context_switches", "involuntary"),
    "faults_minor": ("page_faults", "minor"),
    "faults_major": ("page_faults", "major"),
    "latency_count": ("latency_ns", "count"),
    "latency_max_ns": ("latency_ns", "max"),
    "latency_p50_ns": ("latency_ns", "p50"),
    "latency_p90_ns": ("latency_ns", "p90"),
    "latency_p99_ns": ("latency_ns", "p99"),
    "latency_p999_ns": ("latency_ns", "p999"),
    "round_histogram": ("latency_ns", "histogram"),  # in versions 1 and 2
    "steal_ns": ("load", "steal_ns"),
    "foreign_cpu_ns": ("load", "foreign_cpu_ns"),
    "foreign_share": ("load", "foreign_share"),
}


def trials(record: Record, family: str = POOL) -> pandas.DataFrame:
    """One row per contender's round of the family, whatever became of it: `status` (families.outcome: "ok" counts in
    statistics), what makes its case, TRIAL_FIELDS, the family's own, and the flattened NESTED_FIELDS.

    Columns are of type object where values may be missing (None). `value_ns` is what the round is worth in statistics,
    `blocks` the number of timed blocks (laps), and `tasks_done` = tasks × blocks, which totals over a round (CPU time,
    switches, faults) are divided by.
    """
    rows = [_trial_row(e) for e in record["benchmarks"] if e["family"] == family and e["run_type"] == "iteration"]
    own = FAMILIES[family]
    columns = [*TRIAL_FIELDS, "status", *own.trial_fields, *own.case_fields, *NESTED_FIELDS, "value_ns", "blocks",
               "tasks_done"]
    return pandas.DataFrame(rows, columns=columns, dtype=object)


def _trial_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    own = family_of(entry)
    row: dict[str, Any] = {field: entry.get(field) for field in (*TRIAL_FIELDS, *own.trial_fields, *own.case_fields)}
    if "batch_split" in row:
        row["batch_split"] = bool(row["batch_split"])
    for column, (outer, inner) in NESTED_FIELDS.items():
        row[column] = (entry.get(outer) or {}).get(inner)
    row["status"] = outcome(entry)
    row["value_ns"] = value_ns(entry)
    row["blocks"] = entry["iterations"]
    row["tasks_done"] = row["blocks"] * (entry.get("tasks") or 0)
    return row


def cases(record: Record, family: str = POOL) -> pandas.DataFrame:
    """One row per case of the family, in the record's order: `name`, what makes it, `trials`, `ok` (counts), `status`,
    `modes`, `error`.

    `ok` are the rounds that count. `status` is the case's: what its aggregates say; without aggregates `ok` if any round
    counts, else what became of most. `modes` too is what they say. `error` is its first failed trial's. """
    said = {e["run_name"]: e for e in record["benchmarks"] if e["family"] == family and e["run_type"] == "aggregate"}
    by_name: dict[str, list[dict[str, Any]]] = {}
    for entry in record["benchmarks"]:
        if entry["family"] == family and entry["run_type"] == "iteration":
            by_name.setdefault(entry["name"], []).append(entry)
    rows = []
    for name, entries in by_name.items():
        row = _trial_row(entries[0])
        statuses = Counter(map(outcome, entries))
        row["trials"], row["ok"] = len(entries), statuses["ok"]
        aggregate = said.get(name, {"status": "ok" if statuses["ok"] else statuses.most_common(1)[0][0]})
        row["status"], row["modes"] = case_status(aggregate), aggregate.get("modes")
        row["error"] = next((e["error"] for e in entries if e["status"] != "ok" and e["error"]), None)
        rows.append(row)
    columns = ["name", *FAMILIES[family].case_fields, "trials", "ok", "status", "modes", "error"]
    return pandas.DataFrame(rows, columns=columns, dtype=object)


def latency_histogram(record: Record, trial_rows: pandas.DataFrame) -> list[list[int]]:
    """Of a case's rounds, which these are, together: [] where nothing is known."""
    return case_histogram(record, next(iter(trial_rows["name"]), ""), trial_rows["round_histogram"])


def case_histogram(record: Record, name: str, of_rounds: Iterable[Any]) -> list[list[int]]:
    """The same of a case by its name and what its rounds say, in versions 1 and 2."""
    found = [histogram for histogram in of_rounds if histogram]
    if not found:
        found = [record.get("cases", {}).get(name, {}).get(CASE_HISTOGRAM, [])]
    # The schema calls 1.0 an integer; buckets are of Python's.
    return [[int(lowest), int(count)] for lowest, count in histograms.merge(found)]


def by_round(trial_rows: pandas.DataFrame, name: str) -> dict[Round, float]:
    """ns per task, or per operation, of the case's rounds that count."""
    rows = trial_rows[(trial_rows["name"] == name) & (trial_rows["status"] == "ok")]
    return {round_of(row): float(row["value_ns"]) for row in rows[["together", "round", "value_ns"]].to_dict("records")}


def left_out(record: Record, family: str | None = None) -> list[str]:
    """What statistics leave out (of one family, or of all), one line per workload, channel or program and status: which,
    how many, and the first reason given."""
    failed: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in record["benchmarks"]:
        if entry["run_type"] == "iteration" and outcome(entry) != "ok" and family in (None, entry["family"]):
            failed.setdefault((subject_of(entry), outcome(entry)), []).append(entry)
    lines = []
    order = list(STATUS_WORDS)
    for (subject, status), entries in sorted(failed.items(),
                                             key=lambda item: (order.index(item[0][1]), item[0][0])):
        names = {entry["name"] for entry in entries}
        reason = next((shown(why, 100) for e in entries if (why := e["error"] or e.get("disturbed_by"))), "")
        count = f"{_counted(len(entries), 'trial')} of {_counted(len(names), 'case')}"
        because = f": {reason}" if reason else ""
        lines.append(f"{shown(subject, 40)}: {STATUS_WORDS[status]} ({count}{because})")
    return lines


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
