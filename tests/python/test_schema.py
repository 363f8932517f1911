"""The check of records says no to what jsonschema refuses, yes to all else, and each no in one line that names the field."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from typing import Any

import pytest

import oracle
from conftest import ROOT
from mpmt.records import record_file
from mpmt.records.families import case_status
from mpmt.records.schemas import SCHEMA_PATHS, checker, first_problem, with_cases

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


def version_of(record: Json) -> int:
    """By which schema it is to be judged: the newest, where it names no known version."""
    context = record.get("context")
    version = context.get("schema_version") if isinstance(context, dict) else None
    return version if type(version) is int and version in SCHEMA_PATHS else 3


def expect_agreement(record: Json, random_: random.Random, times: int) -> None:
    where = places(record)
    for _ in range(times):
        made = mutated(record, random_, where)
        problem, good = first_problem(made), oracle.validator(version_of(made)).is_valid(made)
        assert (problem is None) == good, (problem, made)
        assert problem is None or (problem.isprintable() and len(problem) < 500)


def test_good_records_are_recognised(golden_once: Json, channels_once: Json) -> None:
    assert first_problem(golden_once) is first_problem(channels_once) is None
    for path in (*ROOT.glob("results/*/*.json"), *ROOT.glob("tests/data/golden_record*.json")):
        assert first_problem(with_cases(json.loads(path.read_text("utf-8")))) is None, path


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
def test_it_says_what_the_schema_says(family: str, request: pytest.FixtureRequest) -> None:
    expect_agreement(of_each_kind(request.getfixturevalue(family)), random.Random(1), 800)


def test_older_schemas_are_meant_as_they_stand(older_once: Json) -> None:
    expect_agreement(of_each_kind(copy.deepcopy(older_once)), random.Random(2), 300)


ROWS = {"items": {"type": "array", "minItems": 2, "maxItems": 2, "items": [
    {"type": "integer", "minimum": 0, "exclusiveMaximum": 5}, {"type": "integer", "minimum": 1, "maximum": 9}]}}
BY_KIND = {"properties": {"kind": {"enum": ["a", "b"]}, "value": {"$ref": "#/$defs/natural"}}, "required": ["kind"],
           "if": {"required": ["kind"], "properties": {"kind": {"const": "a"}}},
           "then": {"required": ["value"]}, "else": {"properties": {"value": False}},
           "$defs": {"natural": {"type": "integer", "minimum": 0}}}


@pytest.mark.parametrize(("schema", "good", "bad"), [
    ({"type": "integer"}, [0, -5, 1.0], [True, 1.5, "1", None]),
    ({"type": ["number", "null"], "minimum": 0}, [0, 0.5, None], [-1, True]),
    ({"type": "number", "exclusiveMinimum": 0}, [0.1], [0, -1]),
    ({"type": "string", "minLength": 1, "pattern": "^a"}, ["a", "ab"], ["", "ba"]),
    ({"enum": ["x", None]}, ["x", None], ["y", 0, False]), ({"const": "x"}, ["x"], ["y", None, 0]),
    ({"type": "array", "items": {"type": "string"}, "maxItems": 2}, [[], ["a"]], [["a", 1], ["a"] * 3]),
    ({"required": ["a"], "additionalProperties": False, "properties": {"a": {}}}, [{"a": [1]}, 5], [{}, {"a": 1, "b": 1}]),
    (ROWS, [[], [[0, 1]], [[4, 9], [1, 1]], "x"],
     [[1], [[]], [[1]], [[1, 1, 1]], [[5, 1]], [[-1, 1]], [[1, 0]], [[1, 10]], [[1, 1], [True, 1]], [[1, 1], [1, "1"]],
      [[1, 1], {}]]),
    (BY_KIND, [{"kind": "a", "value": 0}, {"kind": "b"}, "x"],
     [{}, {"kind": "a"}, {"kind": "a", "value": -1}, {"kind": "b", "value": 1}]),
])
def test_keywords_mean_what_the_standard_says(schema: Json, good: list[Any], bad: list[Any]) -> None:
    problem, exact = checker(schema, "it"), oracle.validator_of(schema)
    assert all(problem(value) is None and exact.is_valid(value) for value in good)
    assert all(problem(value) is not None and not exact.is_valid(value) for value in bad)


@pytest.mark.parametrize(("value", "told"), [
    ({}, "it: lacks kind, which is required"), ({"kind": "c"}, "kind: must be one of ['a', 'b'], and is 'c'"),
    ({"kind": "a", "value": -1}, "value: must be bigger than or equal to 0, and is -1"),
    ({"kind": "b", "value": 1}, "value: must not be there, and is 1"),
])
def test_the_field_at_fault_is_named(value: Json, told: str) -> None:
    assert checker(BY_KIND, "it")(value) == told


def test_no_keyword_of_the_schemas_is_ignored() -> None:
    """fastjsonschema, as the standard demands, ignores keywords that it does not know, and all that stands beside a $ref."""
    known = {"$schema", "$id", "$defs", "title", "description", "type", "enum", "const", "minimum", "maximum",
             "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "pattern", "minItems", "maxItems", "items",
             "required", "properties", "additionalProperties", "if", "then", "else"}

    def check(node: Any) -> None:
        if isinstance(node, dict):
            assert node.keys() <= ({"$ref", "description"} if "$ref" in node else known), node
            for key, value in node.items():
                for inner in value.values() if key in ("properties", "$defs") else [value]:
                    check(inner)
        elif isinstance(node, list):
            for item in node:
                check(item)
    for path in {*SCHEMA_PATHS.values(), ROOT / "results" / "ack.schema.json"}:
        check(json.loads(path.read_text("utf-8")))


def test_a_pattern_ends_where_the_text_does() -> None:
    """Python's $ also matches before a last line feed, that of JSON Schema does not."""
    for pattern, good, bad in (("^[0-9a-f]{4}$", "12ab", "12ab\n"), (r"a\$", "a$\n", "a\n"), ("b", "b\n", "a\n")):
        schema = {"type": "string", "pattern": pattern}
        assert checker(schema, "it")(good) is None and oracle.validator_of(schema).is_valid(good)
        assert checker(schema, "it")(bad) and not oracle.validator_of(schema).is_valid(bad)


