"""Where a fresh record goes: checked, under a name of its own, overwriting nothing.

Until it has been checked it lies beside the others as COMMIT-unfiled-TOKEN.json. Whoever is killed before that leaves it
to the next `mpmt track record`, and so does a killed mpmt, whose next start recovers what it had measured."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mpmt.base.problem import Problem
from mpmt.base.shown import shown
from mpmt.builds import commits
from mpmt.builds.worktrees import try_lock
from mpmt.records import record_file
from mpmt.records.stored_files import FILE_NAME, MACHINE_KEY, UNFILED_NAME, summarise

Say = Callable[[str], None]


@contextlib.contextmanager
def staging_place(results: Path, key: str, commit: str) -> Iterator[Path]:
    """Where `mpmt run` writes it, in a folder that is made; until the end of the block no other process files what lies
    there. Raises Problem."""
    folder = results / key
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not folder.resolve().is_relative_to(results.resolve()):
            raise Problem(f"--results: {shown(folder, 300)}: a symbolic link that leads out of the results folder")
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Problem(f"--results: {shown(folder, 300)} cannot be made: {error.strerror}") from None
    try:
        with contextlib.suppress(OSError):  # where folders cannot be locked, `file_leftovers` does nothing
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield folder / f"{commits.short(commit)}-unfiled-{secrets.token_hex(8)}.json"
    finally:
        os.close(lock)


def store(staged: Path, commit: str, key: str) -> Path:
    """Checks the record and gives it its name, COMMIT-UTC.json. One that must not enter a history is deleted: it is
    another commit's, not of what was committed, or another machine's. One that cannot be read is kept. Raises
    Problem, saying which."""
    try:
        context = record_file.load(staged)["context"]
        started = datetime.strptime(context["started_utc"][:19], "%Y-%m-%dT%H:%M:%S")
    except record_file.BadRecord as bad:
        raise Problem(f"{commits.short(commit)}: the record is kept, but cannot be used: {bad}") from None
    except ValueError as bad:
        raise Problem(f"{commits.short(commit)}: the record is kept, but cannot be used: {shown(staged, 300)}: "
                        f"context.started_utc: {shown(bad, 160)}") from None
    refused = _why_refused(context, commit, key)
    try:
        if not refused:
            return _named(staged, commits.short(commit), started)
        staged.unlink()
    except OSError as error:
        raise Problem(f"--results: {shown(staged, 300)} cannot be renamed: {error.strerror}") from None
    raise Problem(f"{commits.short(commit)}: the record is refused and deleted: {refused}")


def file_leftovers(results: Path, say: Say, again: bool = False) -> None:
    """Stores what killed runs have left, of any commit and machine; `say` hears of each (but not `again` of those that
    cannot be used). What lies in a folder to which another process is recording is left for later."""
    for folder in sorted(results.iterdir()) if results.is_dir() else ():
        if MACHINE_KEY.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
            with contextlib.suppress(OSError), _alone_in(folder) as alone:
                for path in sorted(folder.iterdir()) if alone else ():
                    if UNFILED_NAME.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                        _file(path, folder.name, say, again)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[bool]:
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield try_lock(lock, fcntl.LOCK_EX)
    finally:
        os.close(lock)


def _file(path: Path, key: str, say: Say, again: bool) -> None:
    try:
        if path.stat().st_size == 0 or _is_stored(path):
            path.unlink()
            return
        said = record_file.load(path)["context"]["commit"] or {}
        commit = str(said.get("id"))
        say(f"recorded earlier: {shown(store(path, commit, key), 300)}")
    except record_file.BadRecord as bad:
        if not again:
            say(f"left by an earlier run, kept, and of no use: {bad}")
    except Problem as problem:
        say(f"left by an earlier run: {problem}")


def _is_stored(path: Path) -> bool:
    """Whether it has its name already, and only lacked the time to lose the other one."""
    return path.stat().st_nlink > 1 and any(
        other != path and path.samefile(other) for other in path.parent.glob(f"{path.name[:12]}-*.json"))


def recorded(wanted: Sequence[str], folder: Path, say: Say) -> set[str]:
    """Those of the commits of which the folder of a machine has a complete record that a history can use. `say` hears of
    files that cannot be used."""
    by_name = {commits.short(commit): commit for commit in wanted}
    found: set[str] = set()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = FILE_NAME.fullmatch(path.name)
        commit = by_name.get(name["commit"]) if name else None
        if commit is None or commit in found:
            continue
        record = summarise(str(folder.parent), f"{folder.name}/{path.name}")
        if record.fault:
            say(f"not counted as a record: {shown(path, 300)}: {record.fault}")
        elif record.commit == commit and not record.dirty and not record.interrupted:
            found.add(commit)
    return found


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
