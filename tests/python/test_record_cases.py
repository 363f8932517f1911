"""What a record says once of a case, in `cases`, as its readers get it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mpmt.records import record_file as records


def test_what_a_case_says_once_holds_for_its_entries(small: dict[str, Any], write: Callable[..., Path]) -> None:
    whole = json.loads(json.dumps(small))
    first = small["benchmarks"][0]
    name, value = first["run_name"], first["tasks"]
    small["cases"] = {name: {"tasks": value, "workload": first["workload"], "latency_histogram": [[64, 2]]}}
    for entry in small["benchmarks"]:
        if entry["run_name"] == name:
            del entry["workload"]
            if entry.get("tasks") == value:
                del entry["tasks"]
    small["benchmarks"][1]["tasks"] = value + 1  # says otherwise
    loaded = records.load(write(small))
    assert [entry["workload"] for entry in loaded["benchmarks"]] == [entry["workload"] for entry in whole["benchmarks"]]
    assert [entry["tasks"] for entry in loaded["benchmarks"][:2]] == [value, value + 1]
    assert "latency_histogram" not in loaded["benchmarks"][0]


@pytest.mark.parametrize(("cases", "reason"), [
    ([], "cases"), ({"x": 1}, "cases"), ({"x": {"latency_histogram": [[64, 0]]}}, "cases.x.latency_histogram[0]"),
    ({"x": {"latency_histogram": 7}}, "cases.x.latency_histogram")])
def test_cases_that_are_none_are_refused(small: dict[str, Any], write: Callable[..., Path], cases: Any, reason: str) -> None:
    small["cases"] = cases
    with pytest.raises(records.BadRecord, match=re.escape(reason)):
        records.load(write(small))
