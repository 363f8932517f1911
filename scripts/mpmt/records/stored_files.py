"""The records below a results folder: which files there are, and what a history needs of each."""

from __future__ import annotations

import json
import os
import re
import statistics
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from mpmt.base.shown import shown
from mpmt.records import record_file, stats
from mpmt.records.families import family_of, rounds_that_count, value_ns

MACHINE_KEY = re.compile(r"[0-9a-f]{12}")
FILE_NAME = re.compile(r"(?P<commit>[0-9a-f]{12}|nogit)-[0-9]{8}T[0-9]{6}Z[-.0-9A-Za-z_]*\.json")
# What `track.py record` lets mpmt write, until it has been checked and gets its name.
UNFILED_NAME = re.compile(r"(?P<commit>[0-9a-f]{12})-unfiled-[0-9a-f]{16}(?:\.recovered-[0-9]+)?\.json")
MEASURABLE_NS = (1e-9, 1e18)  # up to 30 years


@dataclass(frozen=True)
class Found:
    """A file by its path below the results folder, and what changes when it does. A `fault` found by looking at names
    alone means that it is not to be opened."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    fault: str | None = None


@dataclass(frozen=True)
class Point:
    """One case in one record: the times per task or operation of its rounds that count, in ns."""

    name: str
    version: int
    placement: str
    family: str
    values: array[float]
    median: float
    unstable: bool


@dataclass(frozen=True)
class Summary:
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
    points: list[Point] = field(default_factory=list)


def find(results: Path) -> Iterator[Found]:
    """Every file <machine key>/<record>.json, in the order of names. Folders and files that are called otherwise, or
    are links that lead out of `results`, come with a fault; hidden ones and what is no .json do not come at all.

    Raises OSError when `results` itself cannot be listed. """
    top = os.path.realpath(results)
    for folder in sorted(os.scandir(top), key=lambda entry: entry.name):
        if folder.name.startswith(".") or not _is_folder(folder):
            continue
        if not MACHINE_KEY.fullmatch(folder.name):
            yield _refused(folder.name, "this folder's name is no machine key (12 hexadecimal digits)")
        elif not _inside(folder.path, top):
            yield _refused(folder.name, "a symbolic link that leads out of the results folder")
        else:
            yield from _find_records(folder, top)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _inside(path: str, top: str) -> bool:
    return os.path.realpath(path).startswith(top + os.sep)


def _refused(path: str, fault: str) -> Found:
    # A name need not be UTF-8; the path is only shown and remembered, for what is refused is never opened.
    return Found(os.fsencode(path).decode("utf-8", "backslashreplace"), 0, 0, 0, 0, fault)


def _find_records(folder: os.DirEntry[str], top: str) -> Iterator[Found]:
    try:
        entries = sorted(os.scandir(folder.path), key=lambda entry: entry.name)
    except OSError as error:
        yield _refused(folder.name, f"cannot be listed: {error.strerror}")
        return
    for entry in entries:
        path = f"{folder.name}/{entry.name}"
        if entry.name.startswith(".") or not entry.name.endswith(".json"):
            continue
        if UNFILED_NAME.fullmatch(entry.name):
            yield _refused(path, "has no name yet: its `track.py record` runs, or was killed, and the next one files it")
        elif not FILE_NAME.fullmatch(entry.name):
            yield _refused(path, "this file's name is no record's (<commit12>-<utc>.json)")
        elif entry.is_symlink() and not _inside(entry.path, top):
            yield _refused(path, "a symbolic link that leads out of the results folder")
        else:
            yield _looked_at(entry, path)


def _looked_at(entry: os.DirEntry[str], path: str) -> Found:
    try:
        status = entry.stat()
    except OSError as error:
        return _refused(path, f"cannot be read: {error.strerror}")
    return Found(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


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
    return Summary(path, fault=fault) if fault else _summary_of(path, record)


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
    their ratios are not; and the index holds 63-bit integers."""
    low, high = MEASURABLE_NS
    for index, entry in rounds_that_count(record):
        if not low <= value_ns(entry) <= high:
            return (f"benchmarks[{index}].{family_of(entry).metric}: {value_ns(entry)!r} ns is not a time that can be "
                    "measured")
        if entry["bench_version"] >= 1 << 63:
            return f"benchmarks[{index}].bench_version: {entry['bench_version']} is not below 2^63"
    return None


def _summary_of(path: str, record: dict[str, Any]) -> Summary:
    context = record["context"]
    commit = context["commit"] or {"id": None, "date": "", "dirty": False}
    epoch = json.dumps(context["machine"]["epoch"], sort_keys=True, separators=(",", ":"))
    points = _points(record)
    rounds = context["rounds"] or max((len(point.values) for point in points), default=0)
    return Summary(path, None, False, context["machine"]["key"], epoch, commit["id"], commit["date"], commit["dirty"],
                   context["started_utc"], context["interrupted"], min(rounds, 1 << 31), points)


def _points(record: dict[str, Any]) -> list[Point]:
    by_case: dict[tuple[str, int], tuple[Mapping[str, Any], array[float]]] = {}
    for _, entry in rounds_that_count(record):
        case = by_case.setdefault((entry["name"], entry["bench_version"]), (entry, array("d")))
        case[1].append(value_ns(entry))
    return [Point(name, version, first["placement"] or "", first["family"], values, statistics.median(values),
                  stats.is_unstable(values))
            for (name, version), (first, values) in by_case.items()]


def moment(text: str) -> datetime | None:
    """A date of a record, which is untrusted text: ISO 8601 with an offset or Z, given in UTC; else, and where its year
    in UTC would be 0 or 10000, None."""
    try:
        when = datetime.fromisoformat(re.sub(r"(\.\d+)?Z$", "+00:00", text))
        return when.astimezone(timezone.utc) if when.tzinfo else when.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None
