"""Where `mpmt track` keeps what it can make again, and what it has learned about this machine: in folders of this user's that
nobody else can write to, since what lies there is believed, and run. mpmt keeps its journals by the same rules."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mpmt.base.endings import tell
from mpmt.base.files import make_private
from mpmt.base.problem import Problem
from mpmt.base.shown import shown

# What these scripts belong to: a checkout, or <prefix>/share/mpmt where mpmt is installed. Nothing is written there.
ROOT = Path(__file__).resolve().parents[3]
RUN = Path("/run/user")  # a folder of each user that is logged in
_FOREIGN = stat.S_IWGRP | stat.S_IWOTH
_told: set[str] = set()


class NoPlace(Problem):
    """No folder can be used."""


@dataclass(frozen=True)
class _Candidate:
    """`inside`: a folder that must be there already; None: what is missing is made."""

    path: Path
    inside: Path | None = None


class _Unfit(Exception):
    """Why a folder is not used."""


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/mpmt, else ~/.cache/mpmt, made if missing: builds and the index of records. May be deleted at any time.
    Gigabytes go there, so no other place is tried. Raises NoPlace."""
    candidates = list(_homes("XDG_CACHE_HOME", ".cache"))[:1]
    return _first(candidates, "XDG_CACHE_HOME", "the cache")


def state_folder() -> Path:
    """The first of these that can be used, made if missing: $XDG_STATE_HOME/mpmt, ~/.local/state/mpmt, mpmt in
    /run/user/<uid>. This machine's A/A figures. Raises NoPlace."""
    return _first(_state_candidates(), "XDG_STATE_HOME", "the state")


def state_to_read() -> Path | None:
    """What `state_folder` would return; None where that would have to make it: there is nothing to read."""
    for candidate in _state_candidates():
        try:
            _check(candidate.path)
            return candidate.path
        except FileNotFoundError:
            with contextlib.suppress(_Unfit, OSError):
                above = _nearest(candidate)
                if os.access(above, os.W_OK | os.X_OK):
                    return None
        except _Unfit as why:
            _tell(candidate.path, str(why))
    return None


def _state_candidates() -> list[_Candidate]:
    run = RUN / str(os.geteuid())
    return [*_homes("XDG_STATE_HOME", ".local/state"), *([_Candidate(run / "mpmt", run)] if run.is_dir() else [])]


def _homes(variable: str, default: str) -> Iterator[_Candidate]:
    # The XDG base directory specification: a relative path is to be ignored. What the system knows of this user is not
    # asked: where HOME is missing, as in many containers, it may know nothing, or name a folder that is not there.
    said, home = os.environ.get(variable, ""), os.environ.get("HOME", "")
    if os.path.isabs(said):
        yield _Candidate(Path(said) / "mpmt")
    if os.path.isabs(home):
        yield _Candidate(Path(home) / default / "mpmt", Path(home))


def _first(candidates: list[_Candidate], variable: str, what: str) -> Path:
    for candidate in candidates:
        try:
            try:
                _check(candidate.path)
            except FileNotFoundError:
                _nearest(candidate)
                make_private(candidate.path)
                _check(candidate.path)
            return candidate.path
        except _Unfit as why:
            _tell(candidate.path, str(why))
        except OSError as error:
            _tell(candidate.path, f"cannot be made: {error.strerror}")
    reason = "neither it nor HOME is an absolute path" if not candidates else "see above"
    raise NoPlace(f"there is no folder for {what}: set {variable} to one of your own that nobody else can write to ({reason})")


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
    except OSError as error:
        raise _Unfit(f"cannot be opened: {error.strerror}") from None
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


def _nearest(candidate: _Candidate) -> Path:
    """The folder that exists and in which the candidate, or what is missing above it, would be made. Raises _Unfit unless
    that is this user's, or one of root's for all, such as /tmp: a root that was given another user's HOME makes nothing
    there."""
    if candidate.inside and not candidate.inside.is_dir():
        raise _Unfit(f"{shown(candidate.inside, 300)} is no folder")
    above = next(path for path in candidate.path.parents if os.path.lexists(path))
    found = os.stat(above)
    if found.st_uid != os.geteuid() and not (found.st_uid == 0 and found.st_mode & stat.S_ISVTX):
        raise _Unfit(f"not made, since {shown(above, 300)} belongs to uid {found.st_uid}")
    return above


def _tell(path: Path, why: str) -> None:
    line = f"warning: {shown(path, 300)}: not used: {shown(why, 400)}"
    if line not in _told:
        _told.add(line)
        tell(line)
