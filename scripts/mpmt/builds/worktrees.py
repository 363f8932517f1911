"""A build's workshop: the folder in which a commit is checked out, built and kept.

Two commits are in use at once, so each has a tree of its own. A path finds its way into programs (a folder with data, __FILE__,
debug information); the paths of all trees of a repository are of one length, so that two programs of one source have strings of
the same size, and are laid out alike in memory.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import stat
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
from mpmt.builds.process import Failed, started
from mpmt.builds.removal import LEFT, remove_tree, set_aside

BUILD_S = 7200.0
LOOK_S = 0.1  # how often to see whether a lock is free
GRACE_S = 3.0  # between asking a build to end and killing it
NAME = re.compile(r"[0-9a-f]{12}-[0-9a-f]{12}")  # of a workshop's folder


class Workshop:
    """`kept` holds what was built; `tree` the commit's files, while it is built and while it is used; `tmp` and `new` (what
    will be kept, or will be the tree) are there while a build is made, and `left.…` is what could not be removed. What is
    called `kept` or `tree` is whole, unless a build runs.

    Who uses the build shares its lock; all else is done by who has it alone. A killed process loses it with its life,
    and with those of all that it has started there."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.kept, self.tree = folder / "kept", folder / "tree"
        self.new, self.temporary = folder / "new", folder / "tmp"
        self._say = say

    def open_lock(self) -> int:
        """A descriptor of the lock file, made if missing. Raises OSError."""
        while True:
            if os.path.lexists(self.folder) and not is_folder(self.folder):  # a link leads to what is not ours
                remove_tree(self.folder)
            make_private(self.folder)
            with contextlib.suppress(FileNotFoundError):  # another process has removed the folder meanwhile
                return open_private(self.folder / "lock")

    def is_locked_by(self, lock: int) -> bool:
        """Whether the lock file has not been removed, and made anew, meanwhile."""
        with contextlib.suppress(OSError):
            return os.path.samestat(os.fstat(lock), os.lstat(self.folder / "lock"))
        return False

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether nobody else uses or changes it, until the end of the block. Raises OSError."""
        lock = self.open_lock()
        try:
            yield try_lock(lock, fcntl.LOCK_EX) and self.is_locked_by(lock)
        finally:
            os.close(lock)

    def check_out(self, repo: Path, commit: str) -> None:
        """Makes `tree` hold the commit, with its submodules. Raises Problem."""
        checkout.check_out(repo, commit, self.new)
        self.new.rename(self.tree)

    @contextlib.contextmanager
    def run(self, command: str, extra: dict[str, str]) -> Iterator[tuple[int | None, IO[bytes]]]:
        """Runs a shell command in `tree`; its exit code, negative for a signal, None when it took longer than BUILD_S, and
        its output. All that it has started has ended by then. Raises Problem when it cannot be started.

        Whatever ends the wait (Ctrl-C) ends all of the command's processes first."""
        self.temporary.mkdir()
        settings = {**commits.environment(), "SOURCE_DATE_EPOCH": "315532800", **extra,  # __DATE__ must not differ
                    "TMPDIR": str(self.temporary)}
        with tempfile.TemporaryFile(dir=self.folder) as output:  # without a name: the build cannot put another in its place
            try:
                with strays.adopted(), started(["sh", "-c", command], cwd=self.tree, env=settings, stdout=output,
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

    def publish(self) -> None:
        """What is in `new` is kept from now on."""
        self._discard(self.kept)
        self.new.rename(self.kept)

    def left(self) -> list[Path]:
        """All but the lock and what is kept."""
        try:
            names = os.listdir(self.folder)
        except OSError:
            return []
        return [self.folder / name for name in names if name not in ("lock", self.kept.name)]

    def clear(self) -> None:
        """Removes all but what is kept, or else sets it aside, which is said. Raises Problem where neither can be done."""
        blocked = [path for path in self.left() if not self._discard(path)]
        if blocked:
            raise Problem(f"{shown(blocked[0], 300)}: what a build has left can neither be removed nor renamed: remove it")

    def _discard(self, path: Path) -> bool:
        """Whether nothing is left there. It gets another name first: nobody is to take the rest for the whole."""
        aside = path if path.name.startswith(LEFT) else set_aside(path)
        if not remove_tree(aside or path) and aside not in (None, path):
            self._say(f"{shown(aside, 300)}: what a build has left could not be removed, and was set aside: remove it")
        return aside is not None or not os.path.lexists(path)


@contextlib.contextmanager
def writable_by_nobody_else() -> Iterator[None]:
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


def is_folder(path: Path) -> bool:
    """Itself, not what a link leads to."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


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
