"""How far a program differs from itself on this machine, per benchmark: found by `aa`, used as the gate."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mpmt_files import write_whole
from mpmt_tracking.places import state_folder

UNKEYED = "unkeyed"  # for programs that say no machine key; the state folder is this machine's anyway
MOST_WIDTH = 1.0  # a gate of more than 100 % is a mistake in the file


def place(machine_key: str | None) -> Path:
    return state_folder() / "aa" / f"{machine_key or UNKEYED}.json"


def load(machine_key: str | None) -> dict[str, float]:
    """Half-widths of the A/A interval, as ratio - 1, by benchmark. Nothing when there is no such file, or no usable
    one: it only ever raises gates."""
    try:
        said = json.loads(place(machine_key).read_text("utf-8"))["half_widths"]
        return {name: float(width) for name, width in said.items() if _is_width(width)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return {}


def _is_width(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= MOST_WIDTH  # NaN is in no range


def save(machine_key: str | None, found: Mapping[str, float]) -> Path:
    """Adds these to what is known. Raises OSError."""
    known = {**load(machine_key), **{name: min(width, MOST_WIDTH) for name, width in found.items()}}
    target = place(machine_key)
    write_whole(target, json.dumps({"half_widths": dict(sorted(known.items()))}, indent=1) + "\n")
    return target


def gates(machine_key: str | None, names: Sequence[str], least: float) -> dict[str, float]:
    """The gate of each benchmark: `least`, or this machine's A/A half-width where that is known and larger."""
    known = load(machine_key)
    return {name: max(least, known.get(name, 0.0)) for name in names}
