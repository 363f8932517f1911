"""Any program that writes Google Benchmark's JSON, as a contender."""

from __future__ import annotations

import os
import re
import statistics
import time
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from mpmt.base.files import read_whole
from mpmt.base.problem import NothingMeasured, Problem
from mpmt.base.shown import shown
from mpmt.builds.process import MOST_OUTPUT, ending, output_of
from mpmt.builds.scratch import scratch_folder
from mpmt.measuring.contender import REPETITIONS, Case, Failed, Size, checked_program, sha256_of
from mpmt.records.google_files import UNITS_NS, kind_of, skipped
from mpmt.records.json_text import tolerated

LISTING_S = PROBE_S = 60.0  # deadlines
PILOT_S = 0.02  # timed by a pilot
LEAST_BLOCK_S = 0.001
LEAST_NS, MOST_NS = 1e-6, 1e15  # a time per iteration that can be believed: up to eleven days
_VARIABLES = {f"BENCHMARK_{option}" for option in (
    "LIST_TESTS", "FILTER", "MIN_TIME", "MIN_WARMUP_TIME", "REPETITIONS", "ENABLE_RANDOM_INTERLEAVING", "DRY_RUN",
    "REPORT_AGGREGATES_ONLY", "DISPLAY_AGGREGATES_ONLY", "FORMAT", "OUT", "OUT_FORMAT")}


class GoogleBinary:
    """`identity`: what stays the same from commit to commit, the program's path unless told. `cpus`: where its processes
    run, anywhere if there are none. `options`: given on to it each time.

    From Google Benchmark 1.8 on, the iterations of a process are fixed (`--benchmark_min_time=<n>x`), the same for both
    sides. Older ones choose their own for the time that they are given: `fixed_iterations` says which it is.
    """

    def __init__(self, path: Path, label: str = "", cpus: Collection[int] = (), options: Sequence[str] = (),
                 identity: str = "") -> None:
        self.path = checked_program(path)
        self.label = label or str(path)
        self.sha256 = sha256_of(self.path)
        self.identity = identity or str(self.path)
        self._cpus, self._options = frozenset(cpus), list(options)
        self._fixed: bool | None = None
        self._listed: Counter[str] = Counter()  # how often each name is

    def cases(self) -> list[Case]:
        try:
            code, output, said = self._output_of(["--benchmark_list_tests=true", "--benchmark_format=console"], LISTING_S)
        except Failed as error:
            raise Problem(f"{self.label}: {error}") from None
        if code != 0:
            raise Problem(f"{self.label}: --benchmark_list_tests {ending(code)}" + (f": {said}" if said else ""))
        names = [line for line in output.decode("utf-8", "replace").split("\n") if line.strip()]
        if not names:
            raise NothingMeasured(f"{self.label}: it lists no benchmark")
        self._listed = Counter(names)
        return [Case(name) for name in self._listed]

    @property
    def fixed_iterations(self) -> bool:
        if self._fixed is None:
            raise ValueError("not known before `size`")
        return self._fixed

    def size(self, case: Case, seconds: float) -> Size:
        if self._listed[case.name] > 1:
            raise Failed(f"{self._listed[case.name]} benchmarks are called {shown(case.name, 100)}: which is meant cannot be "
                         "said")
        if self._fixed is None:
            self._fixed = self._takes_iterations()
        start = time.monotonic()
        per_iteration_s = self._times(case, self._seconds(PILOT_S), 1, PROBE_S)[0] / 1e9
        process_s = time.monotonic() - start
        overhead = max(0.0, process_s - 2 * PILOT_S)  # about half of a calibrated pilot is calibration
        left = max(seconds - overhead, REPETITIONS * LEAST_BLOCK_S)
        amount = max(1, int(left / REPETITIONS / per_iteration_s))
        blocks = max(1, min(REPETITIONS, int(left / (amount * per_iteration_s))))
        return Size(amount, blocks, overhead + blocks * amount * per_iteration_s)

    def measure(self, case: Case, size: Size) -> float:
        if self.fixed_iterations:
            length = f"{size.amount}x"
        else:
            length = self._seconds(max(size.seconds / size.blocks, LEAST_BLOCK_S))
        return statistics.median(self._times(case, length, size.blocks, max(30.0, 20 * size.seconds)))

    # ---- one process -----------------------------------------------------------------------------------

    def _command(self, *arguments: str) -> list[str]:
        return [str(self.path), *self._options, *arguments]

    def _seconds(self, seconds: float) -> str:
        # 1.8 and later want the unit, and older ones refuse it.
        return f"{seconds:.6f}s" if self._fixed else f"{seconds:.6f}"

    def _output_of(self, arguments: Sequence[str], deadline_s: float) -> tuple[int, bytes, str]:
        return output_of(self._command(*arguments), deadline_s, cpus=self._cpus, env=_environment())

    def _takes_iterations(self) -> bool:
        """Whether its library is of 1.8 or later, which no benchmark has to be run for. Raises Failed."""
        code, _, said = self._output_of(["--benchmark_list_tests=true", "--benchmark_min_time=1x"], LISTING_S)
        return code == 0 and "expected to be a double" not in said

    def _times(self, case: Case, length: str, blocks: int, deadline_s: float) -> list[float]:
        """Of one process: ns per iteration of each block."""
        return [entry["ns"] for entry in self._entries(case, length, blocks, deadline_s)]

    def _entries(self, case: Case, length: str, blocks: int, deadline_s: float) -> list[dict[str, Any]]:
        """Of one process: each block, with `ns` per iteration."""
        with scratch_folder() as folder:
            out = folder / "out.json"
            arguments = [
                f"--benchmark_filter={_filter(case.name)}", f"--benchmark_min_time={length}",
                f"--benchmark_repetitions={blocks}", "--benchmark_report_aggregates_only=false",
                "--benchmark_display_aggregates_only=false", f"--benchmark_out={out}", "--benchmark_out_format=json"]
            code, _, said = self._output_of(arguments, deadline_s)
            if code != 0:
                raise Failed(f"{self.label} {ending(code)}" + (f": {said}" if said else ""))
            return _read(out, case)


