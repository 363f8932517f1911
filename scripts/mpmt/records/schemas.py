"""Whether a parsed record follows the schema of its version (results/schema.json, older ones beside it), and how to show
what it says.

Good records are recognised by predicates made from the schema (mpmt/records/quick_check.py). Only where these are in doubt is
jsonschema asked, which has the last word and the good message; a test holds the two to the same answers. """

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpmt.base.shown import shown
from mpmt.records import histograms
from mpmt.records.quick_check import compiled, quick_check

if TYPE_CHECKING:
    import jsonschema

Record = dict[str, Any]

SCHEMA_VERSION = 3
CASE_HISTOGRAM = "latency_histogram"  # of a case's rounds together; no entry's
RESULTS = Path(__file__).resolve().parents[3] / "results"
SCHEMA_PATHS = {1: RESULTS / "schema-2.json", 2: RESULTS / "schema-2.json", 3: RESULTS / "schema.json"}


# ---- what is said once --------------------------------------------------------------------------------------


def with_cases(record: Any) -> Any:
    """A parsed record in which each entry also has what `cases` says once of its case; what an entry says itself goes
    first. Of what is no such record nothing is changed."""
    cases, entries = (record.get(key) if isinstance(record, dict) else None for key in ("cases", "benchmarks"))
    if not isinstance(cases, dict) or not isinstance(entries, list):
        return record
    shared = {name: {key: value for key, value in once.items() if key != CASE_HISTOGRAM}
              for name, once in cases.items() if isinstance(once, dict)}
    return {**record, "benchmarks": [_whole(entry, shared) for entry in entries]}


def _whole(entry: Any, shared: Mapping[str, Any]) -> Any:
    name = entry.get("run_name") if isinstance(entry, dict) else None
    return {**shared[name], **entry} if isinstance(name, str) and name in shared else entry


# ---- text --------------------------------------------------------------------------------------------------


def _shorten(message: str, limit: int = 200) -> str:
    message = shown(message)
    return message if len(message) <= limit else f"{message[: limit // 2]} … {message[-limit // 2 :]}"


# ---- the schema --------------------------------------------------------------------------------------------


def schema(version: int = SCHEMA_VERSION) -> dict[str, Any]:
    """That of records of this version."""
    return json.loads(SCHEMA_PATHS[version].read_text("utf-8"))


def version_of(record: Any) -> int:
    """By which schema a value is to be checked: the newest, where it names no known version."""
    context = record.get("context") if isinstance(record, dict) else None
    version = context.get("schema_version") if isinstance(context, dict) else None
    return SCHEMA_VERSION if not isinstance(version, int) or version not in SCHEMA_PATHS else version


@functools.cache
def validator(version: int = SCHEMA_VERSION) -> jsonschema.Draft202012Validator:
    """A validator of whole records of this version."""
    document = schema(version)
    return strict_validator(_inlined(document, document["$defs"]))


def strict_validator(document: dict[str, Any]) -> jsonschema.Draft202012Validator:
    """jsonschema's, but with patterns as the standard has them, see `compiled`."""
    import jsonschema  # a tenth of a second, for bad files only

    def check_pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
        if isinstance(value, str) and not compiled(pattern).search(value):
            yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")

    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": check_pattern})(document)


def surely_follows(record: Any) -> bool:
    """Whether a value is a good record beyond doubt; when it says no, ask `first_problem`."""
    return _quick_check(version_of(record))(record)


@functools.cache
def _quick_check(version: int) -> Callable[[Any], bool]:
    document = schema(version)
    return quick_check(_inlined(document, document["$defs"]))


def _inlined(node: Any, definitions: Mapping[str, Any]) -> Any:
    """The schema with every "$ref": "#/$defs/x" replaced by x: validation is several times faster without
    look-ups."""
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    own = {key: _inlined(value, definitions) for key, value in node.items()
           if key not in ("$ref", "$defs", "$id")}
    if "$ref" not in node:
        return own
    return {**_inlined(definitions[node["$ref"].removeprefix("#/$defs/")], definitions), **own}


