"""Names of benchmarks, without what all of them share."""

from __future__ import annotations

from collections.abc import Sequence


def _common(names: Sequence[str]) -> list[str]:
    """The `key:value` parts, between slashes, that all names have, in the order of the first."""
    parts = [name.split("/") for name in names]
    return [part for part in (parts[0] if parts else []) if ":" in part and all(part in others for others in parts)]


def common_parts(names: Sequence[str]) -> str:
    """What `short_names` leaves out of all names; empty: nothing."""
    return "/".join(_common(names))


def short_names(names: Sequence[str]) -> dict[str, str]:
    common = set(_common(names))
    return {name: "/".join(part for part in name.split("/") if part not in common) for name in names}
