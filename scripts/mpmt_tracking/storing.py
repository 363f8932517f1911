"""Where a fresh record goes: checked, under a name of its own, overwriting nothing."""

from __future__ import annotations

import contextlib
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import mpmt_records
from mpmt_schema import plain
from mpmt_tracking import commits
from mpmt_tracking.problem import Problem


def staging_place(results: Path, key: str, commit: str) -> Path:
    """Where `mpmt run` writes it, in a folder that is made. The process id keeps two runs apart until `store`. Raises
    Problem."""
    place = results / key / f"{commits.short(commit)}-{os.getpid()}.json"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"--results: {plain(place.parent, 300)} cannot be made: {error.strerror}") from None
    return place


def store(staged: Path, commit: str, key: str) -> Path:
    """Checks the record and gives it its name, COMMIT-UTC.json. One that must not enter a history is deleted: it is not
    of this commit, not of what was committed, or not of this machine. Raises Problem."""
    try:
        context = mpmt_records.load(staged)["context"]
        refused = _why_refused(context, commit, key)
        started = datetime.strptime(context["started_utc"][:19], "%Y-%m-%dT%H:%M:%S")
    except (mpmt_records.BadRecord, ValueError) as bad:
        refused = plain(bad, 500)
    try:
        if not refused:
            return _named(staged, commits.short(commit), started)
        staged.unlink()
    except OSError as error:
        raise Problem(f"--results: {plain(staged, 300)} cannot be renamed: {error.strerror}") from None
    raise Problem(f"{commits.short(commit)}: the record is refused and deleted: {refused}")


def is_recorded(commit: str, folder: Path, say: Any) -> bool:
    """Whether the folder of a machine has a complete record of the commit. `say` hears of files that cannot be used."""
    for path in sorted(folder.glob(f"{commits.short(commit)}-*.json")):
        try:
            context = mpmt_records.load(path)["context"]
        except mpmt_records.BadRecord as bad:
            say(f"not counted as a record: {bad}")
            continue
        if not context["interrupted"] and (context["commit"] or {}).get("id") == commit:
            return True
    return False


def _why_refused(context: dict[str, Any], commit: str, key: str) -> str:
    said = context["commit"] or {}
    if said.get("id") != commit:
        return f"context.commit.id is {said.get('id')}, not {commit}"
    if said.get("dirty"):
        return "context.commit.dirty is true: the build changes files that git tracks"
    if context["machine"]["key"] != key:
        return f"context.machine.key is {context['machine']['key']}, not {key}"
    return ""


def _named(staged: Path, commit12: str, started: datetime) -> Path:
    """A second later for each file that there is already: two runs may have started in the same one."""
    while True:
        target = staged.with_name(f"{commit12}-{started:%Y%m%dT%H%M%SZ}.json")
        with contextlib.suppress(FileExistsError):
            _move_to_new(staged, target)
            return target
        started += timedelta(seconds=1)


def _move_to_new(staged: Path, target: Path) -> None:
    """Raises FileExistsError if there is such a file; a plain rename would take its place."""
    try:
        os.link(staged, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: take the name, then fill it
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC))
        os.replace(staged, target)
    else:
        staged.unlink()
