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
from mpmt.asking.question import COPY, CPU, HAND_OVER, KINDS, MANY_WORKERS, MIX, WAIT, Wish
from mpmt.base.problem import Problem
from mpmt.base.shown import shown


@dataclass(frozen=True)
class Item:
    """`default`: as it is typed. `taken`: puts the value into the wish."""

    question: str
    default: str
    value: Callable[[str], Any]
    field: str


def kind(text: str) -> str:
    if text not in KINDS:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is none of {', '.join(KINDS)}")
    return text


def yes(text: str) -> bool:
    if text.lower() not in ("y", "yes", "n", "no"):
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is neither yes nor no")
    return text.lower() in ("y", "yes")


def items(chosen: str, cpus: int) -> Sequence[Item]:
    """What is asked once the kind is known."""
    task = {WAIT: "1ms", MIX: "1ms", CPU: "100us"}.get(chosen, "200us")
    workers = spelling.list_text(MANY_WORKERS) if chosen in (WAIT, MIX) else str(cpus)
    return [
        *([] if chosen in (COPY, HAND_OVER) else [Item("How long does a task take, by itself?", task, spelling.task_time, "task_ns")]),
        Item("How much data travels with a task?", "4Ki" if chosen == COPY else "0", spelling.payload_size, "payload"),
        Item("How many workers? One count, or several to find the best", workers, spelling.worker_counts, "workers"),
        Item("Must the rest survive the crash of a worker? yes or no", "no", yes, "must_survive_crash")]


def asked(wish: Wish, cpus: int, say: Callable[[str], None], read: Callable[[], str]) -> Wish:
    """The wish with what the user answers. Raises Problem where the answers end too soon."""
    for name, what in KINDS.items():
        say(f"  {name:10} a task {what}")
    first = _answered(Item("What does a task do?", CPU, kind, "kind"), say, read)
    wish = replace(wish, kind=first)
    for item in items(first, cpus):
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
