"""The records below a results folder: which files there are, and what a history needs of each."""

from __future__ import annotations

import json
import os
import re
import statistics
from array import array
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from mpmt.base.shown import shown
from mpmt.records import record_file, stats
from mpmt.records.families import family_of, rounds_that_count, value_ns

MACHINE_KEY = re.compile(r"[0-9a-f]{12}")
FILE_NAME = re.compile(r"(?P<commit>[0-9a-f]{12}|nogit)-[0-9]{8}T[0-9]{6}Z[-.0-9A-Za-z_]*\.json")
# What `mpmt track record` lets mpmt write, until it has been checked and gets its name.
UNFILED_NAME = re.compile(r"(?P<commit>[0-9a-f]{12})-unfiled-[0-9a-f]{16}(?:\.recovered-[0-9]+)?\.json")
MEASURABLE_NS = (1e-9, 1e18)  # up to 30 years


class Found(NamedTuple):
    """A file by its path below the results folder; `stamp` changes when it does. A `fault` found by looking at names alone
    means that it is not to be opened."""

    path: str
    size: int = 0
    stamp: str = ""
    fault: str | None = None


class CasePoint(NamedTuple):
    """One case in one record: the times per task or operation of its rounds that count, in ns, as doubles."""

    name: str
    version: int
    placement: str
    family: str
    median: float
    unstable: bool
    trials: bytes


class Summary(NamedTuple):
    """What a history needs of one record; with a `fault`, nothing else holds. `passing`: it may be gone next time."""

    path: str
    fault: str | None = None
    passing: bool = False
    machine: str = ""
    epoch: str = ""  # canonical JSON
    commit: str | None = None
    commit_date: str = ""
    dirty: bool = False
    started_utc: str = ""
    interrupted: bool = False
    rounds: int = 0  # asked for; where they were not fixed, the most that a case has
    points: tuple[CasePoint, ...] = ()


def find(results: Path) -> Iterator[Found]:
    """Every file <machine key>/<record>.json, in the order of names. Folders and files that are called otherwise, or
    are links that lead out of `results`, come with a fault; hidden ones and what is no .json do not come at all.

    Raises OSError when `results` itself cannot be listed. """
    top = os.path.realpath(results)
    for folder in sorted(os.scandir(top), key=lambda entry: entry.name):
        if folder.name.startswith(".") or not os.path.isdir(folder.path):
            continue
        if not MACHINE_KEY.fullmatch(folder.name):
            yield _refused(folder.name, "this folder's name is no machine key (12 hexadecimal digits)")
        elif not _inside(folder.path, top):
            yield _refused(folder.name, "a symbolic link that leads out of the results folder")
        else:
            try:
                entries = sorted(os.scandir(folder.path), key=lambda entry: entry.name)
            except OSError as error:
                yield _refused(folder.name, f"cannot be listed: {error.strerror}")
                continue
            yield from (_looked_at(entry, f"{folder.name}/{entry.name}", top) for entry in entries
                        if entry.name.endswith(".json") and not entry.name.startswith("."))


def _looked_at(entry: os.DirEntry[str], path: str, top: str) -> Found:
    if UNFILED_NAME.fullmatch(entry.name):
        return _refused(path, "has no name yet: its `mpmt track record` runs, or was killed, and the next one files it")
    if not FILE_NAME.fullmatch(entry.name):
        return _refused(path, "this file's name is no record's (<commit12>-<utc>.json)")
    if entry.is_symlink() and not _inside(entry.path, top):
        return _refused(path, "a symbolic link that leads out of the results folder")
    try:
        status = entry.stat()
    except OSError as error:
        return _refused(path, f"cannot be read: {error.strerror}")
    return Found(path, status.st_size, f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}")


def _inside(path: str, top: str) -> bool:
    return os.path.realpath(path).startswith(top + os.sep)


def _refused(path: str, fault: str) -> Found:
    # A name need not be UTF-8; the path is only shown, for what is refused is never opened.
    return Found(os.fsencode(path).decode("utf-8", "backslashreplace"), fault=fault)


def summarise(results: str, path: str) -> Summary:
    """Reads and checks one record. Never raises for what is in the file: that is the summary's fault."""
    whole = os.path.join(results, path)
    try:
        record = record_file.load(whole)
    except record_file.BadRecord as error:
        return Summary(path, str(error)[len(shown(whole, 300)) + 2:], isinstance(error, record_file.Unreadable))
    except MemoryError:
        return Summary(path, "too large for this machine's memory", passing=True)
    fault = _misfiled(path, record["context"]) or beyond_measure(record)
    return Summary(path, fault) if fault else summary_of(path, record)


def _misfiled(path: str, context: dict[str, Any]) -> str | None:
    """Why a record does not belong where it lies, or None."""
    folder, name = path.split("/", 1)
    key, commit = context["machine"]["key"], context["commit"]
    if key != folder:
        return f"context.machine.key: {key}, but the file lies in {folder}"
    short = commit["id"][:12] if commit else "nogit"
    if not name.startswith(f"{short}-"):
        return f"context.commit.id: begins with {short}, but the file's name does not"
    return None


def beyond_measure(record: dict[str, Any]) -> str | None:
    """The first round that counts whose numbers nobody can have meant, as "field: what", or None. Such times are finite, but
    their ratios are not."""
    low, high = MEASURABLE_NS
    for index, entry in rounds_that_count(record):
        if not low <= value_ns(entry) <= high:
            return (f"benchmarks[{index}].{family_of(entry).metric}: {value_ns(entry)!r} ns is not a time that can be "
                    "measured")
        if entry["bench_version"] >= 1 << 63:
            return f"benchmarks[{index}].bench_version: {entry['bench_version']} is not below 2^63"
    return None


def summary_of(path: str, record: dict[str, Any]) -> Summary:
    context = record["context"]
    commit = context["commit"] or {"id": None, "date": "", "dirty": False}
    epoch = json.dumps(context["machine"]["epoch"], sort_keys=True, separators=(",", ":"))
    by_case: dict[tuple[str, int, str, str], array[float]] = {}
    for _, entry in rounds_that_count(record):
        case = (entry["name"], entry["bench_version"], entry["placement"] or "", entry["family"])
        by_case.setdefault(case, array("d")).append(value_ns(entry))
    rounds = context["rounds"] or max(map(len, by_case.values()), default=0)
    points = tuple(CasePoint(*case, statistics.median(values), stats.is_unstable(values), values.tobytes())
                   for case, values in by_case.items())
    return Summary(path, None, False, context["machine"]["key"], epoch, commit["id"], commit["date"], commit["dirty"],
                   context["started_utc"], context["interrupted"], rounds, points)


def moment(text: str) -> datetime | None:
    """A date of a record, which is untrusted text: ISO 8601 with an offset or Z, given in UTC; else, and where its year
    in UTC would be 0 or 10000, None."""
    try:
        when = datetime.fromisoformat(re.sub(r"(\.\d+)?Z$", "+00:00", text))
        return when.astimezone(timezone.utc) if when.tzinfo else when.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None
