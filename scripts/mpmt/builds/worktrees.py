"""A repository's workshop: the one place where its commits are checked out and built, one after the other.

All builds of a repository happen at the same path. A path finds its way into programs (__FILE__, debug information,
the length of strings), so that two paths could make two programs of one source, laid out differently in memory.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from mpmt.base.files import make_private, open_private
from mpmt.base.problem import Problem
from mpmt.base.shown import shown
from mpmt.builds import checkout, commits, strays
from mpmt.builds.process import started
from mpmt.builds.removal import LEFT, remove_tree, set_aside
from mpmt.builds.process import Failed

BUILD_S = 7200.0
HELD_S = BUILD_S + 2 * checkout.DEADLINE_S  # the longest that one build can take
LOOK_S = 0.1  # how often to see whether a lock is free
GRACE_S = 3.0  # between asking a build to end and killing it
FINISHED = re.compile(r"[0-9a-f]{12}-[0-9a-f]{12}")  # names of folders with what has been built
MARK = "MPMT_WORKSHOP"  # in the environment of all that a build starts


class Workshop:
    """`folder` holds finished builds and the lock; `tree` (the checkout) and `tmp` while a build runs, and `new` (what will
    be kept) after it. What a build has left and cannot be removed is set aside there. Whoever uses these holds the lock;
    a killed run loses it with its life, and what it left is cleared by the next to take it."""

    def __init__(self, repo: Path, folder: Path, say: Callable[[str], None]) -> None:
        self.repo = repo
        self.folder = folder
        self.tree = folder / "worktree"
        self.new = folder / "new"
        self.temporary = folder / "tmp"
        self._say = say

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Holds the lock, waiting for whoever has it (which is said) until that run ends."""
        with open_lock(self.folder / "lock") as lock:
            if not try_lock(lock, fcntl.LOCK_EX):
                holder = _holder(lock)
                self._say(f"waiting: process {holder} is building commits of this repository")
                if not lock_within(lock, fcntl.LOCK_EX, HELD_S):
                    raise Problem(f"{shown(self.folder, 300)}: process {holder} has kept its lock for "
                                  f"{HELD_S / 3600:g} h, longer than any build may take: end it")
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            if blocked := self._clear():
                raise Problem(f"{shown(blocked[0], 300)}: what a build has left can neither be removed nor renamed: remove it")
            try:
                with _writable_by_nobody_else():
                    yield
            finally:
                self._clear()

    def sweep(self) -> None:
        """Clears what a killed run has left; does nothing while another one is at work."""
        if not self._left():
            return
        with open_lock(self.folder / "lock") as lock:
            if try_lock(lock, fcntl.LOCK_EX):
                self._clear()

    def check_out(self, commit: str) -> None:
        """Makes `tree` hold the commit, with its submodules. Raises Problem."""
        self.temporary.mkdir()
        checkout.check_out(self.repo, commit, self.tree)

    @contextlib.contextmanager
    def run(self, command: str, extra: dict[str, str]) -> Iterator[tuple[int | None, IO[bytes]]]:
        """Runs a shell command in `tree`; its exit code, negative for a signal, None when it took longer than BUILD_S, and
        its output. All that it has started has ended by then. Raises Problem when it cannot be started.

        Whatever ends the wait (Ctrl-C) ends all of the command's processes first."""
        settings = {**commits.environment(), "SOURCE_DATE_EPOCH": "315532800", **extra,  # __DATE__ must not differ
                    "TMPDIR": str(self.temporary), MARK: str(self.folder)}
        with tempfile.TemporaryFile(dir=self.folder) as output:  # without a name: the build cannot put another in its place
            try:
                with started(["sh", "-c", command], cwd=self.tree, env=settings, stdout=output,
                             stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
                    try:
                        code = process.wait(BUILD_S)
                    except subprocess.TimeoutExpired:
                        code = None
                        _end_group(process)
                    except BaseException:
                        _end_group(process)
                        raise
            except Failed as failed:
                raise Problem(str(failed)) from None
            yield code, output

    def inside(self, path: str) -> Path | None:
        """Where a path of the checkout really is; None: nowhere in the checkout."""
        top = Path(os.path.realpath(self.folder)) / self.tree.name  # which may be a link by now
        found = Path(os.path.realpath(self.tree / path))
        return found if found.is_relative_to(top) else None

    def make_new(self) -> None:
        """An empty `new`, when nothing of the build runs any more: what lies in it then is what was put there."""
        if os.path.lexists(self.new) and not remove_tree(self.new):
            set_aside(self.new)
        self.new.mkdir()

    def _left(self) -> list[Path]:
        """All but the lock and finished builds."""
        try:
            names = os.listdir(self.folder)
        except OSError:
            return []
        return [self.folder / name for name in names if name != "lock" and not FINISHED.fullmatch(name)]

    def _clear(self) -> list[Path]:
        """Removes what builds have left, or else sets it aside, which is said; what neither could be done to."""
        left, blocked = self._left(), []
        if left:
            strays.end_marked(MARK, str(self.folder))  # it would write into the next one's tree
        for path in left:
            if remove_tree(path) or path.name.startswith(LEFT):
                continue
            aside = set_aside(path)
            blocked += [] if aside else [path]
            done = "set aside: remove it" if aside else "not renamed either: remove it"
            self._say(f"{shown(aside or path, 300)}: what a build has left could not be removed, and was {done}")
        return blocked


@contextlib.contextmanager
def _writable_by_nobody_else() -> Iterator[None]:
    """So are all files that we and our children make in the block, whatever the umask: they will be run. Not thread-safe."""
    before = os.umask(0o077)
    os.umask((before | 0o022) & 0o077)
    try:
        yield
    finally:
        os.umask(before)


def _end_group(process: subprocess.Popen[Any]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)


# ---- files -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def open_lock(path: Path) -> Iterator[int]:
    """A descriptor of the lock file, made if missing (and its folder); no child inherits it. Raises Problem."""
    try:
        make_private(path.parent)
        descriptor = open_private(path)
    except OSError as error:
        raise Problem(f"{shown(path, 300)}: {error.strerror}; XDG_CACHE_HOME names another place") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def try_lock(descriptor: int, kind: int) -> bool:
    """Whether the lock (LOCK_SH or LOCK_EX) could be had at once."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock_within(descriptor: int, kind: int, seconds: float) -> bool:
    """Whether the lock could be had before so many seconds were over."""
    ends_at = time.monotonic() + seconds
    while not try_lock(descriptor, kind):
        if time.monotonic() >= ends_at:
            return False
        time.sleep(LOOK_S)
    return True


def _holder(lock: int) -> str:
    return shown(os.pread(lock, 20, 0).decode("ascii", "replace"), 160) or "?"
