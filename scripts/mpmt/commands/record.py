"""track.py record: measures commits with `mpmt run`, each by its own build, and stores the records for histories."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import selectors
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mpmt.base.endings import ending_signal, tell
from mpmt.base.problem import EXIT_INTERRUPTED, EXIT_NOTHING, EXIT_OK, EXIT_USAGE, Problem
from mpmt.base.shown import shown
from mpmt.builds import commits
from mpmt.builds.builds import BuildFailed, Builds, add_build_arguments, builds_of
from mpmt.builds.process import ending, output_of, started
from mpmt.builds.process import Failed
from mpmt.records.stored_files import MACHINE_KEY
from mpmt.records.storing import file_leftovers, recorded, staging_place, store

DEADLINE_S = 60.0  # for `mpmt machine`
BATCH = 20  # commits that are built before they are measured: fewer than are kept, and than a process may have open
PATHS = ("--data-dir",)  # options of mpmt run that name a place, meant relative to where the user stands
OURS = ("--out", "--benchmark_out", "--dry-run", "--benchmark_list_tests", "--benchmark_format")
# mpmt run's own exit codes
CASE_FAILED, NOTHING_MATCHED = 1, 5
MOST_BYTES_OF_A_LINE = 1 << 20  # of what a program says; a longer one is cut


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("commits", nargs="*", metavar="COMMIT|A..B",
                        help="what to measure: revisions, and ranges along first parents without A "
                        "(default: HEAD, which must be all there is: no uncommitted changes)")
    parser.add_argument("--results", type=Path, metavar="DIR",
                        help="folder for DIR/MACHINE-KEY/COMMIT-UTC.json (default: the repository's results/)")
    parser.add_argument("--step", type=_step, default=1, metavar="N",
                        help="only every N-th of the commits, counted back from the last one")
    parser.add_argument("--missing", action="store_true",
                        help="only commits without a complete record of this machine in the folder")
    add_build_arguments(parser)


def _step(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a number from 1 to 1000000")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """0: all were recorded, or, with --missing, were there already. 2: a commit did not build, a case failed, or a
    record was refused; all other commits are measured first. 5: nothing matched, at any commit; where some have
    recorded something, the others are only told. On Ctrl-C, KeyboardInterrupt: what mpmt run has measured by then is
    kept."""
    arguments = run_options(options.options)
    wanted = wanted_commits(options)
    with builds_of(options, say) as builds:
        results = (options.results or builds.repo / "results").absolute()
        file_leftovers(results, say)
        if options.missing:
            wanted = _without_recorded(builds, wanted, results)
            if not wanted:
                return EXIT_OK
        try:
            codes = _record_all(builds, wanted, results, arguments)
        finally:
            file_leftovers(results, say, again=True)  # what our own mpmt has recovered of killed runs
    return EXIT_USAGE if EXIT_USAGE in codes else EXIT_OK if EXIT_OK in codes else EXIT_NOTHING


def _record_all(builds: Builds, wanted: Sequence[str], results: Path, arguments: list[str]) -> list[int]:
    """An exit code for each commit."""
    codes: list[int] = []
    for at in range(0, len(wanted), BATCH):
        batch = wanted[at:at + BATCH]
        programs = _build_all(builds, batch, alone=len(wanted) == 1)
        for number, commit in enumerate(batch, at + 1):
            codes.append(_measure(Job(commit, programs[commit], results, arguments), number, len(wanted))
                         if commit in programs else EXIT_USAGE)
        builds.close()  # they may be evicted, and their locks' descriptors are needed
    return codes


def say(line: str) -> None:
    print(f"track.py record: {shown(line)}", file=sys.stderr, flush=True)


# ---- what to measure ---------------------------------------------------------------------------------------


def run_options(given: Sequence[str]) -> list[str]:
    """The options for `mpmt run`, with places made absolute. Raises Problem for those that record sets itself."""
    made: list[str] = []
    for index, option in enumerate(given):
        name, equals, value = option.partition("=")
        if name in OURS:
            raise Problem(f"{name}: not with record, which stores whole records under names of its own; --results DIR "
                          "chooses the folder")
        if equals and name in PATHS:
            option = f"{name}={Path(value).absolute()}"
        elif index and given[index - 1] in PATHS:
            option = str(Path(option).absolute())
        made.append(option)
    return made


def wanted_commits(options: argparse.Namespace) -> list[str]:
    """Oldest first within each range. Raises Problem when HEAD is meant and is not all that there is."""
    repo = commits.top(options.repo)
    if not options.commits:
        changed = commits.dirty_files(repo)
        if changed:
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            raise Problem(f"{shown(changed[0], 200)}{more}: not committed: commit first, or name the commit "
                          "(`record HEAD` measures what is committed)")
    found = commits.expand(repo, options.commits or ["HEAD"])
    if commits.is_detached(repo):
        say(f"HEAD is detached, at {commits.short(commits.resolve(repo, 'HEAD'))}")
    if commits.is_shallow(repo):
        say("this is a shallow clone: `track.py history` will need the full one (git fetch --unshallow)")
    return found[::-1][::options.step][::-1]


def _build_all(builds: Builds, wanted: Sequence[str], alone: bool) -> dict[str, Path]:
    """All programs, before any is measured: what a build has left in caches and clocks would disturb the next
    measurement."""
    found: dict[str, Path] = {}
    for commit in wanted:
        try:
            found[commit] = builds.binary(commit)
        except BuildFailed as failure:
            if alone:
                raise
            say(f"skipped: {failure}")
    return found


def _without_recorded(builds: Builds, wanted: list[str], results: Path) -> list[str]:
    """Those without a record here. The machine's key is that of the newest build; only the others need to be built."""
    key = None
    for commit in reversed(wanted):
        with contextlib.suppress(BuildFailed):
            key = machine_key(builds.binary(commit))
            break
    if key is None:
        return wanted
    there = recorded(wanted, results / key, say)
    left = [commit for commit in wanted if commit not in there]
    say(f"{len(wanted) - len(left)} of {len(wanted)} commits have a record already")
    return left


