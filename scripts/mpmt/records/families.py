"""The families of cases: which field holds a trial's value, what that is the time of, and what makes a case.

The only place that knows which of a family's fields is measured against which: the rest of scripts/ asks here. """

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Optional

POOL, CHANNEL, COMMAND, SERVER, GOOGLE = "pool", "channel", "command", "server", "google"
PROGRAMS = "programs"  # the table of rows that compare programs
Round = tuple[Optional[str], int]  # group (None in versions 1 and 2, whose rounds are of all groups), number


@dataclass(frozen=True)
class Family:
    metric: str  # the field of a trial that is its value in all statistics, ns; lower is better
    operation: str  # what it is the time of
    subject: str  # the field by which people know what a case is about
    case_fields: tuple[str, ...]  # what makes a case, besides its name
    trial_fields: tuple[str, ...]  # what a trial says in this family only


FAMILIES = {
    POOL: Family(
        "ns_per_task", "task", "workload",
        ("family", "program", "who", "baseline", "workload", "bench_version", "executor", "channel", "workers", "processes",
         "threads_per_process", "grain", "batch", "batch_split", "payload_bytes", "waiting", "window", "placement", "wait",
         "group"),
        ("ns_per_task", "tasks_per_second", "submitter_helps", "workers_seen")),
    CHANNEL: Family(
        "ns_per_operation", "operation", "channel",
        ("family", "program", "bench_version", "channel", "floor", "sides", "pattern", "message_bytes", "window", "placement",
         "wait", "futex", "touched", "rate", "copies_per_message", "group"),
        ("ns_per_operation", "messages_per_second", "bytes_per_second", "generator_late_share")),
    COMMAND: Family(
        "ns_per_execution", "execution", "program",
        ("family", "program", "bench_version", "command", "parameters", "setup", "prepare", "cleanup", "input", "shell",
         "ignore_failure", "group"),
        ("ns_per_execution", "peak_memory_bytes", "pss_bytes")),
    SERVER: Family(
        "ns_per_load", "load", "program",
        ("family", "program", "bench_version", "serve", "ready", "load_command", "shell", "parameters", "group"),
        ("ns_per_load", "server_peak_memory_bytes", "server_pss_bytes")),
    GOOGLE: Family(
        "ns_per_iteration", "iteration", "benchmark",
        ("family", "program", "bench_version", "benchmark", "words", "fixed_iterations", "group"),
        ("ns_per_iteration",)),
}
_OF_ROWS = {CHANNEL: "pattern", COMMAND: "command_parameters", SERVER: "server_parameters", GOOGLE: "benchmark"}


def family_of(entry: Mapping[str, Any]) -> Family:
    """Of a trial, an aggregate or a case."""
    return FAMILIES[entry["family"]]


def subject_of(entry: Mapping[str, Any]) -> str:
    """What people know a case by: a workload or channel, of which program where that has a name; or that name alone."""
    subject, program = entry[family_of(entry).subject], entry.get("program")
    return subject if program in (None, subject) else f"{program}: {subject}"


def is_baseline(case: Any) -> bool:
    """Whether this pool, a row of tables.cases, is what speed-ups of its program are over. Of programs without a
    name, which is mpmt itself, it is `serial`."""
    return case.executor == "serial" if case.baseline is None else case.baseline


def is_baseline_entry(entry: Mapping[str, Any]) -> bool:
    """The same of an entry of a pool."""
    said = entry.get("baseline")
    return entry["executor"] == "serial" if said is None else bool(said)


def value_ns(entry: Mapping[str, Any]) -> Any:
    """What a round is worth: time per task or operation, ns; None where it failed."""
    return entry[family_of(entry).metric]


def outcome(entry: Mapping[str, Any]) -> str:
    """What became of a round of a case: "ok" if it counts in statistics, "disturbed" if the trial went well but this is
    of no use, else how the trial failed. The only place that decides it, for records of all versions."""
    if entry["status"] == "ok" and entry.get("disturbed_by") is not None:
        return "disturbed"
    return entry["status"]


def rounds_that_count(record: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Their entries, of all families, with their places in `benchmarks`."""
    return ((at, entry) for at, entry in enumerate(record["benchmarks"])
            if entry["run_type"] == "iteration" and outcome(entry) == "ok")


def round_of(entry: Mapping[str, Any]) -> Round:
    """In which round it was measured. Entries in which this is equal were measured next to each other."""
    return entry.get("together"), entry["round"]


def case_status(aggregate: Mapping[str, Any]) -> str:
    """What an aggregate says of its case: "ok" or "unstable"."""
    return "unstable" if aggregate.get("unstable") is not None else aggregate["status"]


def families_in(record: Mapping[str, Any]) -> list[str]:
    """Families that the record has entries of; of an empty record, the one that it was meant for."""
    there = {entry["family"] for entry in record["benchmarks"]}
    return [name for name in FAMILIES if name in there] or [record["context"]["family"]]


def family_of_row(row: Mapping[str, Any]) -> str:
    """Of a row of the verdict tables, by what it has that no other family's has."""
    return next((family for family, field in _OF_ROWS.items() if row.get(field) is not None), POOL)


def comparisons_of(record: Mapping[str, Any], family: str) -> list[dict[str, Any]]:
    """The rows of the verdict tables that compare cases of this family: threads with processes, or programs."""
    return [row for row in record["comparisons"] if family_of_row(row) == family]
