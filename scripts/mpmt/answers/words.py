"""Numbers in words. The page's script has the same functions (writers/page/words.js), and a test holds them against each other:
so rounding is by decimal digits, half up, as a script's toFixed does it."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal

_ENOUGH = Context(prec=1000)  # digits of any double


def fixed(value: float, digits: int) -> str:
    """With so many decimals, of the very binary number, half up."""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _ENOUGH)
    return format(rounded, "f")


def significant(value: float, digits: int = 3) -> str:
    """0.0123, 1.23, 123, 12300: without an exponent, and without zeros at the end of a fraction."""
    if value == 0:
        return "0"
    whole = math.floor(math.log10(abs(value)))
    text = fixed(value, max(0, digits - 1 - whole))
    return text.rstrip("0").rstrip(".") if "." in text else text


def factor(value: float) -> str:
    """1.18x; above 1."""
    return f"{fixed(value, 2 if value < 10 else 1 if value < 100 else 0)}x"


def ratio(value: float) -> str:
    return fixed(value, 2 if 0.1 <= value < 10 else 1 if 10 <= value < 100 else 0 if value >= 100 else 3)


def percent(share: float) -> str:
    """"3 %", "4.5 %": of a share. What is nearly all is not all: "99.9 %"."""
    return f"{significant(100 * share, 4 if 0.99 < share < 1 else 2)} %"


def duration(ns: float) -> str:
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if ns >= size:
            return f"{significant(ns / size)} {unit}"
    return f"{significant(ns)} ns"


def size(count: float) -> str:
    """"64 B", "2 KiB", "1.5 MiB"."""
    for unit_size, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit_size:
            return f"{significant(count / unit_size)} {unit}"
    return f"{significant(count)} B"


def in_unit(value: float | None, unit: str) -> str:
    """As a table or an axis has it; the units are those of mpmt.views.view."""
    if value is None:
        return "–"
    if unit == "ns":
        return duration(value)
    if unit == "bytes":
        return size(value)
    if unit == "bytes/s":
        return f"{size(value)}/s"
    if unit == "share":
        return percent(value)
    return ratio(value) if unit == "ratio" else significant(value)


def plural(count: int, what: str) -> str:
    """"1 worker", "2 workers"."""
    return f"{count} {what}{'' if count == 1 else 's'}"
