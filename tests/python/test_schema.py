"""The quick check says yes only to what jsonschema accepts, and yes to every good record."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from mpmt.records import record_file
from conftest import ROOT
from mpmt.records.families import case_status
from mpmt.records.quick_check import quick_check
from mpmt.records.schemas import strict_validator, surely_follows, validator, version_of, with_cases

Json = dict[str, Any]
ODD = [None, True, False, 0, 1, -1, 1.0, 1.5, -0.5, 2**64, 2**70, 1e300, "", "x", "ok", "a" * 2000, "0x" + "0" * 16,
       "2024-05-01T12:00:00Z", "2024-05-01T12:00:00Z\n", [], {}, [1], [[1, 2]], [[1, 2, 3]], [[1, 0]], {"a": 1}, {"a": []}]


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        found += places(value, (*path, key))
    return found


def mutated(record: Json, random_: random.Random, where: list[tuple[Any, ...]]) -> Json:
    made = copy.deepcopy(record)
    *outer, last = random_.choice(where)
    holder: Any = made
    for key in outer:
        holder = holder[key]
    choice = random_.random()
    if choice < 0.15:
        del holder[last]
    elif choice < 0.25 and isinstance(holder, dict):
        holder["surprise"] = random_.choice(ODD)
    else:
        holder[last] = random_.choice(ODD)
    return made


def test_good_records_are_recognised(golden_once: Json, channels_once: Json) -> None:
    assert surely_follows(golden_once) and surely_follows(channels_once)
    for path in (*ROOT.glob("results/*/*.json"), *ROOT.glob("tests/data/golden_record*.json")):
        assert surely_follows(with_cases(json.loads(path.read_text("utf-8")))), path


def of_each_kind(record: Json) -> Json:
    """An ok trial of each pattern, an ok and an unstable aggregate, and a comparison, with short histograms."""
    found: dict[tuple[str, ...], Json] = {}
    for entry in record["benchmarks"]:
        if entry["run_type"] == "aggregate" or entry["status"] == "ok":
            pattern = entry.get("pattern", "") if entry["run_type"] == "iteration" else case_status(entry)
            found.setdefault((entry["run_type"], pattern), entry)
    for entry in found.values():
        if entry.get("latency_ns"):
            entry["latency_ns"]["histogram"] = entry["latency_ns"]["histogram"][:2]
    return {**record, "benchmarks": [*found.values()], "comparisons": record["comparisons"][:1]}


@pytest.mark.parametrize("family", ["small", "channels"])
def test_yes_is_never_said_to_what_the_schema_refuses(family: str, request: pytest.FixtureRequest) -> None:
    small = of_each_kind(request.getfixturevalue(family))
    where, random_, check, slow = places(small), random.Random(1), surely_follows, validator()
    doubted = agreed = 0
    for _ in range(1500):
        made = mutated(small, random_, where)
        version = version_of(made)
        quick = check(made)
        good = next((slow if version == 3 else validator(version)).iter_errors(made), None) is None
        assert good or not quick, made
        agreed += quick == good
        doubted += good and not quick
    assert agreed > 1400  # 1.0 for an integer, numbers beyond 2^64: in doubt, and left to jsonschema


@pytest.mark.parametrize(("schema", "good", "bad"), [
    ({"type": "integer"}, [0, -5], [True, 1.0, "1", None]),
    ({"type": ["number", "null"], "minimum": 0}, [0, 0.5, None], [-1, float("nan"), float("inf"), 2**65]),
    ({"type": "number", "exclusiveMinimum": 0}, [0.1], [0, -1]),
    ({"type": "string", "minLength": 1, "pattern": "^a"}, ["a", "ab"], ["", "ba"]),
    ({"enum": ["x", None]}, ["x", None], ["y", 0, False]), ({"const": 1}, [1], [True, 1.0, 2]),
    ({"type": "array", "items": {"type": "string"}, "maxItems": 2}, [[], ["a"]], [["a", 1], ["a"] * 3]),
    ({"required": ["a"], "additionalProperties": False, "properties": {"a": {}}}, [{"a": [1]}, 5], [{}, {"a": 1, "b": 1}]),
    ({"items": {"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [
        {"type": "integer", "minimum": 0, "exclusiveMaximum": 5}, {"type": "integer", "minimum": 1, "maximum": 9}]}},
     [[], [[0, 1]], [[4, 9], [1, 1]], "x"],
     [[1], [[]], [[1]], [[1, 1, 1]], [[5, 1]], [[-1, 1]], [[1, 0]], [[1, 10]], [[1, 1], [True, 1]], [[1, 1], [1, 1.0]],
      [[1, 1], [1, "1"]], [[1, 1], {}], [[1, 1], {"a": 1, "b": 2}]]),
    (True, [None, {}, "x"], []), (False, [], [None, {}, "x"]),
])
def test_keywords(schema: Any, good: list[Any], bad: list[Any]) -> None:
    check = quick_check(schema)
    assert all(map(check, good)) and not any(map(check, bad))


def test_a_pattern_ends_where_the_text_does() -> None:
    """Python's $ also matches before a last line feed, that of JSON Schema does not."""
    for pattern, good, bad in (("^[0-9a-f]{4}$", "12ab", "12ab\n"), (r"a\$", "a$\n", "a\n"), ("b", "b\n", "a\n"),
                               (r"\\$", "\\", "\\\n")):
        schema = {"type": "string", "pattern": pattern}
        assert quick_check(schema)(good) and strict_validator(schema).is_valid(good)
        assert not quick_check(schema)(bad) and not strict_validator(schema).is_valid(bad)


def test_a_commit_id_with_a_line_feed_is_refused(small: Json, tmp_path: Any) -> None:
    small["context"]["commit"]["id"] += "\n"
    (tmp_path / "record.json").write_text(json.dumps(small))
    with pytest.raises(record_file.BadRecord, match="context.commit.id: .*does not match"):
        record_file.load(tmp_path / "record.json")


@pytest.mark.parametrize("schema", [{"oneOf": []}, {"enum": ["a"], "minLength": 2}, {"const": 1, "if": {}},
                                    {"enum": ["a"], "const": "b"}, {"properties": {"a": {"$ref": "#/x"}}},
                                    {"if": {"minimum": 3}, "then": {"type": "integer"}}])
def test_what_it_does_not_know_it_does_not_ignore(schema: Json) -> None:
    with pytest.raises(ValueError, match="quick check"):
        quick_check(schema)
