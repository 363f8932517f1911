"""mpmt's records: read, checked, and laid out as tables (mpmt_tables.py). With mpmt_families.py the only places in
scripts/ that know the record's form.

The format is results/schema.json, explained in docs/record-format.md. What a record says is untrusted: show
names only through `plain`. """

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from mpmt_schema import Record, first_problem, plain, schema, surely_follows, validator
from mpmt_tables import by_round, cases, left_out, trials

__all__ = ["BadRecord", "Record", "Unreadable", "by_round", "capacity", "cases", "first_problem", "left_out", "load",
           "plain", "read_json", "schema", "trials", "usable_cpus", "validator"]

SCHEMA_VERSION = 2
MAX_BYTES = 512 * 1024 * 1024
MAX_INTEGER_DIGITS = 20  # 2^64 - 1 has 20
_LONG_INTEGER = re.compile(f"[0-9]{{{MAX_INTEGER_DIGITS + 1}}}")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # a pair of surrogates is a character, one alone is not


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


# ---- facts -------------------------------------------------------------------------------------------------


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
