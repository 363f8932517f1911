"""A fast yes to a JSON Schema: predicates made from the schema once, some fifty times faster than jsonschema.

It answers "surely follows the schema" or "in doubt", never "no": what is in doubt is for a real validator to judge. It
is narrower than the schema where that is cheaper: 1.0 is no integer here, and numbers are finite and below 2^64. """

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Union

# What a value of a type must pass: nothing (True), or a predicate. A type that is not in the table is not allowed.
Test = Union[bool, Callable[[Any], bool]]
Table = dict[type, Test]
Node = Mapping[str, Any]

_TYPES = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "null": (type(None),),
          "array": (list,), "object": (dict,)}
_HANDLED = {"type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength",
            "maxLength", "pattern", "minItems", "maxItems", "prefixItems", "items", "required", "properties",
            "additionalProperties", "if", "then", "else"}
_ALONE = {"enum", "const"}  # beside these, only a type is looked at
_SILENT = {"description", "title", "$schema", "$id", "$defs"}
_HUGE = 2.0**64


def _finite(value: float) -> bool:
    return -_HUGE <= value <= _HUGE


_ANYTHING: Table = {str: True, int: _finite, float: _finite, bool: True, type(None): True, list: True, dict: True}


def quick_check(schema: Node) -> Callable[[Any], bool]:
    """A predicate that is true only of values that follow the schema, which must hold no "$ref".

    Raises ValueError for a keyword that it does not know, lest one be ignored. """
    table = _table(schema)
    return lambda value: _passes(table, value)


def _passes(table: Table, value: Any) -> bool:
    test = table.get(type(value), False)
    return test is True or (test is not False and test(value))


def _table(node: Node | bool) -> Table:
    if isinstance(node, bool):
        return dict(_ANYTHING) if node else {}
    unknown = node.keys() - _HANDLED - _SILENT
    if unknown:
        raise ValueError(f"the quick check does not know the schema's keyword {min(unknown)!r}")
    beside = node.keys() - _ALONE - _SILENT - {"type"}
    if node.keys() & _ALONE and (beside or node.keys() >= _ALONE):
        raise ValueError(f"the quick check does not know {min(beside or _ALONE)!r} beside enum or const")
    names = node.get("type", list(_TYPES))
    kinds = {kind for name in ([names] if isinstance(names, str) else names) for kind in _TYPES[name]}
    special = {int: _number, float: _number, str: _string, list: _array, dict: _object}
    tests: dict[type, list[Callable[[Any], bool]]] = {kind: special.get(kind, lambda _: [])(node) for kind in kinds}
    if "if" in node:
        branch = _branch(node)
        tests = {kind: [*found, branch] for kind, found in tests.items()}
    table: Table = {kind: _all(found) for kind, found in tests.items()}
    if "enum" in node or "const" in node:
        allowed = node["enum"] if "enum" in node else [node["const"]]
        table = {kind: frozenset(v for v in allowed if type(v) is kind).__contains__ for kind in table
                 if kind not in (list, dict)}
    return table


def _all(tests: list[Callable[[Any], bool]]) -> Test:
    if len(tests) < 2:
        return tests[0] if tests else True
    return lambda value: all(test(value) for test in tests)


def _branch(node: Node) -> Callable[[Any], bool]:
    then, otherwise = (_table(node.get(key, True)) for key in ("then", "else"))
    known = _known_answer(node["if"])
    if known is None:
        # "In doubt" about the condition would choose a branch: only what is known exactly may be a condition.
        raise ValueError("the quick check knows conditions on a required property's constant only")
    key, constant = known
    return lambda value: _passes(then if type(value) is not dict or value.get(key) == constant else otherwise, value)


def _known_answer(condition: Node) -> tuple[str, str] | None:
    properties = condition.get("properties", {})
    if condition.keys() != {"required", "properties"} or [*properties] != condition["required"] or len(properties) > 1:
        return None
    (key, rule), = properties.items()
    return (key, rule["const"]) if rule.keys() == {"const"} and isinstance(rule["const"], str) else None