def machine_key(program: Path) -> str:
    """What the program calls this machine. Raises Problem when it is not an mpmt."""
    what = f"{shown(program, 300)}: `mpmt machine --json`"
    try:
        key = json.loads(output_of([str(program), "machine", "--json"], DEADLINE_S)[1])["key"]
    except (Failed, ValueError, KeyError, TypeError, RecursionError):
        key = None
    if not isinstance(key, str) or not MACHINE_KEY.fullmatch(key):
        raise Problem(f"{what} names no machine key: only mpmt's own programs can be recorded; `track.py compare` "
                      "takes others")
    return key


# ---- measuring ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    commit: str
    program: Path
    results: Path  # absolute
    arguments: list[str]


def _measure(job: Job, number: int, count: int) -> int:
    """An exit code. A failure does not keep other commits from being measured; KeyboardInterrupt does."""
    name = commits.short(job.commit)
    say(f"measuring {name}{f' ({number} of {count})' if count > 1 else ''}")
    try:
        key = machine_key(job.program)
        with staging_place(job.results, key, job.commit) as staged:
            code, interrupted = _run_mpmt(job, staged)
            stored = store(staged, job.commit, key) if staged.exists() else None
    except Problem as problem:
        if count == 1:
            raise
        say(str(problem))
        return EXIT_USAGE
    if stored:
        say(f"recorded: {_from_here(stored)}")
    if interrupted or code == EXIT_INTERRUPTED:
        raise KeyboardInterrupt
    return _judged(code, stored is not None, name)


def _from_here(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _judged(code: int, stored: bool, name: str) -> int:
    if code == 0 and stored:
        return EXIT_OK
    if code == NOTHING_MATCHED:
        say(f"{name}: nothing matched")
        return EXIT_NOTHING
    if code == CASE_FAILED and stored:
        say(f"{name}: a case failed; the record is kept, and says which")
    else:
        say(f"{name}: mpmt run {ending(code)}{'' if stored else ' and left no record'}")
    return EXIT_USAGE


def _run_mpmt(job: Job, staged: Path) -> tuple[int, bool]:
    """mpmt run's exit code, and whether we were interrupted; then it was told to end, and has kept what it had.

    It runs in the results folder under its plain name: records hold the command line, and need not tell where
    anybody's home is. It has a session of its own, so that Ctrl-C reaches it once, and from here.
    """
    out = str(staged.relative_to(job.results))
    try:
        with started(["mpmt", "run", "--out", out, *job.arguments], executable=job.program, cwd=job.results,
                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            passing = _Passing(process, out)
            try:
                passing.to_the_end()
                return process.wait(), False
            except KeyboardInterrupt:
                process.send_signal(ending_signal())
                say("interrupted: waiting for mpmt to store what it has measured; Ctrl-C again gives it up")
                passing.to_the_end()
                return process.wait(), True
    except Failed as failed:
        raise Problem(f"{shown(job.program, 300)}: {failed}") from None


class _Passing:
    """mpmt's own lines as they come, each on the stream it came on, without the path of a file that is about to be renamed."""

    def __init__(self, process: subprocess.Popen[bytes], hidden: str) -> None:
        self._hidden = {hidden, f"record: {hidden}"}  # older commits' last line is the path alone
        self._begun = {process.stdout: b"", process.stderr: b""}
        self._say = {process.stdout: self._out, process.stderr: self._err}

    def to_the_end(self) -> None:
        with selectors.DefaultSelector() as selector:
            for stream in self._begun:
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                for key, _ in selector.select():
                    if not self._take(key.fileobj):
                        selector.unregister(key.fileobj)

    def _take(self, stream: IO[bytes]) -> bool:
        """Whether there may be more."""
        data = os.read(stream.fileno(), 1 << 16)
        *whole, self._begun[stream] = (self._begun[stream] + data).split(b"\n")
        if self._begun[stream] and (not data or len(self._begun[stream]) > MOST_BYTES_OF_A_LINE):
            whole.append(self._begun[stream])
            self._begun[stream] = b""
        for line in whole:
            self._say[stream](line.decode("utf-8", "replace"))
        return bool(data)

    def _out(self, line: str) -> None:
        if line not in self._hidden:
            print(f"mpmt: {shown(line)}" if line else "", flush=True)

    @staticmethod
    def _err(line: str) -> None:
        tell(line if line.startswith("mpmt: ") else f"mpmt: {line}")
