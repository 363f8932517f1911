"""Whether a parsed record follows the schema of its version (results/schema.json, older ones beside it), and what is wrong
where it does not: by fastjsonschema, which makes a function of a schema. JSON Schema draft-07."""

from __future__ import annotations

import functools
import json
import reprlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import fastjsonschema

from mpmt.base.places import ROOT
from mpmt.base.shown import shown

Record = dict[str, Any]
Node = dict[str, Any]

SCHEMA_VERSION = 3
CASE_HISTOGRAM = "latency_histogram"  # of a case's rounds together; no entry's
RESULTS = ROOT / "results"
SCHEMA_PATHS = {1: RESULTS / "schema-2.json", 2: RESULTS / "schema-2.json", 3: RESULTS / "schema.json"}
_SILENT = ("description", "title", "$schema", "$id", "$defs")
_LONGEST = 200  # of what is said of a field


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


# ---- the check of records ----------------------------------------------------------------------------------


def schema(version: int = SCHEMA_VERSION) -> Node:
    """That of records of this version."""
    return json.loads(SCHEMA_PATHS[version].read_text("utf-8"))


def first_problem(record: Any) -> str | None:
    """What is wrong with a record, as "field: what" in one line, or None. Its version is the newest, where it names no known
    one."""
    context = record.get("context") if isinstance(record, dict) else None
    version = context.get("schema_version") if isinstance(context, dict) else None
    path = SCHEMA_PATHS[version if isinstance(version, int) and version in SCHEMA_PATHS else SCHEMA_VERSION]
    return _checker_of(path)(record)


@functools.cache
def _checker_of(path: Path) -> Callable[[Any], str | None]:
    return checker(json.loads(path.read_text("utf-8")), "the record")


# ---- any schema --------------------------------------------------------------------------------------------


def checker(document: Node, whole: str) -> Callable[[Any], str | None]:
    """What a value does wrong by this schema, as "field: what" in one line, or None; the value itself is called `whole`.
    Beside "$ref" stands nothing but descriptions, in draft-07 all else would be ignored."""
    check = fastjsonschema.compile(_prepared(document), use_default=False)

    def problem(value: Any) -> str | None:
        try:
            check(value)
        except fastjsonschema.JsonSchemaValueException as wrong:
            field = wrong.name.removeprefix("data").lstrip(".") or whole
            return f"{_shorten(field)}: {_shorten(_what(wrong))}"
        return None
    return problem


def _what(wrong: fastjsonschema.JsonSchemaValueException) -> str:
    if wrong.rule == "required":
        return f"lacks {next(key for key in wrong.rule_definition if key not in wrong.value)}, which is required"
    if wrong.rule == "additionalProperties":
        surprises = wrong.value.keys() - wrong.definition.get("properties", {}).keys()
        return f"must not have {min(surprises)}"
    return f"{wrong.message.removeprefix(wrong.name).strip()}, and is {reprlib.repr(wrong.value)}"


def _shorten(text: str) -> str:
    text = shown(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2:]}"


def _prepared(document: Node) -> Node:
    """A schema that means the same, of which a function several times as fast is made: its calls, each of which writes down
    a path, are few, and conditions, which end in an exception that is given all variables, are in functions of their own."""
    definitions = document.get("$defs", {})
    simple = {name for name, node in definitions.items() if '"$ref"' not in (text := json.dumps(node)) and '"if"' not in text}
    made: Node = {}

    def call(node: Node) -> Node:
        name = f"part-{len(made)}"
        made[name] = node
        return {"$ref": f"#/$defs/{name}"}

    def prepared(node: Any) -> Any:
        if isinstance(node, list):
            return [prepared(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            return prepared(definitions[name]) if name in simple else {"$ref": node["$ref"]}
        parts = {key: {name: prepared(rule) for name, rule in value.items()} if key == "properties" else prepared(value)
                 for key, value in node.items() if key not in _SILENT}
        condition = {key: parts.pop(key) for key in ("if", "then", "else") if key in parts}
        return {"allOf": [call(parts), call(condition)]} if condition and parts else {**parts, **condition}

    top = prepared(document)
    return {**top, "$defs": {**{name: prepared(node) for name, node in definitions.items() if name not in simple}, **made}}
