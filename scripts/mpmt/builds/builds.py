"""A commit's binary: built in a worktree of its own, kept in the cache, and never built twice."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import stat
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from mpmt.base.files import read_whole
from mpmt.base.places import cache_folder
from mpmt.base.problem import Problem
from mpmt.base.shown import shown
from mpmt.builds import commits
from mpmt.builds.recipe import MPMT_RECIPE, Recipe, libraries_inside, outcome, passing, tools
from mpmt.builds.removal import remove_tree
from mpmt.builds.worktrees import BUILD_S, Workshop, lock_within, try_lock

LIMIT_BUILDS = 40
LIMIT_BYTES = 4 << 30
FULL_BYTES = 4 << 20  # a disk with less space left counts as full
REMOVAL_S = 600.0  # a build is locked against use only while it is being removed
MOST_MANIFEST = 1 << 20  # bytes
MANIFEST, LOG, LOCK = "manifest.json", "build.log", "lock"


class BuildFailed(Problem):
    """This commit does not build. `commit` is its id, `log` the file with the build's output."""

    def __init__(self, message: str, commit: str, log: Path) -> None:
        super().__init__(message)
        self.commit = commit
        self.log = log


# ---- options -----------------------------------------------------------------------------------------------


def add_build_arguments(parser: argparse.ArgumentParser) -> None:
    """--repo, --build, --binary, --jobs, --rebuild; `builds_of` reads them."""
    group = parser.add_argument_group("building")
    group.add_argument("--repo", default=Path(), type=Path, metavar="DIR",
                       help="folder in the repository that commits are of (default: the current folder)")
    group.add_argument("--build", metavar="COMMAND",
                       help="shell command that builds a checkout of another project; needs --binary")
    group.add_argument("--binary", metavar="PATH", help="the program that --build makes, as a path in the checkout")
    group.add_argument("--jobs", type=_jobs, metavar="N", help="parallel jobs of a build (default: the build's own)")
    group.add_argument("--rebuild", action="store_true", help="build again what is in the cache, or has failed before")


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 4096:
        raise argparse.ArgumentTypeError(f"'{text[:40]}' is not a number from 1 to 4096")
    return int(text)


def builds_of(options: argparse.Namespace, say: Callable[[str], None]) -> Builds:
    """What the options of `add_build_arguments` ask for. Raises Problem."""
    repo = commits.top(options.repo)
    if (options.build is None) != (options.binary is None):
        given, missing = ("--build", "--binary") if options.binary is None else ("--binary", "--build")
        raise Problem(f"{given}: needs {missing} as well")
    recipe = MPMT_RECIPE if options.build is None else Recipe(options.build, options.binary)
    if recipe is MPMT_RECIPE and not (repo / "cmake" / "build_identity.cmake").exists():
        raise Problem(f"--repo: {shown(repo, 300)} is not mpmt: say with --build COMMAND and --binary PATH how it is "
                      "built")
    return Builds(repo, recipe, say=say, jobs=options.jobs, rebuild=options.rebuild)


# ---- builds ------------------------------------------------------------------------------------------------


