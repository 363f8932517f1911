"""How far a program differs from itself on this machine, per benchmark: found by `aa`, used as the gate."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mpmt.base.files import make_private, read_whole, write_whole
from mpmt.base.places import state_folder, state_to_read

MOST_BYTES = 16 << 20
MOST_WIDTH = 0.10  # what differs from itself by more is no benchmark to gate: its gate stays, and it will be undecided


def place(key: str) -> Path | None:
    """The file for a machine key, or for another program's key on this machine. None: nothing has been kept here."""
    state = state_to_read()
    return _place_in(state, key) if state else None


def place_to_write(key: str) -> Path:
    """The same, in a folder that is made if missing. Raises NoPlace, OSError."""
    target = _place_in(state_folder(), key)
    make_private(target.parent)
    return target


def _place_in(state: Path, key: str) -> Path:
    return state / "aa" / f"{key}.json"


def load(source: Path | None) -> dict[str, float]:
    """Half-widths of the A/A interval, as ratio - 1, by benchmark. Nothing when there is no such file, or no usable
    one: it only ever raises gates."""
    if source is None:
        return {}
    try:
        said = json.loads(read_whole(source, MOST_BYTES))["half_widths"]
        return {name: float(width) for name, width in said.items() if _is_width(width)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return {}


def _is_width(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= MOST_WIDTH  # NaN is in no range


def save(target: Path, found: Mapping[str, float | None]) -> None:
    """Puts these in place of what is known of the same benchmarks; None, or more than MOST_WIDTH: nothing is known any more.
    Raises OSError."""
    known = {**load(target), **found}
    usable = {name: width for name, width in sorted(known.items()) if _is_width(width)}
    write_whole(target, json.dumps({"half_widths": usable}, indent=1) + "\n", mode=0o600)


def gates(source: Path | None, names: Sequence[str], least: float) -> dict[str, float]:
    """The gate of each benchmark: `least`, or this machine's A/A half-width where that is known and larger."""
    known = load(source)
    return {name: max(least, known.get(name, 0.0)) for name in names}
