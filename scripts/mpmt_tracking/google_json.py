"""Files of other Google Benchmark programs (--benchmark_out_format=json): the real time of each repetition.

Format: https://github.com/google/benchmark/blob/main/docs/user_guide.md. Everything in them is untrusted."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from mpmt_records import BadRecord, plain

from .stored_files import MEASURABLE_NS

UNITS_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def is_foreign(parsed: Any) -> bool:
    """Whether this is what a Google Benchmark program wrote, and no mpmt record."""
    context = parsed.get("context") if isinstance(parsed, dict) else None
    return isinstance(context, dict) and "suite" not in context and isinstance(parsed.get("benchmarks"), list)


def times(parsed: dict[str, Any], shown: str) -> tuple[dict[str, list[float]], list[str]]:
    """(real times in ns by run_name, what was left out). Raises BadRecord, naming the file as `shown`, and the field
    at fault."""
    found: dict[str, list[float]] = {}
    failed = 0
    for index, entry in enumerate(parsed["benchmarks"]):
        where = f"{shown}: benchmarks[{index}]"
        if not isinstance(entry, dict):
            raise BadRecord(f"{where}: not an object")
        if entry.get("run_type", "iteration") != "iteration":
            continue
        if entry.get("error_occurred") or entry.get("skipped"):
            failed += 1
            continue
        name = entry.get("run_name", entry.get("name"))
        if not isinstance(name, str) or not name:
            raise BadRecord(f"{where}.run_name: not a name")
        found.setdefault(name, []).append(_real_time(entry, where))
    if not found and not failed:
        raise BadRecord(f"{shown}: benchmarks: there is none")
    return found, [f"left out: {failed} runs with an error"] if failed else []


def _real_time(entry: dict[str, Any], where: str) -> float:
    def refuse(field: str, what: str) -> NoReturn:
        raise BadRecord(f"{where}.{field}: {what}")
    unit, value = entry.get("time_unit", "ns"), entry.get("real_time")
    if not isinstance(unit, str) or unit not in UNITS_NS:
        refuse("time_unit", f"{plain(json.dumps(unit), 40)}, but it is one of {', '.join(UNITS_NS)}")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        refuse("real_time", f"{plain(json.dumps(value), 40)} is not a number")
    if not MEASURABLE_NS[0] <= value * UNITS_NS[unit] <= MEASURABLE_NS[1]:
        refuse("real_time", f"{plain(value, 40)} is not a time that can be measured")
    return float(value * UNITS_NS[unit])
