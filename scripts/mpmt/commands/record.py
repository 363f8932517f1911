"""Measures commits with `mpmt run`, each by its own build, and stores the records for histories."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mpmt.base.endings import tell
from mpmt.base.problem import EXIT_INTERRUPTED, EXIT_NOTHING, EXIT_OK, EXIT_USAGE, Problem
from mpmt.base.shown import shown
from mpmt.builds import commits
from mpmt.builds.builds import BuildFailed, Builds, add_build_arguments, builds_of
from mpmt.builds.process import Failed, ending, started
from mpmt.measuring import engine
from mpmt.measuring.options import refuse_times_as_grain
from mpmt.records.storing import file_leftovers, recorded, staging_place, store

BATCH = 20  # commits that are built before they are measured: fewer than are kept, and than a process may have open
PATHS = ("--data-dir",)  # options of mpmt run that name a place, meant relative to where the user stands
OURS = ("--out", "--benchmark_out", "--dry-run", "--benchmark_dry_run", "--benchmark_list_tests", "--benchmark_format")
OTHERS = ("--program", "--with", "--command", "--serve")


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
    print(f"mpmt track record: {shown(line)}", file=sys.stderr, flush=True)


# ---- what to measure ---------------------------------------------------------------------------------------


def run_options(given: Sequence[str]) -> list[str]:
    """The options for `mpmt run`, with places made absolute. Raises Problem for those that record sets itself, and for those
    with which no history could use the records."""
    refuse_times_as_grain(given)
    placements = list(_values(given, "--placement"))
    if placements and all(item.strip() == "free" for placed in placements for item in placed.split(",")):
        raise Problem("--placement: free alone is of no use to a history, where what is not pinned changes nothing: name same "
                      "or spread as well")
    made: list[str] = []
    for index, option in enumerate(given):
        name, equals, value = option.partition("=")
        if name in OURS:
            raise Problem(f"{name}: not with record, which stores whole records under names of its own; --results DIR "
                          "chooses the folder")
        if name in OTHERS:
            raise Problem(f"{name}: not with record: a record is of what the commit itself measures; `mpmt run {name} …` "
                          "measures other programs")
        if name == "--twins":
            raise Problem("--twins: not with record: twins are the same program twice, for judging the machine; `mpmt track "
                          "aa` does that")
        if equals and name in PATHS:
            option = f"{name}={Path(value).absolute()}"
        elif index and given[index - 1] in PATHS:
            option = str(Path(option).absolute())
        made.append(option)
    return made


def _values(given: Sequence[str], option: str) -> Iterator[str]:
    """What the option is given, be it in the next word or after a =."""
    for word, following in zip(given, [*given[1:], ""]):
        name, equals, value = word.partition("=")
        if name == option:
            yield value if equals else following


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
        say("this is a shallow clone: `mpmt track history` will need the full one (git fetch --unshallow)")
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
            key = engine.machine_key(builds.binary(commit))
            break
    if key is None:
        return wanted
    there = recorded(wanted, results / key, say)
    left = [commit for commit in wanted if commit not in there]
    say(f"{len(wanted) - len(left)} of {len(wanted)} commits have a record already")
    return left


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
        key = engine.machine_key(job.program)
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
    if code == engine.NOTHING_MATCHED:
        say(f"{name}: nothing matched")
        return EXIT_NOTHING
    if code == engine.CASE_FAILED and stored:
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
    hidden = {out, f"record: {out}"}  # it is about to be renamed; older commits' last line is the path alone

    def say_out(line: str) -> None:
        if line not in hidden:
            print(f"mpmt: {shown(line)}" if line else "", flush=True)
    try:
        with started(["mpmt", "run", "--out", out, *job.arguments], executable=job.program, cwd=job.results,
                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            return engine.to_its_end(process, say_out, _say_error)
    except Failed as failed:
        raise Problem(f"{shown(job.program, 300)}: {failed}") from None


def _say_error(line: str) -> None:
    tell(line if line.startswith("mpmt: ") else f"mpmt: {line}")