def test_a_commit_id_with_a_line_feed_is_refused(small: Json, tmp_path: Any) -> None:
    small["context"]["commit"]["id"] += "\n"
    (tmp_path / "record.json").write_text(json.dumps(small))
    with pytest.raises(record_file.BadRecord, match="context.commit.id: must match pattern"):
        record_file.load(tmp_path / "record.json")


@pytest.mark.parametrize("key", ["{data}", "a.b", "\x1b[31m", "x" * 100_000, "%s{0}", "\"'\\"])
def test_hostile_keys_are_named_in_a_short_line(small: Json, key: str) -> None:
    small["cases"] = {key: {"latency_histogram": [[-1, 1]]}}
    assert "latency_histogram[0][0]: must be bigger than or equal to 0, and is -1" in (first_problem(small) or "")
    small["cases"], small["context"]["machine"]["epoch"] = {}, {key: [1]}
    problem = first_problem(small) or ""
    assert problem.startswith("context.machine.epoch.") and problem.isprintable() and len(problem) < 500
    small["context"]["machine"][key] = small["context"]["machine"].pop("state")
    assert "context.machine" in (first_problem(small) or "")


def test_the_scripts_do_without_the_slow_library() -> None:
    code = ("import sys; sys.path.insert(0, sys.argv[1]); sys.modules['jsonschema'] = None\n"
            "from mpmt.records import record_file; from mpmt.commands import ack\n"
            "print(record_file.first_problem({}), ack._first_problem({}), sep='\\n')")
    done = subprocess.run([sys.executable, "-c", code, str(ROOT / "scripts")], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["the record: lacks context, which is required",
                                        "the document: lacks version, which is required"], done.stderr