class Builds:
    """The binaries of a repository's commits. A context manager: what `binary` has returned stays in the cache until
    the end of the block. Not for use by several threads.

    cache: the folder to keep builds in (default: cache_folder()). say: called with each line of progress. rebuild:
    build each commit once more, whatever the cache holds.
    """

    def __init__(self, repo: Path, recipe: Recipe = MPMT_RECIPE, cache: Path | None = None,
                 say: Callable[[str], None] = lambda line: None, jobs: int | None = None, rebuild: bool = False,
                 limit_builds: int = LIMIT_BUILDS, limit_bytes: int = LIMIT_BYTES) -> None:
        path = Path(recipe.binary)
        if path.is_absolute() or ".." in path.parts or not path.name:
            raise Problem(f"--binary: '{shown(recipe.binary, 160)}' is not a path inside the checkout")
        self.repo = commits.top(repo)
        self.recipe = recipe
        self.folder = (cache or cache_folder()) / "builds"
        self._say, self._jobs, self._rebuild = say, jobs, rebuild
        self._limits = (limit_builds, limit_bytes)
        self._tools = tools()
        self._locks: dict[Path, int] = {}  # shared locks on the builds in use
        name = _digest(str(commits.common_folder(self.repo)))
        self._workshop = Workshop(self.repo, self.folder / name, say)
        self._workshop.sweep()

    def __enter__(self) -> Builds:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the use of all binaries: they may be evicted from now on."""
        while self._locks:
            os.close(self._locks.popitem()[1])

    def binary(self, commit: str) -> Path:
        """The program built from the commit (a full id), as an absolute path in the cache; builds it if need be.

        Raises BuildFailed, also if an earlier attempt failed; Problem when something else is in the way (a full disk,
        no permission). An interruption leaves nothing half-made.
        """
        folder = self._folder_of(commit)
        try:
            if folder in self._locks or (not self._rebuild and self._take(folder)):
                self._refuse_noexec()
                return self._result(folder, commit)
            self._refuse_noexec()
            with self._workshop.held():
                if self._rebuild or not self._take(folder):  # another process may have built it meanwhile
                    self._build(commit, folder)
                    if not self._take(folder):
                        raise Problem(f"{shown(folder, 300)}: what was built is not there: do other programs use this folder?")
                    self._evict()
            return self._result(folder, commit)
        except OSError as error:
            where = shown(error.filename or self.folder, 300)
            raise Problem(f"{where}: {error.strerror or shown(error, 160)} while building {commits.short(commit)}; "
                          "XDG_CACHE_HOME names another place for builds") from None

    def _refuse_noexec(self) -> None:
        """It would look as if the commit's programs could not be run. Raises Problem."""
        there = next(path for path in (self.folder, *self.folder.parents) if path.is_dir())
        if os.statvfs(there).f_flag & os.ST_NOEXEC:
            raise Problem(f"{shown(there, 300)}: mounted noexec, so that programs built there cannot be run; XDG_CACHE_HOME "
                          "names another place")

    def _folder_of(self, commit: str) -> Path:
        made_by = [self.recipe.command, self.recipe.binary, self._tools]
        return self._workshop.folder / f"{commits.short(commit)}-{_digest(json.dumps(made_by))}"

    def _result(self, folder: Path, commit: str) -> Path:
        manifest = _manifest(folder)
        if manifest.get("failed"):
            raise BuildFailed(f"{commits.short(commit)} ({commits.subject(self.repo, commit)}): {manifest['failed']}; "
                              f"log: {shown(folder / LOG, 300)}; --rebuild tries again", commit, folder / LOG)
        os.utime(folder / MANIFEST)  # least recently used ones go first
        return folder / Path(self.recipe.binary).name

    def _take(self, folder: Path) -> bool:
        """Whether the build is there; from now on it stays."""
        try:
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            if not lock_within(lock, fcntl.LOCK_SH, REMOVAL_S):
                raise Problem(f"{shown(folder / LOCK, 300)}: another process has kept this lock for {REMOVAL_S:g} s: end it")
            if os.path.samestat(os.fstat(lock), os.stat(folder / LOCK)) and self._is_whole(folder):
                self._locks[folder], lock = lock, -1
                return True
        except FileNotFoundError:  # evicted between the two
            pass
        finally:
            if lock >= 0:
                os.close(lock)
        return False

    def _is_whole(self, folder: Path) -> bool:
        """Whether it is a build of ours, and no links to somewhere else."""
        manifest = _manifest(folder)
        binary = folder / Path(self.recipe.binary).name
        return bool(manifest) and _is(stat.S_ISDIR, folder) and (manifest.get("failed") or _is(stat.S_ISREG, binary))

    # ---- building ----

    def _build(self, commit: str, folder: Path) -> None:
        name = f"{commits.short(commit)} ({commits.subject(self.repo, commit)})"
        self._say(f"building {name}")
        started = time.monotonic()
        self._workshop.check_out(commit)
        jobs = {} if self._jobs is None else {"CMAKE_BUILD_PARALLEL_LEVEL": str(self._jobs),
                                              "MAKEFLAGS": f"-j{self._jobs}"}
        with self._workshop.run(self.recipe.command, jobs) as (code, log):
            self._workshop.make_new()
            self._keep_log(log)
            if code is None:
                failed, passes = f"the build did not end within {BUILD_S / 3600:g} h", self._full()
            else:
                failed = self._keep(outcome(code, log))
                passes = failed and (self._full() or passing(code, log))
        if passes:
            raise Problem(f"{name}: {failed}: not the commit's fault, so try again"
                          f"{' with more space in ' + shown(self.folder, 300) if self._full() else ''}")
        self._publish(commit, folder, failed, time.monotonic() - started)
        self._say(f"{'failed' if failed else 'built'} after {time.monotonic() - started:.0f} s: {name}")

    def _keep_log(self, log: IO[bytes]) -> None:
        log.seek(0)
        with open(self._workshop.new / LOG, "wb") as kept:
            shutil.copyfileobj(log, kept)

    def _keep(self, failed: str) -> str:
        """Copies what is to be kept; returns why it cannot be, or `failed`."""
        if failed:
            return failed
        binary, workshop = self.recipe.binary, self._workshop
        made = workshop.inside(binary)
        if made is None:
            return (f"{shown(binary, 160)} is a symbolic link, or beyond one, that leads out of the checkout, to "
                    f"{shown(os.path.realpath(workshop.tree / binary), 300)}: another commit's program could be there")
        if not made.is_file() or not os.access(made, os.X_OK):
            return f"the build ended well but made no program {shown(binary, 160)}"
        needed = libraries_inside(made, workshop.tree)
        if needed:
            return f"{shown(binary, 160)} needs {shown(needed, 160)} of its build folder, which is not kept: link it statically"
        name = Path(binary).name
        shutil.copy2(made, workshop.new / name)
        beside = workshop.inside(f"{binary}.build.json")
        if beside is not None and beside.is_file():
            shutil.copy2(beside, workshop.new / f"{name}.build.json")
        return ""

    def _full(self) -> bool:
        found = os.statvfs(self._workshop.folder)
        return found.f_bavail * found.f_frsize < FULL_BYTES

    def _publish(self, commit: str, folder: Path, failed: str, seconds: float) -> None:
        new = self._workshop.new
        binary = new / Path(self.recipe.binary).name
        manifest = {"version": 1, "commit": commit, "command": self.recipe.command, "binary": self.recipe.binary,
                    "tools": self._tools, "failed": failed or None, "seconds": round(seconds, 1),
                    "sha256": None if failed else hashlib.sha256(binary.read_bytes()).hexdigest(),
                    "built_utc": datetime.now(timezone.utc).isoformat(timespec="seconds")}
        (new / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
        (new / LOCK).touch()
        if os.path.lexists(folder):
            self._remove(folder)
        if os.path.lexists(folder):
            raise Problem(f"--rebuild: another process is using {shown(folder, 300)}: wait for it to end")
        new.rename(folder)

    # ---- room ----

    def _evict(self) -> None:
        """Removes the least recently used builds beyond the limits, of any repository; never one in use."""
        found = []
        for manifest in self.folder.glob(f"*/*-*/{MANIFEST}"):
            with contextlib.suppress(FileNotFoundError):  # another process may be evicting, too
                size = sum(file.stat().st_size for file in manifest.parent.iterdir())
                found.append((manifest.stat().st_mtime_ns, size, manifest.parent))
        count, total = len(found), sum(size for _, size, _ in found)
        for _, size, folder in sorted(found):
            if count <= self._limits[0] and total <= self._limits[1]:
                return
            if self._remove(folder):
                count, total = count - 1, total - size

    def _remove(self, folder: Path) -> bool:
        """Whether the build could be removed: nobody uses it."""
        if folder in self._locks:
            return False
        if not _is(stat.S_ISDIR, folder):  # a link is no build of ours, and what it leads to not ours to remove
            return remove_tree(folder)
        try:
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:  # the rest of one whose removal was killed: without its lock nobody can use it
            return remove_tree(folder)
        try:
            if not try_lock(lock, fcntl.LOCK_EX):
                return False
            (folder / MANIFEST).unlink(missing_ok=True)  # from here on it is no build any more
            return remove_tree(folder)
        finally:
            os.close(lock)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _is(kind: Callable[[int], bool], path: Path) -> bool:
    """Itself, not what a link leads to."""
    try:
        return kind(os.lstat(path).st_mode)
    except OSError:
        return False


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_whole(folder / MANIFEST, MOST_MANIFEST))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
