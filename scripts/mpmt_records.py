"""mpmt's records: read, checked, and laid out as tables. The only place in scripts/ that knows the record's
form.

The format is results/schema.json, explained in docs/record-format.md. What a record says is untrusted: show
names only through `plain`. """

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pandas

from mpmt_schema import Record, first_problem, plain, schema, surely_follows, validator

__all__ = ["BadRecord", "Record", "Unreadable", "by_round", "capacity", "cases", "first_problem", "left_out", "load",
           "plain", "read_json", "schema", "trials", "usable_cpus", "validator"]

SCHEMA_VERSION = 1
MAX_BYTES = 512 * 1024 * 1024
MAX_INTEGER_DIGITS = 20  # 2^64 - 1 has 20
_LONG_INTEGER = re.compile(f"[0-9]{{{MAX_INTEGER_DIGITS + 1}}}")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # a pair of surrogates is a character, one alone is not

# Status words for people, in the order in which left-out trials are named.
STATUS_WORDS = {
    "wrong_checksum": "wrong checksum",
    "worker_died": "worker died",
    "timed_out": "timed out",
    "error": "error",
    "disturbed": "disturbed",
    "unstable": "unstable",
    "unsupported": "unsupported here",
}

# What makes a case, besides its name.
CASE_FIELDS = [
    "family", "workload", "bench_version", "executor", "channel", "workers", "processes",
    "threads_per_process", "grain", "batch", "batch_split", "payload_bytes", "window", "placement", "wait",
    "group",
]
TRIAL_FIELDS = [
    "name", "round", "status", "error", "iterations", "tasks", "ns_per_task", "tasks_per_second",
    "startup_ns", "shutdown_ns", "real_time", "cpu_time", "time_unit", "submitter_helps",
    "libc_single_threaded", "workers_seen", "attempts", "checksum",
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
    "latency_histogram": ("latency_ns", "histogram"),
    "steal_ns": ("load", "steal_ns"),
    "foreign_cpu_ns": ("load", "foreign_cpu_ns"),
    "foreign_share": ("load", "foreign_share"),
}


class BadRecord(Exception):
    """A file that cannot be used; the message is one line, naming the file and the field at fault."""


class Unreadable(BadRecord):
    """The system did not let it be read: nothing is known of what is in it, and it may be read next time."""


# ---- reading -----------------------------------------------------------------------------------------------


def load(path: str | os.PathLike[str]) -> Record:
    """The record in the file, checked against the schema. Raises BadRecord."""
    shown = plain(path, 300)

    def refuse(reason: str) -> NoReturn:
        raise BadRecord(f"{shown}: {reason}") from None

    text = _read(Path(path), refuse)
    record = _quickly(text)
    if record is not None:
        return record
    record = _parse(text, refuse)
    _check_identity(record, refuse)
    try:
        problem = first_problem(record)
    except RecursionError:
        refuse("not an mpmt record: nested too deeply")
    if problem:
        refuse(problem)
    return record


def read_json(path: str | os.PathLike[str]) -> Any:
    """What the JSON in the file says, unchecked but for its numbers. Raises BadRecord."""
    shown = plain(path, 300)

    def refuse(reason: str) -> NoReturn:
        raise BadRecord(f"{shown}: {reason}") from None

    return _parse(_read(Path(path), refuse), refuse)


