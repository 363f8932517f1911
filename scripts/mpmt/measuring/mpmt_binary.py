"""mpmt's own program as a contender: its plan says what there is, the trial protocol measures it."""

from __future__ import annotations

import json
import math
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mpmt.base.problem import NothingMeasured, Problem
from mpmt.base.shown import shown
from mpmt.builds.process import Conversation, ending, output_of
from mpmt.measuring.contender import REPETITIONS, Case, Failed, Size, Unsupported, checked_program, sha256_of

PLAN_VERSION = 1
PROTOCOL = 1
DEADLINE_S = 60.0  # of a plan, which may calibrate a grain
PILOTS = 3
PILOT_BLOCK_S = 0.004  # a pilot grows until a block takes this long
MOST_TASKS = 10**12  # of a pilot: a program whose blocks take no time even so does not run them
LEAST_BLOCK_S = 0.0005
PATIENCE = 20  # times as long as expected: then a process has hung
NOTHING_MATCHED = 5  # mpmt's exit code

FREE = "not pinned: where the scheduler puts it decides"


class MpmtBinary:
    """`options`: of `mpmt run`; they choose the cases, e.g. ["--workload", "hash_chain"]."""

    def __init__(self, path: Path, label: str = "", options: Sequence[str] = ()) -> None:
        self.path = checked_program(path)
        self.label = label or str(path)
        self.sha256 = sha256_of(self.path)
        self._options = list(options)
        self._data_dir = _data_dir(self._options)

    def machine_key(self) -> str:
        answer = self._json(["machine", "--json"])
        key = answer.get("key")
        if not isinstance(key, str) or len(key) != 12 or not key.isalnum():
            raise Problem(f"{self.label}: `mpmt machine --json` has no machine key")
        return key

    def cases(self) -> list[Case]:
        _refuse_times_as_grain(self._options)
        plan = self._json(["run", "--dry-run", "--benchmark_format", "json", *self._options])
        if plan.get("plan_version") != PLAN_VERSION:
            raise Problem(f"{self.label}: its plan is of version {shown(plan.get('plan_version'), 20)}, but this script "
                          f"reads version {PLAN_VERSION}")
        try:
            return [self._case(planned) for planned in plan["cases"]]
        except (KeyError, TypeError, ValueError) as error:
            raise Problem(f"{self.label}: its plan has no usable field {shown(error, 60)}") from None

    def size(self, case: Case, seconds: float) -> Size:
        if not case.detail["runnable"]:
            raise Unsupported(f"unsupported: {_why_not(case.detail['case'])}")
        step = int(case.detail["divides"])
        tasks, block_s = step, 0.0
        while True:
            block_s, process_s = self._timed(case, Size(tasks, 1, DEADLINE_S / PATIENCE))
            if block_s >= PILOT_BLOCK_S or process_s > seconds:
                break
            growth = min(100.0, max(2.0, 1.5 * PILOT_BLOCK_S / block_s))
            tasks = step * math.ceil(tasks * growth / step)
            if tasks > MOST_TASKS:
                raise Failed(f"{shown(case.name, 160)}: {tasks} tasks take only {block_s:g} s")
        for _ in range(PILOTS - 1):  # the least of several: a neighbour only ever makes it longer
            block_s, process_s = map(min, zip((block_s, process_s), self._timed(case, Size(tasks, 1, DEADLINE_S / PATIENCE))))
        overhead = max(0.0, process_s - block_s - _warm_up(tasks, step) / tasks * block_s)
        left = max(seconds - overhead, REPETITIONS * LEAST_BLOCK_S)
        per_step = block_s / (tasks / step)
        amount = step * max(1, int(left / (REPETITIONS + 0.125) / per_step))
        blocks = max(1, min(REPETITIONS, int(left / (amount / step * per_step))))
        return Size(amount, blocks, overhead + (blocks + 0.125) * amount / step * per_step)

    def measure(self, case: Case, size: Size) -> float:
        return statistics.median(self._blocks(case, size)) / size.amount

    # ---- one process -----------------------------------------------------------------------------------

    def _timed(self, case: Case, size: Size) -> tuple[float, float]:
        """Seconds of a block, and of the whole process."""
        start = time.monotonic()
        blocks = self._blocks(case, size)
        return statistics.median(blocks) / 1e9, time.monotonic() - start

    def _blocks(self, case: Case, size: Size) -> list[int]:
        """Wall time of each block in ns."""
        deadline = max(10.0, PATIENCE * size.seconds)
        opening = {"type": "case", "protocol": PROTOCOL, "tasks": size.amount,
                   "warmup_tasks": _warm_up(size.amount, int(case.detail["divides"])), "deadline_s": deadline,
                   "data_dir": self._data_dir, "case": case.detail["case"]}
        command = [str(self.path), "trial", "--parent", str(os.getpid())]
        with Conversation(command, deadline + 1) as trial:
            trial.ask(opening, "ready")
            blocks = [_wall_ns(trial.ask({"type": "run"}, "block"), size) for _ in range(size.blocks)]
            trial.ask({"type": "end"}, "done")
            trial.finish()
        return blocks

    # ---- what it says of itself ------------------------------------------------------------------------

    def _case(self, planned: dict[str, Any]) -> Case:
        free = planned["case"]["placement"] == "free"
        for field, kind in (("name", str), ("bench_version", int), ("divides", int)):
            if type(planned[field]) is not kind or not planned[field]:
                raise ValueError(field)
        if planned["divides"] < 1:
            raise ValueError("divides")
        return Case(planned["name"], planned["bench_version"], FREE if free else "",
                    {"case": planned["case"], "divides": planned["divides"], "runnable": planned["runnable"] is True})

    def _json(self, arguments: Sequence[str]) -> dict[str, Any]:
        what = f"{self.label}: `mpmt {shown(' '.join(arguments), 120)}`"
        try:
            code, output, said = output_of([str(self.path), *arguments], DEADLINE_S)
        except Failed as error:
            raise Problem(f"{what}: {error}") from None
        if code == NOTHING_MATCHED:
            raise NothingMeasured(f"{what}: nothing matches")
        if code != 0:
            raise Problem(f"{what} {ending(code)}" + (f": {said}" if said else ""))
        try:
            answer = json.loads(output)
        except (ValueError, RecursionError):
            raise Problem(f"{what} did not answer in JSON: this build is older than track.py's comparisons, or is not "
                          "mpmt (other programs: --binary-a, --binary-b)") from None
        return answer if isinstance(answer, dict) else {}


