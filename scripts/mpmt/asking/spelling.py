"""Times, sizes and counts as a user writes them, and as options of `mpmt` take them."""

from __future__ import annotations

import argparse
import re

from mpmt.base.shown import shown

_TIMES = {"ns": 1.0, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9}
_SIZES = {"": 1, "ki": 1 << 10, "k": 1 << 10, "mi": 1 << 20, "m": 1 << 20}
LEAST_TASK_NS, MOST_TASK_NS = 100.0, 60e9
MOST_PAYLOAD = 16 << 20
MOST_WORKERS, MOST_COUNTS = 1024, 8
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def task_time(text: str) -> float:
    """"50us": ns. Raises ArgumentTypeError, as all of these do."""
    found = re.fullmatch(r"\s*(\d{1,12}(?:\.\d{1,9})?)\s*(ns|us|µs|μs|ms|s)\s*", text, re.ASCII)
    ns = float(found[1]) * _TIMES[found[2]] if found else 0.0
    if not LEAST_TASK_NS <= ns <= MOST_TASK_NS:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a time from 100ns to 60s, such as 50us or 2ms")
    return ns


def payload_size(text: str) -> int:
    """"2Ki": bytes."""
    found = re.fullmatch(r"\s*(\d{1,9})\s*([kKmM]i?)?[bB]?\s*", text, re.ASCII)
    count = int(found[1]) * _SIZES[(found[2] or "").lower()] if found else -1
    if not 0 <= count <= MOST_PAYLOAD:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a size from 0 to 16Mi, such as 64 or 2Ki")
    return count


def worker_counts(text: str) -> tuple[int, ...]:
    """"1,2,4": in rising order, each once."""
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"\d{1,4}", part, re.ASCII) and 1 <= int(part) <= MOST_WORKERS for part in parts):
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a list of counts from 1 to {MOST_WORKERS}, such as 1,2,4")
    counts = tuple(sorted({int(part) for part in parts}))
    if len(counts) > MOST_COUNTS:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' has more than {MOST_COUNTS} counts")
    return counts


def waiting_share(text: str) -> float:
    """"70%", or "70": 0.7."""
    found = re.fullmatch(r"\s*(\d{1,2})\s*%?\s*", text, re.ASCII)
    if not found:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a whole percentage from 0% to 99%")
    return int(found[1]) / 100


def names(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for part in found:
        if not _NAME.fullmatch(part):
            raise argparse.ArgumentTypeError(f"'{shown(part, 40)}' is no name")
    return found


def seconds(text: str) -> float:
    try:
        value = float(text.strip().removesuffix("s"))
    except ValueError:
        value = 0.0
    if not 5 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a number of seconds from 5 to 3600")
    return value


# ---- as options take them ----------------------------------------------------------------------------------


def time_text(ns: float) -> str:
    """50us: to a tenth of a nanosecond, which is more than a grain can have."""
    for unit in ("s", "ms", "us"):
        if ns >= _TIMES[unit]:
            return f"{ns / _TIMES[unit]:.10g}{unit}"
    return f"{ns:.10g}ns"


def size_text(count: int) -> str:
    """2Ki."""
    for size, unit in ((1 << 20, "Mi"), (1 << 10, "Ki")):
        if count and count % size == 0:
            return f"{count // size}{unit}"
    return str(count)


def percent_text(share: float) -> str:
    return f"{100 * share:.6g}%"


def list_text(values: tuple[int, ...]) -> str:
    return ",".join(map(str, values))
