"""mpmt's records: read, checked, and laid out as tables (mpmt/records/tables.py). With mpmt/records/families.py the only
places in scripts/ that know the record's form.

The format is results/schema.json (older versions: beside it), explained in docs/record-format.md. What a record says is
untrusted: show names only through mpmt.base.shown. """

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from mpmt.base.files import regular_file
from mpmt.base.shown import shown
from mpmt.records.json_text import BadJson, decoded, no_collection, parsed, tolerated
from mpmt.records.schemas import SCHEMA_VERSION, Record, first_problem, schema, with_cases
from mpmt.records.tables import by_round, case_histogram, cases, latency_histogram, left_out, trials

__all__ = ["BadRecord", "Record", "Unreadable", "by_round", "capacity", "case_histogram", "cases", "first_problem",
           "latency_histogram", "left_out", "load", "read_json", "rules", "schema", "trials", "usable_cpus"]

MAX_BYTES = 512 * 1024 * 1024


class BadRecord(Exception):
    """A file that cannot be used; the message is one line, naming the file and the field at fault."""


class Unreadable(BadRecord):
    """The system did not let it be read: nothing is known of what is in it, and it may be read next time."""


# ---- reading -----------------------------------------------------------------------------------------------


def load(path: str | os.PathLike[str]) -> Record:
    """The record in the file, checked against the schema; each entry has what `cases` says of its case. Raises BadRecord."""
    named = shown(path, 300)

    def refuse(reason: str) -> NoReturn:
        raise BadRecord(f"{named}: {reason}") from None

    data = _read(Path(path), refuse)
    with no_collection():
        try:
            record = with_cases(parsed(decoded(data)))
        except BadJson as bad:
            refuse(str(bad))
        except MemoryError:
            raise _too_large(named, data) from None
        _check_identity(record, refuse)
        if problem := first_problem(record):
            refuse(problem)
    return record


def read_json(path: str | os.PathLike[str]) -> Any:
    """What the JSON in the file says, which may be another program's: unchecked, and read as far as it can be. Raises
    BadRecord."""
    named = shown(path, 300)

    def refuse(reason: str) -> NoReturn:
        raise BadRecord(f"{named}: {reason}") from None

    data = _read(Path(path), refuse)
    try:
        return tolerated(data)
    except BadJson as bad:
        refuse(str(bad))
    except MemoryError:
        raise _too_large(named, data) from None


def _read(path: Path, refuse: Callable[[str], NoReturn]) -> bytes:
    try:
        with regular_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                refuse(f"{size / 1e6:.0f} MB; a record has at most {MAX_BYTES >> 20} MiB")
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"{shown(path, 300)}: cannot be read: {error.strerror}") from None
    except ValueError:
        refuse("cannot be read: no such file name is possible")
    except MemoryError:
        raise Unreadable(f"{shown(path, 300)}: {size / 1e6:.0f} MB: too large for the memory that is left") from None


def _too_large(named: str, data: bytes) -> Unreadable:
    return Unreadable(f"{named}: {len(data) / 1e6:.0f} MB: too large for the memory that is left")


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


# ---- facts -------------------------------------------------------------------------------------------------


def usable_cpus(record: Record) -> int:
    """CPUs that the run could use; the machine's where the record does not say."""
    said = str(record["context"]["machine"]["identity"].get("usable_cpus", ""))
    return int(said) if said.isdigit() and 0 < int(said) < 1_000_000 else int(record["context"]["num_cpus"])


@dataclass(frozen=True)
class Rules:
    """What a record's comparisons were judged by."""

    margin: float  # differences below this share are as good as none
    confidence: float  # of the intervals

    @property
    def margin_text(self) -> str:
        """± 3 %"""
        return f"± {100 * self.margin:g} %"

    @property
    def confidence_text(self) -> str:
        """95 %"""
        return f"{100 * self.confidence:g} %"


def rules(record: Record) -> Rules:
    said = record["context"].get("rules")  # not in versions 1 and 2, which knew one rule only
    return Rules(float(said["margin"]), float(said["confidence"])) if said else Rules(0.03, 0.95)


def capacity(record: Record) -> dict[int, float]:
    """The measured capacity by workers: the mean of before and after where both were measured."""
    seen: dict[int, list[float]] = {}
    for when in ("before", "after"):
        for point in record["context"]["capacity"][when] or []:
            seen.setdefault(point["workers"], []).append(float(point["capacity"]))
    return {workers: sum(values) / len(values) for workers, values in sorted(seen.items())}