def _number(node: Node) -> list[Callable[[Any], bool]]:
    low, high = node.get("minimum", -_HUGE), node.get("maximum", _HUGE)
    above, below = node.get("exclusiveMinimum", -2 * _HUGE), node.get("exclusiveMaximum", 2 * _HUGE)
    if above == -2 * _HUGE and below == 2 * _HUGE:
        return [lambda value: low <= value <= high]
    return [lambda value: low <= value <= high and above < value < below]


def _string(node: Node) -> list[Callable[[Any], bool]]:
    tests: list[Callable[[Any], bool]] = []
    low, high = node.get("minLength", 0), node.get("maxLength", 1 << 62)
    if "minLength" in node or "maxLength" in node:
        tests.append(lambda value: low <= len(value) <= high)
    if "pattern" in node:
        search = compiled(node["pattern"]).search
        tests.append(lambda value: search(value) is not None)
    return tests


def compiled(pattern: str) -> re.Pattern[str]:
    """A schema's pattern. JSON Schema's regular expressions are JavaScript's, whose final $ matches at the end only;
    Python's also matches before a last line feed."""
    return re.compile(re.sub(r"((?<!\\)(?:\\\\)*)\$$", r"\1\\Z", pattern))


def _array(node: Node) -> list[Callable[[Any], bool]]:
    columns = _columns(node.get("items"))
    if columns is not None and not node.keys() & {"prefixItems", "minItems", "maxItems"}:
        return [lambda value: _is_table(value, columns)]
    low, high = node.get("minItems", 0), node.get("maxItems", 1 << 62)
    first = [_table(item) for item in node.get("prefixItems", [])]
    rest = _table(node.get("items", True)) if "items" in node else None

    def test(value: list[Any]) -> bool:
        if not low <= len(value) <= high or not all(map(_passes, first, value)):
            return False
        if rest is None:
            return True
        for item in value[len(first):] if first else value:
            found = rest.get(type(item), False)
            if found is not True and (found is False or not found(item)):
                return False
        return True
    return [test] if node.keys() & {"minItems", "maxItems", "prefixItems", "items"} else []


def _columns(items: Any) -> list[tuple[float, float]] | None:
    """The bounds of each column if `items` are rows of a fixed number of bounded integers (a histogram is most of what a
    record holds), else None."""
    rows = items if isinstance(items, dict) else {}
    if rows.keys() - _SILENT != {"type", "minItems", "maxItems", "prefixItems"} or rows["type"] != "array":
        return None
    columns = []
    for rule in rows["prefixItems"]:
        if rule.get("type") != "integer" or rule.keys() - _SILENT - {"type", "minimum", "maximum", "exclusiveMaximum"}:
            return None
        high = min(rule.get("maximum", _HUGE), rule.get("exclusiveMaximum", _HUGE) - 1)
        columns.append((rule.get("minimum", -_HUGE), high))
    return columns if len(columns) == rows["minItems"] == rows["maxItems"] else None


def _is_table(value: list[Any], columns: list[tuple[float, float]]) -> bool:
    """Column by column, so that the loops are the interpreter's own."""
    if not value:
        return True
    if {*map(type, value)} != {list} or {*map(len, value)} != {len(columns)}:
        return False
    return all({*map(type, column)} == {int} and low <= min(column) and max(column) <= high
               for column, (low, high) in zip(zip(*value), columns))


def _object(node: Node) -> list[Callable[[Any], bool]]:
    required = frozenset(node.get("required", ()))
    known = {key: _table(rule) for key, rule in node.get("properties", {}).items()}
    others = _table(node.get("additionalProperties", True))

    def test(value: dict[str, Any]) -> bool:
        if not required <= value.keys():
            return False
        for key, item in value.items():
            found = known.get(key, others).get(type(item), False)
            if found is not True and (found is False or not found(item)):
                return False
        return True
    return [test] if node.keys() & {"required", "properties", "additionalProperties"} else []