def _environment() -> dict[str, str]:
    """Without what would change what the library is asked for."""
    return {name: value for name, value in os.environ.items() if name not in _VARIABLES}


def _filter(name: str) -> str:
    """A regular expression that matches this name in every dialect that the library is built with, and perhaps others: what is
    not plain is a dot."""
    return "^" + re.sub(r"[^\x00-\x7f]+", ".+", re.sub(r"[^\w /:<>,=%#@~!&;'\"\x80-\U0010ffff-]", ".", name)) + "$"


def _read(out: Path, case: Case) -> list[dict[str, Any]]:
    try:
        entries = tolerated(read_whole(out, MOST_OUTPUT))["benchmarks"]
        names = {entry.get("name") for entry in entries}
        timed = [{**entry, "ns": _time_ns(entry, case)} for entry in entries
                 if entry.get("name", case.name) == case.name and kind_of(entry, names)[0] == "iteration"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Failed(f"{shown(case.name, 160)}: its JSON cannot be used: {shown(why, 100)}") from None
    if not timed:
        raise Failed(f"{shown(case.name, 160)}: its JSON has no such benchmark")
    return timed


def _time_ns(entry: dict[str, Any], case: Case) -> float:
    if why := skipped(entry):
        raise Failed(f"{shown(case.name, 160)}: {why}")
    ns = float(entry["real_time"]) * UNITS_NS[entry.get("time_unit", "ns")]
    if not LEAST_NS <= ns <= MOST_NS:
        raise Failed(f"{shown(case.name, 160)}: real_time is {shown(entry['real_time'], 40)} {shown(entry.get('time_unit', 'ns'), 10)}")
    return ns
