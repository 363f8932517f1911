"""The records below a results folder, as a history needs them. Those that have not changed are not read again, and of many
each is read by one of several processes: one that is killed (for its memory, say) costs no more than the file it died of."""

from __future__ import annotations

import base64
import functools
import gc
import hashlib
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from mpmt.base.problem import Problem
from mpmt.base.shown import shown
from mpmt.history.memory import Memory
from mpmt.records import schemas, stored_files
from mpmt.records.stored_files import CasePoint, Found, Summary, find

FEW_FILES = 8  # below this, processes are not worth starting
MOST_WORKERS = 16
AT_ONCE = 4  # files per task
# A parsed record takes some ten times the room of its text: these bound all processes together to about 1 GiB.
TEXT_BYTES = 96 << 20  # being parsed at once
BIG_BYTES = 32 << 20  # larger files are read alone
KILLED = "the process that read it was killed; is it too large for this machine's memory?"


def look(results: Path, memory: Memory) -> tuple[list[Summary], list[str]]:
    """The usable records in the order of their paths, and for each file that cannot be used a line "path: field: what". Raises
    Problem when the folder cannot be listed."""
    try:
        there = list(find(results))
    except OSError as error:
        raise Problem(f"--results: {shown(results, 300)}: {error.strerror}") from None
    known = {found.path: summary for found in there if (summary := _known(results, memory, found))}
    fresh = {found.path: found for found in there if found.path not in known}
    for summary in summaries(str(results), list(fresh.values())):
        known[summary.path] = summary
        if not summary.passing:
            memory.keep(_question(results, fresh[summary.path]), _kept(summary))
    whole = [known[found.path] for found in there]
    refused = [f"{shown(one.path, 300)}: {one.fault}" for one in whole if one.fault]
    return [one for one in whole if not one.fault], refused


# ---- what is kept of a record ------------------------------------------------------------------------------


def _question(results: Path, found: Found) -> str:
    return f"record {version()} {os.path.realpath(results)}/{found.path} {found.stamp}"


@functools.cache
def version() -> str:
    """Of what a summary says: it depends on all code that reads and checks records."""
    sources = [*Path(stored_files.__file__).parent.glob("*.py"), *schemas.SCHEMA_PATHS.values()]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()[:16]


def _kept(summary: Summary) -> list[Any]:
    return [*summary[:-1], [[*point[:-1], base64.b64encode(point.trials).decode()] for point in summary.points]]


def _known(results: Path, memory: Memory, found: Found) -> Summary | None:
    if found.fault:
        return Summary(found.path, found.fault)
    try:
        *facts, points = memory.answer(_question(results, found))
        return Summary._make([*facts, tuple(CasePoint._make([*said, base64.b64decode(trials)]) for *said, trials in points)])
    except (TypeError, ValueError):  # nothing, or something else
        return None


# ---- reading -----------------------------------------------------------------------------------------------


def summaries(results: str, found: Sequence[Found]) -> Iterator[Summary]:
    """In any order, made by as many processes as there are CPUs to use, and room for."""
    small = [one for one in found if one.size <= BIG_BYTES]
    left = dict.fromkeys(one.path for one in found)
    workers = _workers(max((one.size for one in small), default=0))
    if len(small) >= FEW_FILES and workers > 1:
        made = _by_several(results, [one.path for one in small], workers)
    else:
        made = (stored_files.summarise(results, one.path) for one in small)
    for summary in made:
        del left[summary.path]
        yield summary
    for path in left:  # alone, so that its memory goes with the process
        yield next(_by_several(results, [path], 1), Summary(path, KILLED, passing=True))


def _workers(largest: int) -> int:
    return min(len(os.sched_getaffinity(0)), MOST_WORKERS, TEXT_BYTES // max(largest, 1))


def _by_several(results: str, paths: Sequence[str], workers: int) -> Iterator[Summary]:
    """Fewer than there are paths when a process is killed: nobody knows which file it was at."""
    schemas.first_problem({})  # the functions that check are made once, before the processes part
    pool = ProcessPoolExecutor(workers, initializer=_prepare)
    try:
        yield from pool.map(functools.partial(stored_files.summarise, results), paths, chunksize=AT_ONCE)
    except BrokenProcessPool:
        pass
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _prepare() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the pool
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.freeze()
