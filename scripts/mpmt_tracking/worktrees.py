"""A repository's workshop: the one place where its commits are checked out and built, one after the other.

All builds of a repository happen at the same path. A path finds its way into programs (__FILE__, debug information,
the length of strings), so that two paths could make two programs of one source, laid out differently in memory.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mpmt_schema import plain

from mpmt_tracking import commits
from mpmt_tracking.contender import Failed
from mpmt_tracking.problem import Problem
from mpmt_tracking.process import started

CHECKOUT_S = 1800.0  # a large repository, or one that fetches from afar
BUILD_S = 7200.0
HELD_S = BUILD_S + 2 * CHECKOUT_S  # the longest that one build can take
LOOK_S = 0.1  # how often to see whether a lock is free
GRACE_S = 3.0  # between asking a build to end and killing it
MARK = "MPMT_WORKSHOP"  # in the environment of all that a build starts


class Workshop:
    """`folder` holds `tree` (the worktree), `new` (what will be kept) and `tmp` while a build runs, and nothing else
    but the lock when none does. Whoever uses these holds the lock; a killed run loses it with its life, and what it
    left is cleared by the next to take it."""

    def __init__(self, repo: Path, folder: Path) -> None:
        self.repo = repo
        self.folder = folder
        self.tree = folder / "worktree"
        self.new = folder / "new"
        self.temporary = folder / "tmp"

    @contextlib.contextmanager
    def held(self, say: Callable[[str], None]) -> Iterator[None]:
        """Holds the lock, waiting for whoever has it (which is said) until that run ends."""
        with open_lock(self.folder / "lock") as lock:
            if not try_lock(lock, fcntl.LOCK_EX):
                holder = _holder(lock)
                say(f"waiting: process {holder} is building commits of this repository")
                if not lock_within(lock, fcntl.LOCK_EX, HELD_S):
                    raise Problem(f"{plain(self.folder, 300)}: process {holder} has kept its lock for "
                                  f"{HELD_S / 3600:g} h, longer than any build may take: end it")
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            self._clear()
            try:
                yield
            finally:
                self._clear()

    def sweep(self) -> None:
        """Clears what a killed run has left; does nothing while another one is at work."""
        if not any(path.exists() for path in (self.tree, self.new, self.temporary)):
            return
        with open_lock(self.folder / "lock") as lock:
            if try_lock(lock, fcntl.LOCK_EX):
                self._clear()

    def check_out(self, commit: str) -> None:
        """Makes `tree` hold the commit, with its submodules. Raises Problem."""
        for folder in (self.new, self.temporary):
            folder.mkdir()
        commits.ask(self.repo, "worktree", "add", "--quiet", "--force", "--detach", "--", str(self.tree), commit,
                    deadline_s=CHECKOUT_S)
        if (self.tree / ".gitmodules").exists():
            commits.ask(self.tree, "submodule", "--quiet", "update", "--init", "--recursive", deadline_s=CHECKOUT_S)

    def run(self, command: str, log: Path, extra: dict[str, str]) -> int:
        """Runs a shell command in `tree`, output into `log`; returns its exit code, negative for a signal. Raises
        subprocess.TimeoutExpired after BUILD_S, Problem when it cannot be started.

        It has a session of its own. Whatever ends the wait (Ctrl-C) ends all of the command's processes first.
        """
        settings = {**commits.environment(), "SOURCE_DATE_EPOCH": "315532800", **extra,  # __DATE__ must not differ
                    "TMPDIR": str(self.temporary), MARK: str(self.folder)}
        try:
            with open(log, "wb") as output, started(["sh", "-c", command], cwd=self.tree, env=settings, stdout=output,
                                                    stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
                try:
                    return process.wait(BUILD_S)
                except BaseException:
                    _end_group(process)
                    raise
        except Failed as failed:
            raise Problem(str(failed)) from None

    def _clear(self) -> None:
        left = [path for path in (self.tree, self.new, self.temporary) if path.exists()]
        if not left:
            return
        _kill_marked(str(self.folder))
        for path in left:
            remove_tree(path)
        if self.tree in left:  # git forgets this worktree only: `prune` might forget one that is just not mounted
            commits.run_git(self.repo, "worktree", "remove", "--force", "--force", "--", str(self.tree))


# ---- processes ---------------------------------------------------------------------------------------------


def _end_group(process: subprocess.Popen[Any]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _kill_marked(mark: str) -> None:
    """Ends what a build has left running, and waits until it is gone: it would write into the next one's tree."""
    deadline = time.monotonic() + GRACE_S
    while True:
        left = [pid for pid in _processes() if _has_mark(pid, mark)]
        if not left or time.monotonic() > deadline:
            return
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def _has_mark(pid: int, mark: str) -> bool:
    try:
        return f"{MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # gone, or another user's
        return False


# ---- files -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def open_lock(path: Path) -> Iterator[int]:
    """A descriptor of the lock file, made if missing (and its folder); no child inherits it. Raises Problem."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise Problem(f"{plain(path, 300)}: {error.strerror}; XDG_CACHE_HOME names another place") from None
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
    return plain(os.pread(lock, 20, 0).decode("ascii", "replace")) or "?"


def remove_tree(path: Path) -> None:
    """Removes a folder and all in it, read-only folders included; what cannot be removed stays."""
    def make_writable(_: Any, name: str, __: Any) -> None:
        with contextlib.suppress(OSError):
            for part in (os.path.dirname(name), name):
                if not os.path.islink(part):
                    os.chmod(part, stat.S_IRWXU)
            if os.path.isdir(name) and not os.path.islink(name):
                shutil.rmtree(name, ignore_errors=True)
            else:
                os.unlink(name)

    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, onerror=make_writable)
        if path.exists():
            shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