def first_problem(record: Record) -> str | None:
    """What is wrong with a record, as "field: what", or None.

    Long plain arrays (histograms, blocks, laps) are checked here, since jsonschema takes some 10 µs a number; a
    test holds the two to the same answers. """
    if surely_follows(record):
        return None
    problem = _array_problem(record)
    if problem:
        return problem
    checker = validator(version_of(record))
    from jsonschema.exceptions import best_match
    error = best_match(islice(checker.iter_errors(_without_arrays(record)), 50))
    if error is None:
        return None
    return f"{_field(error.absolute_path)}: {_shorten(error.message)}"


def _field(path: Iterable[str | int]) -> str:
    """benchmarks[3].wall_ns[0]"""
    named = ""
    for part in path:
        if isinstance(part, int):
            named += f"[{part}]"
        elif re.fullmatch(r"\w+", part, re.ASCII):
            named += f".{part}"
        else:
            named += f"[{json.dumps(shown(part, 60), ensure_ascii=False)}]"
    return named.lstrip(".") or "the record"


def _entries(record: Record) -> list[tuple[int, dict[str, Any]]]:
    entries = record.get("benchmarks")
    return [(i, e) for i, e in enumerate(entries) if isinstance(e, dict)] if isinstance(entries, list) else []


def _is_integer(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value < high


_DURATIONS = {"wall_ns": False, "laps_ns": True}  # long arrays of them, and whether 0 is none


def _array_problem(record: Record) -> str | None:
    for index, entry in _entries(record):
        for key, positive in _DURATIONS.items():
            for at, ns in enumerate(_list_of(entry.get(key))):
                if isinstance(ns, bool) or not isinstance(ns, (int, float)) or ns < 0 or (positive and ns == 0):
                    return f"benchmarks[{index}].{key}[{at}]: {_shorten(repr(ns), 60)} is not a duration"
        latency = entry.get("latency_ns")
        problem = _histogram_problem(("benchmarks", index, "latency_ns", "histogram"),
                                     latency.get("histogram") if isinstance(latency, dict) else None)
        if problem:
            return problem
    return next(filter(None, (_histogram_problem(("cases", name, CASE_HISTOGRAM), once.get(CASE_HISTOGRAM))
                              for name, once in _cases(record))), None)


def _histogram_problem(place: tuple[str | int, ...], histogram: Any) -> str | None:
    for at, pair in enumerate(_list_of(histogram)):
        good = (isinstance(pair, list) and len(pair) == 2
                and _is_integer(pair[0], 0, 1 << histograms.MAX_BITS)
                and _is_integer(pair[1], 1, 1 << 64))
        if not good:
            return f"{_field((*place, at))}: {_shorten(repr(pair), 60)} is not [lowest value, count]"
    return None


def _cases(record: Record) -> list[tuple[str, dict[str, Any]]]:
    cases = record.get("cases")
    return [(name, once) for name, once in cases.items() if isinstance(once, dict)] if isinstance(cases, dict) else []


def _list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _without_arrays(record: Record) -> Record:
    """A shallow copy whose long arrays hold at most one value."""
    if not isinstance(record.get("benchmarks"), list):
        return record
    entries = []
    for entry in record["benchmarks"]:
        if isinstance(entry, dict):
            entry = dict(entry)
            for key in _DURATIONS:
                if isinstance(entry.get(key), list):
                    entry[key] = entry[key][:1]
            latency = entry.get("latency_ns")
            if isinstance(latency, dict) and isinstance(latency.get("histogram"), list):
                entry["latency_ns"] = {**latency, "histogram": latency["histogram"][:1]}
        entries.append(entry)
    short = {**record, "benchmarks": entries}
    if isinstance(record.get("cases"), dict):
        short["cases"] = {**record["cases"], **{name: {**once, CASE_HISTOGRAM: once[CASE_HISTOGRAM][:1]}
                                                for name, once in _cases(record)
                                                if isinstance(once.get(CASE_HISTOGRAM), list)}}
    return short
