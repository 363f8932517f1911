"""Whether a parsed record follows results/schema.json, and how to show what it says.

Good records are recognised by predicates made from the schema (mpmt_quick_check.py). Only where these are in doubt is
jsonschema asked, which has the last word and the good message; a test holds the two to the same answers. """

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mpmt_histogram
from mpmt_quick_check import compiled, quick_check
from mpmt_shown import shown

if TYPE_CHECKING:
    import jsonschema

Record = dict[str, Any]

SCHEMA_PATH = Path(__file__).resolve().parent.parent / "results" / "schema.json"


# ---- text --------------------------------------------------------------------------------------------------


def _shorten(message: str, limit: int = 200) -> str:
    message = shown(message)
    return message if len(message) <= limit else f"{message[: limit // 2]} … {message[-limit // 2 :]}"


# ---- the schema --------------------------------------------------------------------------------------------


def schema() -> dict[str, Any]:
    """results/schema.json."""
    return json.loads(SCHEMA_PATH.read_text("utf-8"))


@functools.cache
def validator() -> jsonschema.Draft202012Validator:
    """A validator of whole records."""
    document = schema()
    return strict_validator(_inlined(document, document["$defs"]))


def strict_validator(document: dict[str, Any]) -> jsonschema.Draft202012Validator:
    """jsonschema's, but with patterns as the standard has them, see `compiled`."""
    import jsonschema  # a tenth of a second, for bad files only

    def check_pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
        if isinstance(value, str) and not compiled(pattern).search(value):
            yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")

    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": check_pattern})(document)


@functools.cache
def surely_follows() -> Callable[[Any], bool]:
    """Whether a value is a good record beyond doubt; when it says no, ask `first_problem`."""
    document = schema()
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

    Long plain arrays (histograms, wall_ns) are checked here, since jsonschema takes some 10 µs a number; a
    test holds the two to the same answers. """
    if surely_follows()(record):
        return None
    problem = _array_problem(record)
    if problem:
        return problem
    checker = validator()
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


def _array_problem(record: Record) -> str | None:
    for index, entry in _entries(record):
        for at, wall in enumerate(_list_of(entry.get("wall_ns"))):
            if isinstance(wall, bool) or not isinstance(wall, (int, float)) or wall < 0:
                return f"benchmarks[{index}].wall_ns[{at}]: {_shorten(repr(wall), 60)} is not a duration"
        latency = entry.get("latency_ns")
        histogram = latency.get("histogram") if isinstance(latency, dict) else None
        for at, pair in enumerate(_list_of(histogram)):
            good = (isinstance(pair, list) and len(pair) == 2
                    and _is_integer(pair[0], 0, 1 << mpmt_histogram.MAX_BITS)
                    and _is_integer(pair[1], 1, 1 << 64))
            if not good:
                return (f"benchmarks[{index}].latency_ns.histogram[{at}]: {_shorten(repr(pair), 60)} is not "
                        "[lowest value, count]")
    return None


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
            if isinstance(entry.get("wall_ns"), list):
                entry["wall_ns"] = entry["wall_ns"][:1]
            latency = entry.get("latency_ns")
            if isinstance(latency, dict) and isinstance(latency.get("histogram"), list):
                entry["latency_ns"] = {**latency, "histogram": latency["histogram"][:1]}
        entries.append(entry)
    return {**record, "benchmarks": entries}
