"""JSON that others have written: read as it stands, or refused with what is wrong with it."""

from __future__ import annotations

import codecs
import json
import re
import sys
from typing import Any, NoReturn

from mpmt_shown import shown

MAX_INTEGER_DIGITS = 20  # 2^64 - 1 has 20
_LONG_INTEGER = re.compile(f"[0-9]{{{MAX_INTEGER_DIGITS + 1}}}")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # a pair of surrogates is a character, one alone is not


class BadJson(ValueError):
    """What is wrong, in one line."""


def decoded(data: bytes) -> str:
    """The text, without a byte-order mark. Raises BadJson."""
    if not data.strip():
        raise BadJson("empty file")
    encoding = json.detect_encoding(data[:4])  # by marks, and by where there are zeros
    if encoding.startswith(("utf-16", "utf-32")) and any(data[:4]):
        raise BadJson(f"{encoding[:6].upper()} text: save it as UTF-8")
    text = data.removeprefix(codecs.BOM_UTF8)
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJson(f"not JSON: byte {error.start + len(data) - len(text)} is not UTF-8") from None


def parsed(text: str, not_numbers: bool = False) -> Any:
    """What the text says. Numbers are finite, and integers of at most 64 bits, or near it; `not_numbers`: NaN and Infinity are
    read all the same. Raises BadJson."""
    constants = {} if not_numbers else {"parse_constant": no_constant}
    try:
        value = json.loads(text, parse_float=_finite, parse_int=_integer, object_hook=itself, **constants)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        return value
    except UnicodeEncodeError:
        raise BadJson("contains text that is not Unicode (half of a surrogate pair)") from None
    except json.JSONDecodeError as error:
        stripped = text.strip()
        if stripped.startswith("{") and (not stripped.endswith("}") or error.pos >= len(text.rstrip())):
            raise BadJson(f"truncated: the JSON ends too early, in line {text.count(chr(10)) + 1}") from None
        raise BadJson(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise BadJson("not JSON that can be read: nested too deeply") from None


def needs_a_closer_look(text: str) -> bool:
    """Whether plain json.loads might take what `parsed` refuses, other than numbers out of range, or take too long: without a
    limit, an integer of thousands of digits is read in a time that grows with the square of their number."""
    limited = getattr(sys, "get_int_max_str_digits", lambda: 0)() > 0
    return bool(_SURROGATE.search(text) or (not limited and _LONG_INTEGER.search(text)))


def no_constant(text: str) -> NoReturn:
    raise BadJson(f"contains {text}, which is not JSON; only finite numbers are")


def itself(value: Any) -> Any:
    """For json.loads, which takes signals only while it calls Python: for each object, with this."""
    return value


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise BadJson(f"contains a number out of range: {shown(text, 40)}")
    return value


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise BadJson(f"contains an integer of {len(text)} digits; 64 bits have at most {MAX_INTEGER_DIGITS}")
    return int(text)
