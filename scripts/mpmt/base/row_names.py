"""Names of benchmarks, without what all of them share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

SETTING = re.compile(r"\w+:(?!:).+", re.DOTALL)  # `key:value`; std::string is none


def _common(names: Sequence[str]) -> list[str]:
    """The `key:value` parts, between slashes, that all names have, in the order of the first."""
    parts = [name.split("/") for name in names]
    everywhere = set(parts[0]).intersection(*parts[1:]) if parts else set()
    return [part for part in dict.fromkeys(parts[0] if parts else []) if part in everywhere and SETTING.fullmatch(part)]


def common_parts(names: Sequence[str]) -> str:
    """What `short_names` leaves out of the names; empty: nothing."""
    return "/".join(_common(names))


def short_names(names: Sequence[str]) -> dict[str, str]:
    """By the whole name: without the `key:value` parts that all names have; of one name alone, without any. No two are equal:
    names that would be (their parts stand in another order, say), or of which nothing would be left, stay whole."""
    common = set(_common(names))
    short = {name: "/".join(part for part in name.split("/") if part not in common) for name in names}
    taken = Counter(short.values())
    return {name: made if made and taken[made] == 1 else name for name, made in short.items()}
