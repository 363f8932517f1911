"""Many records at once, each summarised by one of several processes. A process that is killed (for its memory, say)
costs no more than the file that it died of."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection

from mpmt.builds.process import ending
from mpmt.records.stored_files import Found, Summary, summarise

FEW_FILES = 8  # below this, processes are not worth starting
MOST_WORKERS = 16
AT_ONCE = 4  # files per task
# A parsed record takes some ten times the room of its text: these bound all processes together to about 1 GiB.
TEXT_BYTES = 96 << 20  # being parsed at once
BIG_BYTES = 32 << 20  # larger files are read alone


@contextmanager
def summaries(results: str, found: Sequence[Found]) -> Iterator[Iterator[Summary]]:
    """The records' summaries in any order, read by as many processes as there are CPUs to use, and room for."""
    with closing(_summaries(results, found)) as coming:
        yield coming


def _summaries(results: str, found: Sequence[Found]) -> Iterator[Summary]:
    small = [one.path for one in found if one.size <= BIG_BYTES]
    workers = _workers(max((one.size for one in found if one.size <= BIG_BYTES), default=0))
    if workers < 2 or len(small) < FEW_FILES:
        for path in small:
            yield summarise(results, path)
    else:
        tasks = deque(small[at:at + AT_ONCE] for at in range(0, len(small), AT_ONCE))
        while tasks:
            suspects: list[str] = []
            yield from _by_several(results, tasks, workers, suspects)
            for path in suspects:
                yield alone(results, path)
    for one in found:
        if one.size > BIG_BYTES:
            yield alone(results, one.path)


def _workers(largest: int) -> int:
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cpus, MOST_WORKERS, TEXT_BYTES // max(largest, 1))


def _by_several(results: str, tasks: deque[list[str]], workers: int, suspects: list[str]) -> Iterator[Summary]:
    """Takes from `tasks` until there are none. When a process is killed it stops, and adds the files that were being
    read to `suspects`: nobody knows which of them it was."""
    pool = ProcessPoolExecutor(workers, initializer=_prepare_worker)
    running: dict[Future[list[Summary]], list[str]] = {}
    try:
        while tasks or running:
            while tasks and len(running) < 2 * workers:
                future = pool.submit(_summarise, results, tasks[0])
                running[future] = tasks.popleft()
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                made = done.result()
                del running[done]
                yield from made
    except BrokenProcessPool:
        suspects += [path for paths in running.values() for path in paths] or (tasks.popleft() if tasks else [])
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the pool
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.freeze()
    gc.disable()  # parsed JSON has no cycles; looking for them takes a third of the time


def _summarise(results: str, paths: Sequence[str]) -> list[Summary]:
    made = [summarise(results, path) for path in paths]
    gc.collect()  # what a refused one has left
    return made


def alone(results: str, path: str) -> Summary:
    """The summary, made by a process of its own, whose memory goes with it. One that is killed is the file's fault, for
    now."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.Process(target=_send, args=(sender, results, path), daemon=True)
    child.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        child.join()
        return Summary(path, f"the process that read it {ending(child.exitcode)}; is it too large for this machine's "
                             "memory?", passing=True)
    finally:
        child.kill()
        child.join()
        receiver.close()


def _send(sender: Connection, results: str, path: str) -> None:
    _prepare_worker()
    sender.send(summarise(results, path))
