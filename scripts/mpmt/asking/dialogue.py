"""Questions on a terminal, for who gives no options: five at most, each with a default."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mpmt.asking import spelling
from mpmt.asking.catalogue import Catalogue, Workload
from mpmt.asking.question import CPU, Wish, described, usual_payload, usual_task_ns, usual_workers
from mpmt.base.problem import Problem
from mpmt.base.shown import shown


@dataclass(frozen=True)
class Item:
    """`default`: as it is typed. `taken`: puts the value into the wish."""

    question: str
    default: str
    value: Callable[[str], Any]
    field: str


def kind_among(known: Sequence[str]) -> Callable[[str], str]:
    def kind(text: str) -> str:
        if text not in known:
            raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is none of {', '.join(known)}")
        return text
    return kind


def yes(text: str) -> bool:
    if text.lower() not in ("y", "yes", "n", "no"):
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is neither yes nor no")
    return text.lower() in ("y", "yes")


def items(workload: Workload, cpus: int) -> Sequence[Item]:
    """What is asked once the kind is known."""
    kind = workload.question
    task_ns = usual_task_ns(kind, workload)
    return [
        *([Item("How long does a task take, by itself?", spelling.time_text(task_ns), spelling.task_time, "task_ns")] if task_ns
          else []),
        Item("How much data travels with a task?", spelling.size_text(usual_payload(workload)), spelling.payload_size,
             "payload"),
        Item("How many workers? One count, or several to find the best", spelling.list_text(usual_workers(kind, cpus)),
             spelling.worker_counts, "workers"),
        Item("Must the rest survive the crash of a worker? yes or no", "no", yes, "must_survive_crash")]


def asked(wish: Wish, catalogue: Catalogue, cpus: int, say: Callable[[str], None], read: Callable[[], str]) -> Wish:
    """The wish with what the user answers. Raises Problem where the answers end too soon."""
    known = catalogue.questions()
    for name in known:
        say(f"  {name:10} a task {described(name, catalogue)}")
    kind = _answered(Item("What does a task do?", CPU if CPU in known else known[0], kind_among(known), "kind"), say, read)
    workload = catalogue.typical(kind)
    assert workload
    wish = replace(wish, kind=kind)
    for item in items(workload, cpus):
        wish = replace(wish, **{item.field: _answered(item, say, read)})
    return wish


def _answered(item: Item, say: Callable[[str], None], read: Callable[[], str]) -> Any:
    while True:
        say(f"{item.question} [{item.default}]")
        line = read()
        if not line:
            raise Problem("the questions were not answered to the end: nothing was measured")
        try:
            return item.value(line.strip() or item.default)
        except argparse.ArgumentTypeError as wrong:
            say(f"{wrong}: once more")


def on_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def read() -> str:
    """A line of the terminal; "" at its end."""
    with contextlib.suppress(OSError):
        os.write(2, b"> ")
    return sys.stdin.readline()
