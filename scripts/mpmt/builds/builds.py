"""A commit's binary, built once and kept in the cache, and its source tree, there as long as the binary is used."""

from __future__ import annotations

import argparse
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
from typing import IO

from mpmt.base.places import cache_folder
from mpmt.base.problem import Problem
from mpmt.base.shown import shown
from mpmt.builds import checkout, commits, worktrees
from mpmt.builds.cache import MANIFEST, clear, evict, manifest_of, sweep
from mpmt.builds.process import guarded
from mpmt.builds.recipe import MPMT_RECIPE, Recipe, libraries_inside, outcome, passing, tools
from mpmt.builds.worktrees import BUILD_S, LOOK_S, Workshop, is_folder, try_lock

LIMIT_BUILDS = 40
LIMIT_BYTES = 4 << 30
FULL_BYTES = 4 << 20  # a disk with less space left counts as full
HELD_S = BUILD_S + 3 * checkout.DEADLINE_S  # the longest that a build, with its checkouts and removals, can take
LOG = "build.log"


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
    """The binaries of a repository's commits. A context manager: what `binary` has returned, and the commit's tree, stay in
    the cache until the end of the block. Not for use by several threads.

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
        self._own = self.folder / _digest(str(commits.common_folder(self.repo)))  # this repository's
        sweep(self.folder, say)

    def __enter__(self) -> Builds:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the use of all binaries: they may be evicted from now on, and trees that nobody else uses are removed."""
        while self._locks:
            folder, lock = self._locks.popitem()
            workshop = Workshop(folder, self._say)
            try:
                if try_lock(lock, fcntl.LOCK_EX) and workshop.is_locked_by(lock):
                    clear(workshop)
            finally:
                os.close(lock)
        sweep(self.folder, self._say)  # once more: what a killed run had started may have ended only now

    def binary(self, commit: str) -> Path:
        """The program built from the commit (a full id), as an absolute path in the cache; builds it if need be.

        Raises BuildFailed, also if an earlier attempt failed; Problem when something else is in the way (a full disk,
        no permission). An interruption leaves nothing half-made.
        """
        workshop = self._workshop(commit)
        try:
            self._refuse_noexec()
            if workshop.folder not in self._locks:
                self._enter(workshop, commit)
            return self._result(workshop, commit)
        except OSError as error:
            where = shown(error.filename or self.folder, 300)
            raise Problem(f"{where}: {error.strerror or shown(error, 160)} while building {commits.short(commit)}; "
                          "XDG_CACHE_HOME names another place for builds") from None

    def tree(self, commit: str) -> Path:
        """The top folder of the commit's files (tracked ones and submodules, nothing that a build has made), at the path at
        which `binary` was built. All who use this build share it. Raises as `binary`, which it asks for."""
        self.binary(commit)
        return self._workshop(commit).tree

    def _refuse_noexec(self) -> None:
        """It would look as if the commit's programs could not be run. Raises Problem."""
        there = next(path for path in (self.folder, *self.folder.parents) if path.is_dir())
        if os.statvfs(there).f_flag & os.ST_NOEXEC:
            raise Problem(f"{shown(there, 300)}: mounted noexec, so that programs built there cannot be run; XDG_CACHE_HOME "
                          "names another place")

    def _workshop(self, commit: str) -> Workshop:
        made_by = [self.recipe.command, self.recipe.binary, self._tools]
        return Workshop(self._own / f"{commits.short(commit)}-{_digest(json.dumps(made_by))}", self._say)

    def _result(self, workshop: Workshop, commit: str) -> Path:
        manifest, log = manifest_of(workshop), workshop.kept / LOG
        if manifest.get("failed"):
            raise BuildFailed(f"{commits.short(commit)} ({commits.subject(self.repo, commit)}): {manifest['failed']}; "
                              f"log: {shown(log, 300)}; --rebuild tries again", commit, log)
        os.utime(workshop.kept / MANIFEST)  # least recently used ones go first
        return workshop.kept / Path(self.recipe.binary).name

    def _enter(self, workshop: Workshop, commit: str) -> None:
        """Takes the build into use: from now on it stays. It is made, and its tree checked out, by who comes first."""
        ends_at, said = time.monotonic() + HELD_S, ""
        while True:
            lock = workshop.open_lock()
            try:
                alone = try_lock(lock, fcntl.LOCK_EX) and workshop.is_locked_by(lock)
                if alone:
                    os.pwrite(lock, str(os.getpid()).encode(), 0)
                    with guarded(lock):
                        self._prepare(workshop, commit)
                    os.ftruncate(lock, 0)
                    fcntl.flock(lock, fcntl.LOCK_SH)  # another process may have it in between
                if try_lock(lock, fcntl.LOCK_SH) and workshop.is_locked_by(lock) and self._is_ready(workshop):
                    if self._rebuild and not alone:
                        raise Problem(f"--rebuild: another process is using {shown(workshop.folder, 300)}: wait for it to end")
                    self._locks[workshop.folder], lock = lock, -1
                    return
                holder = shown(os.pread(lock, 20, 0).decode("ascii", "replace"), 20)
            finally:
                if lock >= 0:
                    os.close(lock)
            if holder not in ("", said):
                self._say(f"waiting: process {holder} is building {commits.short(commit)}")
                said = holder
            if time.monotonic() > ends_at:
                raise Problem(f"{shown(workshop.folder, 300)}: process {holder or '?'} has kept its lock for {HELD_S / 3600:g} "
                              "h, longer than any build may take: end it")
            time.sleep(LOOK_S)

    def _is_whole(self, workshop: Workshop) -> bool:
        """Whether there is a build of ours, and no links to somewhere else."""
        manifest = manifest_of(workshop)
        binary = workshop.kept / Path(self.recipe.binary).name
        return bool(manifest) and is_folder(workshop.kept) and (manifest.get("failed") or _is_file(binary))

    def _is_ready(self, workshop: Workshop) -> bool:
        return self._is_whole(workshop) and (manifest_of(workshop).get("failed") or is_folder(workshop.tree))

    # ---- building ----

    def _prepare(self, workshop: Workshop, commit: str) -> None:
        """Alone there: makes the build, unless it is there, and the tree. A fresh build's tree is made anew, too: its first use
        is to find what later ones will. Leaves nothing half-made."""
        try:
            workshop.clear()
            with worktrees.writable_by_nobody_else():
                if self._rebuild or not self._is_whole(workshop):
                    self._build(workshop, commit)
                    workshop.clear()
                    evict(self.folder, *self._limits, self._say)
                if not manifest_of(workshop).get("failed"):
                    workshop.check_out(self.repo, commit)
            if not self._is_ready(workshop):
                raise Problem(f"{shown(workshop.folder, 300)}: what was built is not there: do other programs use this folder?")
        except BaseException:
            clear(workshop)
            raise

    def _build(self, workshop: Workshop, commit: str) -> None:
        name = f"{commits.short(commit)} ({commits.subject(self.repo, commit)})"
        self._say(f"building {name}")
        started = time.monotonic()
        workshop.check_out(self.repo, commit)
        jobs = {} if self._jobs is None else {"CMAKE_BUILD_PARALLEL_LEVEL": str(self._jobs),
                                              "MAKEFLAGS": f"-j{self._jobs}"}
        with workshop.run(self.recipe.command, jobs) as (code, log):
            workshop.make_new()
            _keep_log(workshop, log)
            if code is None:
                failed, passes = f"the build did not end within {BUILD_S / 3600:g} h", _full(workshop)
            else:
                failed = self._keep(workshop, outcome(code, log))
                passes = failed and (_full(workshop) or passing(code, log))
        if passes:
            raise Problem(f"{name}: {failed}: not the commit's fault, so try again"
                          f"{' with more space in ' + shown(self.folder, 300) if _full(workshop) else ''}")
        self._write_manifest(workshop, commit, failed, time.monotonic() - started)
        workshop.publish()
        self._say(f"{'failed' if failed else 'built'} after {time.monotonic() - started:.0f} s: {name}")

    def _keep(self, workshop: Workshop, failed: str) -> str:
        """Copies what is to be kept; returns why it cannot be, or `failed`."""
        if failed:
            return failed
        binary = self.recipe.binary
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

    def _write_manifest(self, workshop: Workshop, commit: str, failed: str, seconds: float) -> None:
        binary = workshop.new / Path(self.recipe.binary).name
        manifest = {"version": 1, "commit": commit, "command": self.recipe.command, "binary": self.recipe.binary,
                    "tools": self._tools, "failed": failed or None, "seconds": round(seconds, 1),
                    "sha256": None if failed else hashlib.sha256(binary.read_bytes()).hexdigest(),
                    "built_utc": datetime.now(timezone.utc).isoformat(timespec="seconds")}
        (workshop.new / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


def _keep_log(workshop: Workshop, log: IO[bytes]) -> None:
    log.seek(0)
    with open(workshop.new / LOG, "wb") as kept:
        shutil.copyfileobj(log, kept)


def _full(workshop: Workshop) -> bool:
    found = os.statvfs(workshop.folder)
    return found.f_bavail * found.f_frsize < FULL_BYTES


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _is_file(path: Path) -> bool:
    """Itself, not what a link leads to."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