def _read(path: Path, refuse: Callable[[str], NoReturn]) -> str:
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                refuse("not a regular file")
            if status.st_size > MAX_BYTES:
                refuse(f"{status.st_size / 1e6:.0f} MB; a record has at most {MAX_BYTES >> 20} MiB")
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"{plain(path, 300)}: cannot be read: {error.strerror}") from None
    except ValueError:
        refuse("cannot be read: no such file name is possible")
    if not data.strip():
        refuse("empty file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        refuse(f"not JSON: byte {error.start} is not UTF-8")


def _quickly(text: str) -> Record | None:
    """The record, if it is good beyond doubt: without a closer look at each number."""
    if _SURROGATE.search(text) or (not _integers_are_limited() and _LONG_INTEGER.search(text)):
        return None
    try:
        record = json.loads(text, parse_constant=_no_constant)
        return record if surely_follows()(record) else None
    except (ValueError, RecursionError):
        return None


def _integers_are_limited() -> bool:
    """Whether this Python refuses integers of thousands of digits. An older one reads them, in a time that grows with
    the square of their length: then they are looked for first, which takes as long as parsing does."""
    return getattr(sys, "get_int_max_str_digits", lambda: 0)() > 0


class _Refused(ValueError):
    """A number that JSON, or this format, does not have."""


def _no_constant(text: str) -> NoReturn:
    raise _Refused(f"contains {text}, which is not JSON; records hold finite numbers only")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _Refused(f"contains {plain(text, 20)}, which is not a finite number")
    return value


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise _Refused(f"contains an integer of {len(text)} digits; records hold 64-bit integers")
    return int(text)


def _parse(text: str, refuse: Callable[[str], NoReturn]) -> Any:
    try:
        parsed = json.loads(text, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer)
        if _SURROGATE.search(text):
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")
        return parsed
    except UnicodeEncodeError:
        refuse("contains text that is not Unicode (half of a surrogate pair)")
    except json.JSONDecodeError as error:
        stripped = text.strip()
        if stripped.startswith("{") and (not stripped.endswith("}") or error.pos >= len(text.rstrip())):
            refuse(f"truncated: the JSON ends too early, in line {text.count(chr(10)) + 1}")
        refuse(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}")
    except _Refused as error:
        refuse(str(error))
    except RecursionError:
        refuse("not an mpmt record: nested too deeply")


def _check_identity(record: Any, refuse: Callable[[str], NoReturn]) -> None:
    """Refuses what is no mpmt record, or a newer one, before the schema speaks of single fields."""
    context = record.get("context") if isinstance(record, dict) else None
    if not isinstance(context, dict):
        refuse("not an mpmt record: it has no object `context`")
    if context.get("suite") != "mpmt":
        whose = "another Google Benchmark program" if "benchmarks" in record else "another program"
        refuse(f"not an mpmt record: context.suite is not \"mpmt\" (a file of {whose}?)")
    version = context.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        refuse("not an mpmt record: context.schema_version is not a positive integer")
    if version > SCHEMA_VERSION:
        refuse(f"context.schema_version is {version}, but these scripts read up to {SCHEMA_VERSION}: "
               "use a newer mpmt")


# ---- tables ------------------------------------------------------------------------------------------------


def trials(record: Record) -> pandas.DataFrame:
    """One row per trial, whatever its status: CASE_FIELDS, TRIAL_FIELDS and the flattened NESTED_FIELDS.

    Columns are of type object where values may be missing (None); `blocks` is the number of timed blocks and
    `tasks_done` = tasks × blocks, which totals over a trial (CPU time, switches, faults) are divided by.
    """
    rows = [_trial_row(e) for e in record["benchmarks"] if e["run_type"] == "iteration"]
    columns = [*TRIAL_FIELDS, *CASE_FIELDS, *NESTED_FIELDS, "blocks", "tasks_done"]
    return pandas.DataFrame(rows, columns=columns, dtype=object)


def _trial_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    row = {field: entry.get(field) for field in (*TRIAL_FIELDS, *CASE_FIELDS)}
    row["batch_split"] = bool(entry.get("batch_split", False))
    for column, (outer, inner) in NESTED_FIELDS.items():
        row[column] = (entry.get(outer) or {}).get(inner)
    row["blocks"] = len(entry.get("wall_ns") or [])
    row["tasks_done"] = row["blocks"] * (entry.get("tasks") or 0)
    return row


def cases(record: Record) -> pandas.DataFrame:
    """One row per case, in the record's order: `name`, CASE_FIELDS, `trials`, `ok` (counts), `status`,
    `error`.

    `status` is the case's: what its aggregates say; without aggregates `ok` if any trial is, else its trials'
    most frequent status. `error` is its first failed trial's. """
    said = {e["run_name"]: e["status"] for e in record["benchmarks"] if e["run_type"] == "aggregate"}
    by_name: dict[str, list[dict[str, Any]]] = {}
    for entry in record["benchmarks"]:
        if entry["run_type"] == "iteration":
            by_name.setdefault(entry["name"], []).append(entry)
    rows = []
    for name, entries in by_name.items():
        row = _trial_row(entries[0])
        statuses = Counter(entry["status"] for entry in entries)
        row["trials"], row["ok"] = len(entries), statuses["ok"]
        row["status"] = said.get(name, "ok" if statuses["ok"] else statuses.most_common(1)[0][0])
        row["error"] = next((e["error"] for e in entries if e["status"] != "ok" and e["error"]), None)
        rows.append(row)
    return pandas.DataFrame(rows, columns=["name", *CASE_FIELDS, "trials", "ok", "status", "error"],
                            dtype=object)


def by_round(trial_rows: pandas.DataFrame, name: str) -> dict[int, float]:
    """ns per task of the case's `ok` trials, by round."""
    rows = trial_rows[(trial_rows["name"] == name) & (trial_rows["status"] == "ok")]
    return {int(r): float(v) for r, v in zip(rows["round"], rows["ns_per_task"])}


def usable_cpus(record: Record) -> int:
    """CPUs that the run could use; the machine's where the record does not say."""
    said = str(record["context"]["machine"]["identity"].get("usable_cpus", ""))
    return int(said) if said.isdigit() and 0 < int(said) < 1_000_000 else int(record["context"]["num_cpus"])


def capacity(record: Record) -> dict[int, float]:
    """The measured capacity by workers: the mean of before and after where both were measured."""
    seen: dict[int, list[float]] = {}
    for when in ("before", "after"):
        for point in record["context"]["capacity"][when] or []:
            seen.setdefault(point["workers"], []).append(float(point["capacity"]))
    return {workers: sum(values) / len(values) for workers, values in sorted(seen.items())}


def left_out(record: Record) -> list[str]:
    """What statistics leave out, one line per workload and status: which, how many, and the first reason
    given."""
    failed: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in record["benchmarks"]:
        if entry["run_type"] == "iteration" and entry["status"] != "ok":
            failed.setdefault((entry["workload"], entry["status"]), []).append(entry)
    lines = []
    order = list(STATUS_WORDS)
    for (workload, status), entries in sorted(failed.items(),
                                              key=lambda item: (order.index(item[0][1]), item[0][0])):
        names = {entry["name"] for entry in entries}
        reason = next((plain(e["error"], 100) for e in entries if e["error"]), "")
        count = f"{_counted(len(entries), 'trial')} of {_counted(len(names), 'case')}"
        because = f": {reason}" if reason else ""
        lines.append(f"{plain(workload, 40)}: {STATUS_WORDS[status]} ({count}{because})")
    return lines


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
