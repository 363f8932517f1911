"""Where `mpmt track` keeps what it can make again: in a folder of this user's that nobody else can write to, since what lies
there is believed, and run. mpmt keeps its journals by the same rules."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mpmt.base.files import make_private
from mpmt.base.problem import Problem
from mpmt.base.shown import shown

ROOT = Path(__file__).resolve().parents[3]  # the checkout, or the installed folder, that these scripts belong to
_FOREIGN = stat.S_IWGRP | stat.S_IWOTH


class NoPlace(Problem):
    """The folder cannot be used."""


class _Unfit(Exception):
    """Why."""


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/mpmt, else ~/.cache/mpmt, made if missing: builds and what is remembered of records. May be deleted
    at any time. Gigabytes go there, so no other place is tried. Raises NoPlace."""
    # The XDG base directory specification: a relative path is to be ignored. What the system knows of this user is not
    # asked: where HOME is missing, as in many containers, it may know nothing, or name a folder that is not there.
    said, home = os.environ.get("XDG_CACHE_HOME", ""), os.environ.get("HOME", "")
    choose = "there is no folder for the cache: set XDG_CACHE_HOME to one of your own that nobody else can write to"
    if os.path.isabs(said):
        folder, inside = Path(said) / "mpmt", None
    elif os.path.isabs(home):
        folder, inside = Path(home) / ".cache" / "mpmt", Path(home)
    else:
        raise NoPlace(f"{choose} (neither it nor HOME is an absolute path)")
    try:
        try:
            _check(folder)
        except FileNotFoundError:
            _expect_ours_to_make(folder, inside)
            make_private(folder)
            _check(folder)
    except _Unfit as why:
        raise NoPlace(f"{choose} ({shown(folder, 300)}: {shown(why, 400)})") from None
    except OSError as error:
        raise NoPlace(f"{choose} ({shown(folder, 300)} cannot be made: {error.strerror})") from None
    return folder


def _check(path: Path) -> None:
    """Raises _Unfit unless it is a folder of this user's that nobody else can write to, and FileNotFoundError."""
    try:
        folder = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        if path.is_symlink():
            raise _Unfit("a symbolic link") from None
        raise
    except NotADirectoryError:
        raise _Unfit("a symbolic link" if path.is_symlink() else "not a folder") from None
    try:
        found = os.fstat(folder)
        if found.st_uid != os.geteuid():
            raise _Unfit(f"belongs to uid {found.st_uid}")
        if found.st_mode & _FOREIGN:
            raise _Unfit(f"others can write to it (its mode is {stat.S_IMODE(found.st_mode):04o}; chmod 700 allows its use)")
        if not os.access(f"/proc/self/fd/{folder}", os.R_OK | os.W_OK | os.X_OK):
            raise _Unfit(f"cannot be written (its mode is {stat.S_IMODE(found.st_mode):04o})")
    finally:
        os.close(folder)


def _expect_ours_to_make(folder: Path, inside: Path | None) -> None:
    """`inside`: what has to be there. Raises _Unfit unless the folder, or what is missing above it, would be made in one of
    this user's, or of root's for all, such as /tmp: a root that was given another user's HOME makes nothing there."""
    if inside and not inside.is_dir():
        raise _Unfit(f"{shown(inside, 300)} is no folder")
    above = next(path for path in folder.parents if os.path.lexists(path))
    found = os.stat(above)
    if found.st_uid != os.geteuid() and not (found.st_uid == 0 and found.st_mode & stat.S_ISVTX):
        raise _Unfit(f"not made, since {shown(above, 300)} belongs to uid {found.st_uid}")