def _why_not(case: Mapping[str, Any]) -> str:
    """Why the plan calls a case not runnable in blocks of any size."""
    if case.get("pattern") == "open_loop":
        return "messages are sent at a given rate, so that their wall time says nothing"
    return "even its smallest message is larger than the channel carries"


def _warm_up(tasks: int, step: int) -> int:
    """An eighth of a block, and at least two rounds over the workers, as far as the block has them."""
    return min(tasks, max(tasks // 8, 2 * step))


def _refuse_times_as_grain(options: Sequence[str]) -> None:
    """Each side would calibrate a grain of its own, and the grain makes the case. Raises Problem."""
    for before, option in zip(["", *options], options):
        name, _, value = option.partition("=") if option.startswith("--grain=") else (before, "", option)
        if name == "--grain" and "s" in value:
            raise Problem(f"--grain: '{shown(value, 60)}' is calibrated anew by each side: give it as a number, which "
                          f"`mpmt run --dry-run --grain {shown(value, 60)}` prints")


def _wall_ns(block: dict[str, Any], size: Size) -> int:
    wall, tasks = block.get("wall_ns"), block.get("tasks")
    if type(wall) is not int or not 0 < wall < 1 << 63:
        raise Failed(f"block.wall_ns is {shown(wall, 40)}, not a positive integer")
    if tasks != size.amount:
        raise Failed(f"a block had {shown(tasks, 40)} tasks where {size.amount} were asked for")
    return wall


def _data_dir(options: Sequence[str]) -> str:
    for index, option in enumerate(options):
        if option.startswith("--data-dir="):
            return option.partition("=")[2]
        if option == "--data-dir" and index + 1 < len(options):
            return options[index + 1]
    return "/var/tmp" if os.access("/var/tmp", os.W_OK) else os.environ.get("TMPDIR", "/tmp")
