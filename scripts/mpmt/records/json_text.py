"""JSON that others have written: read as it stands, or refused with what is wrong with it."""

from __future__ import annotations

import codecs
import contextlib
import gc
import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from mpmt.base.shown import shown

MAX_INTEGER_DIGITS = 20  # 2^64 - 1 has 20
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # a pair of surrogates is a character, one alone is not

_NOT_TEXT = re.compile("[\udc80-\udcff]")  # what surrogateescape makes of a byte
_OF_A_STREAM = re.compile(r'"(?:[^"\\]|\\.)*"|-?\b(?:nan|inf|NaN)\b', re.DOTALL)  # strings, and what C++ writes for no number


class BadJson(ValueError):
    """What is wrong, in one line."""


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """No garbage collection: a million parsed values are no garbage, and looking them through again and again takes a third of
    the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


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


def parsed(text: str) -> Any:
    """What the text says. Numbers are finite, and integers of at most 64 bits, or near it. Raises BadJson."""
    return _loaded(text, parse_float=_finite, parse_int=_integer, parse_constant=_no_constant, object_hook=_itself)


def tolerated(data: bytes) -> Any:
    """What a file of another program says, be it no JSON in every point: in UTF-16 or UTF-32, with bytes that are no text
    at all (they become `\\xe9`), with control characters in strings, numbers that are none (NaN, inf, 1e999), or counters
    that have the name of another field, of which the first counts. Raises BadJson."""
    text, how = _text_of(data), {"parse_float": float, "parse_int": float, "object_pairs_hook": _first_of, "strict": False}
    try:
        return _loaded(text, **how)
    except BadJson:
        mended = _OF_A_STREAM.sub(lambda found: found[0] if found[0][0] == '"' else "NaN", text)
        if mended == text:
            raise
    return _loaded(mended, **how)


def _loaded(text: str, **how: Any) -> Any:
    try:
        value = json.loads(text, **how)
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


def _text_of(data: bytes) -> str:
    if not data.strip():
        raise BadJson("empty file")
    encoding = json.detect_encoding(data[:4])
    if encoding.startswith(("utf-16", "utf-32")) and any(data[:4]):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            raise BadJson(f"not JSON: not {encoding[:6].upper()} all through") from None
    text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    return _NOT_TEXT.sub(lambda found: f"\\\\x{ord(found[0]) - 0xDC00:02x}", text)


def _first_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def _no_constant(text: str) -> NoReturn:
    raise BadJson(f"contains {text}, which is not JSON; only finite numbers are")


def _itself(value: Any) -> Any:
    """For json.loads, which takes signals only while it calls Python: for each object, with this."""
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BadJson(f"contains a number out of range: {shown(text, 40)}")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_INTEGER_DIGITS and len(text.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise BadJson(f"contains an integer of {len(text)} digits; 64 bits have at most {MAX_INTEGER_DIGITS}")
    return int(text)
