"""Removes what others have made: folders of any depth, read-only ones, links in place of folders. Follows no link, and goes
into nothing that is mounted."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
LEFT = "left."  # how names of what was set aside begin


def remove_tree(path: Path) -> bool:
    """Removes a file, a link, or a folder with all that is in it; whether nothing is left there.

    Folders inside are moved up into `path` before they are emptied, so that neither depth nor the length of a path
    matters; what is mounted cannot be moved, and stays."""
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            _open_up(str(path))
            top = os.open(path, os.O_RDONLY | _FOLDER)
            try:
                _empty(top)
            finally:
                os.close(top)
            os.rmdir(path)
        else:
            path.unlink()
    return not os.path.lexists(path)


def set_aside(path: Path) -> Path | None:
    """Renames what cannot be removed, to a new name beside it; None: that does not go either."""
    target = path.with_name(f"{LEFT}{secrets.token_hex(6)}")
    try:
        os.rename(path, target)
    except OSError:
        return None
    return target


def _empty(top: int) -> None:
    """Of the open folder `top`, removes all that can be removed."""
    waiting: list[str] = []
    _clear(top, top, waiting)
    while waiting:
        name = waiting.pop()
        with contextlib.suppress(OSError):
            folder = os.open(name, os.O_RDONLY | _FOLDER, dir_fd=top)
            try:
                _clear(folder, top, waiting)
            finally:
                os.close(folder)
            os.rmdir(name, dir_fd=top)


def _clear(folder: int, top: int, waiting: list[str]) -> None:
    """Unlinks the files of an open folder, and moves its folders into `top`, under new names that it adds to `waiting`."""
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        with contextlib.suppress(OSError):
            if is_folder:
                _open_up(name, folder)
                new = secrets.token_hex(12)
                os.rename(name, new, src_dir_fd=folder, dst_dir_fd=top)
                waiting.append(new)
            else:
                os.unlink(name, dir_fd=folder)


def _open_up(name: str, folder: int | None = None) -> None:
    """Lets us into a folder, and move it: a folder is written to when it is moved."""
    opened = os.open(name, os.O_PATH | _FOLDER, dir_fd=folder)
    try:
        mode = stat.S_IMODE(os.fstat(opened).st_mode)
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            os.chmod(f"/proc/self/fd/{opened}", mode | stat.S_IRWXU)
    finally:
        os.close(opened)
