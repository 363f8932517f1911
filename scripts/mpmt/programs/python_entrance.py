"""How workers come up: each takes a number, says that it is there, and waits until all are."""

from __future__ import annotations

import json
import os
import select
from collections.abc import Callable

from python_system import CannotPin
from python_workloads import Papers, Unsupported
from python_worker import Door

MOST_WORKERS = 4096  # their numbers fit into a pipe: they are written before anybody reads


class Entrance:
    """The submitter's ends. Pipes, because every kind of worker can have them: no lock is inherited in the wrong
    state, and nothing of them is left behind."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._tickets, tickets = os.pipe()
        os.write(tickets, b"".join(number.to_bytes(4, "little") for number in range(workers)))
        os.close(tickets)
        self._greetings, self._say = os.pipe()
        self._gate, self._open_gate = os.pipe()
        # Forked children have the other end as well: it tells those of a fork server only that the program has ended.
        self._life, self._program_end = os.pipe()

    def door(self) -> Door:
        """For workers that share this process's descriptors or inherit them."""
        return Door(self._tickets, self._say, self._gate, self._life)

    def door_to_send(self) -> Door:
        """For workers that have to be sent them as they start."""
        from multiprocessing.connection import Connection

        return Door(*(Connection(os.dup(end), readable=end != self._say, writable=end == self._say)
                      for end in (self._tickets, self._say, self._gate, self._life)))

    def let_in(self, look: Callable[[], None]) -> list[dict]:
        """Waits for all, and returns their greetings in the order of their numbers. `look` is called from time to time:
        it raises when one cannot come any more."""
        came: list[dict] = []
        unread = b""
        while len(came) < self._workers:
            if not select.select([self._greetings], [], [], 0.05)[0]:
                look()
                continue
            *lines, unread = (unread + os.read(self._greetings, 1 << 16)).split(b"\n")
            for line in lines:
                came.append(checked(json.loads(line)))
        os.write(self._open_gate, bytes(self._workers))
        return sorted(came, key=lambda greeting: greeting["id"])


def checked(greeting: Papers) -> Papers:
    if "error" not in greeting:
        return greeting
    kinds = {"CannotPin": CannotPin, "Unsupported": Unsupported}
    raise kinds.get(greeting["kind"], RuntimeError)(greeting["error"])
