"""The builds of all repositories: those of killed runs are cleared, and those that were not used for long go when there are too
many."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mpmt.base.files import read_whole
from mpmt.base.problem import Problem
from mpmt.builds.removal import remove_tree
from mpmt.builds.worktrees import NAME, Workshop

MANIFEST = "manifest.json"  # of what is kept; its time is that of the last use
MOST_MANIFEST = 1 << 20  # bytes


def manifest_of(workshop: Workshop) -> dict[str, Any]:
    """Empty where there is no build."""
    try:
        found = json.loads(read_whole(workshop.kept / MANIFEST, MOST_MANIFEST))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def clear(workshop: Workshop) -> None:
    """Alone there: removes what is left of its use, and all of it where there is no build. What cannot be removed is for the
    next who builds there to name."""
    with contextlib.suppress(Problem):
        workshop.clear()
    if not manifest_of(workshop):
        remove_tree(workshop.folder)


def sweep(folder: Path, say: Callable[[str], None]) -> None:
    """Clears what killed processes have left where nobody is at work."""
    for workshop in _workshops(folder, say):
        if workshop.left() or not manifest_of(workshop):
            with contextlib.suppress(OSError), workshop.alone() as alone:
                if alone:
                    clear(workshop)


def evict(folder: Path, most_builds: int, most_bytes: int, say: Callable[[str], None]) -> None:
    """Removes the least recently used builds beyond the limits; never one in use."""
    found = []
    for workshop in _workshops(folder, say):
        with contextlib.suppress(OSError):  # another process may be evicting, too
            size = sum(file.stat().st_size for file in workshop.kept.iterdir())
            found.append(((workshop.kept / MANIFEST).stat().st_mtime_ns, size, workshop))
    count, total = len(found), sum(size for _, size, _ in found)
    for _, size, workshop in sorted(found, key=lambda each: each[0]):
        if count <= most_builds and total <= most_bytes:
            return
        with contextlib.suppress(OSError), workshop.alone() as alone:
            if alone:
                (workshop.kept / MANIFEST).unlink(missing_ok=True)  # from here on it is no build any more
                clear(workshop)
                count, total = count - 1, total - size


def _workshops(folder: Path, say: Callable[[str], None]) -> list[Workshop]:
    return [Workshop(path, say) for path in folder.glob("*/*") if NAME.fullmatch(path.name)]
