"""Folders for temporary files. Whoever is killed leaves them to the next to sweep."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mpmt.base.problem import Problem
from mpmt.base.shown import shown
from mpmt.builds.removal import remove_tree

PREFIX = "mpmt-track-"


def temporary_place() -> str:
    """The folder for temporary files. Raises Problem, which names TMPDIR where that cannot be used: what we start would use
    it, too, and another folder was not asked for."""
    said = os.environ.get("TMPDIR", "")
    if said and not os.path.isdir(said):
        raise Problem(f"TMPDIR: {shown(said, 300)}: {'not a folder' if os.path.lexists(said) else 'there is no such folder'}")
    if said and not os.access(said, os.W_OK | os.X_OK):
        raise Problem(f"TMPDIR: {shown(said, 300)}: cannot be written")
    try:
        return tempfile.gettempdir()
    except OSError:
        raise Problem("there is no folder for temporary files: neither /tmp nor /var/tmp can be written; TMPDIR names "
                      "another") from None


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new one, for this user only, until the end of the block. Its owner keeps it locked, and a lock ends with its owner:
    what is not locked is nobody's."""
    folder, lock = _made()
    try:
        yield folder
    finally:
        remove_tree(folder)
        os.close(lock)


def sweep() -> None:
    """Removes this user's folders that nobody holds."""
    with contextlib.suppress(OSError):
        for found in list(os.scandir(tempfile.gettempdir())):
            if found.name.startswith(PREFIX) and found.is_dir(follow_symlinks=False) and _is_ours(found):
                lock = _locked(Path(found.path))
                if lock is not None:
                    remove_tree(Path(found.path))
                    os.close(lock)


def _made() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=temporary_place()))
        lock = _locked(folder)
        if lock is not None:
            return folder, lock


def _locked(folder: Path) -> int | None:
    """A descriptor that holds the folder's lock; None where another has it, or has removed the folder meanwhile."""
    lock = -1
    with contextlib.suppress(OSError):
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), os.stat(folder, follow_symlinks=False)):
            return lock
    if lock >= 0:
        os.close(lock)
    return None


def _is_ours(found: os.DirEntry[str]) -> bool:
    try:
        return found.stat(follow_symlinks=False).st_uid == os.geteuid()
    except OSError:
        return False
