"""What a record's schema means, by a library that is not the scripts' own: jsonschema, which is exact, and slow."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

from mpmt.records.schemas import SCHEMA_VERSION, schema

# JSON Schema's regular expressions are JavaScript's, whose final $ matches at the end only.
_END = re.compile(r"((?<!\\)(?:\\\\)*)\$$")


@functools.cache
def validator(version: int = SCHEMA_VERSION) -> jsonschema.Draft7Validator:
    """Of whole records of this version."""
    return validator_of(schema(version))


def validator_of(document: dict[str, Any]) -> jsonschema.Draft7Validator:
    def check_pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
        if isinstance(value, str) and not re.search(_END.sub(r"\1\\Z", pattern), value):
            yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")
    jsonschema.Draft7Validator.check_schema(document)
    return jsonschema.validators.extend(jsonschema.Draft7Validator, {"pattern": check_pattern})(
        _inlined(document, document.get("$defs", {})))


def _inlined(node: Any, definitions: Mapping[str, Any]) -> Any:
    """Without references: looking them up takes most of the time."""
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rpartition("/")[2]], definitions)
    return {key: _inlined(value, definitions) for key, value in node.items() if key not in ("$defs", "$id")}
