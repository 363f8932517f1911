"""What others did to the usable CPUs meanwhile, as far as that can be seen: `mpmt run` reads the same counters by the same
rules (benchmarks/host/load.hpp)."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Collection
from dataclasses import dataclass

MOST_SHARE = 0.02  # of the usable CPUs' time
LEAST_SECONDS = 0.025  # /proc/stat counts in ticks of 10 ms: less than that is its rounding
STANDS_STILL_S = 0.1  # counters that have not moved for so long do not move
STAT = "/proc/stat"
COLUMNS = 8  # user, nice, system, idle, iowait, irq, softirq, steal


@dataclass(frozen=True)
class Ticks:
    """Of some CPUs together. `all` goes on as time does."""

    busy: int
    stolen: int
    all: int


@dataclass(frozen=True)
class LoadSample:
    """`own`: CPU time in s of this process and its reaped children. `ticks`: None where they cannot be believed, for the
    reason `why_not`. `cpus`: those that this process may use; empty where that is not known."""

    when: float
    own: float
    cpus: frozenset[int]
    ticks: Ticks | None
    why_not: str = ""


@dataclass(frozen=True)
class Load:
    """Between two samples. `foreign`: CPU time in s that others took, stolen by the hypervisor or used by other processes;
    None where it is unknown, for the reason `why_unknown`. `available`: that of all usable CPUs. `change`: of the CPUs
    that this process may use, in words."""

    foreign: float | None
    available: float
    why_unknown: str = ""
    change: str = ""

    @property
    def disturbing(self) -> bool:
        return bool(self.change) or (self.foreign is not None and is_disturbance(self.foreign, self.available))


class Unbelievable(Exception):
    """What /proc/stat says cannot be taken for what the CPUs do; the message says why."""


def read_stat(text: str, cpus: Collection[int]) -> Ticks:
    """The sums over the lines of these CPUs. In containers /proc/stat may be masked, all zeros, numbered anew, or of four
    columns: raises Unbelievable."""
    if not text:
        raise Unbelievable(f"{STAT} is empty")
    lines = {words[0]: words[1:] for words in map(str.split, text.splitlines()) if words and words[0].startswith("cpu")}
    busy = stolen = total = 0
    for cpu in sorted(cpus):
        if f"cpu{cpu}" not in lines:
            raise Unbelievable(f"{STAT} has no line for CPU {cpu}")
        ticks = _numbers(lines[f"cpu{cpu}"])
        if len(ticks) < COLUMNS:
            raise Unbelievable(f"{STAT} has {len(ticks)} columns of numbers for CPU {cpu}, not {COLUMNS}")
        if not any(ticks):
            raise Unbelievable(f"{STAT} has only zeros for CPU {cpu}")
        user, nice, system, _idle, _iowait, irq, softirq, steal = ticks
        busy += user + nice + system + irq + softirq
        stolen += steal
        total += sum(ticks)
    return Ticks(busy, stolen, total)


def _numbers(words: list[str]) -> list[int]:
    """Those at the beginning of a line, COLUMNS at most."""
    numbers: list[int] = []
    for word in words[:COLUMNS]:
        if not (word.isascii() and word.isdecimal() and len(word) < 20):
            break
        numbers.append(int(word))
    return numbers


def sample_load(cpus: Collection[int] | None = None) -> LoadSample:
    """Of these CPUs; by default of those that this process may use."""
    usable = usable_cpus()
    own = sum(used.ru_utime + used.ru_stime for used in
              (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))
    ticks, why_not = None, ""
    try:
        with open(STAT, encoding="ascii", errors="replace") as file:
            ticks = read_stat(file.read(), usable if cpus is None else cpus)
    except OSError as error:
        why_not = f"{STAT} cannot be read: {error.strerror}"
    except Unbelievable as reason:
        why_not = str(reason)
    return LoadSample(time.monotonic(), own, usable, ticks, why_not)


def usable_cpus() -> frozenset[int]:
    """Empty where the system does not tell."""
    try:
        return frozenset(os.sched_getaffinity(0))
    except OSError:
        return frozenset()


def between(start: LoadSample, before: LoadSample, after: LoadSample) -> Load:
    """`start`: the first sample of all. Its CPUs are what `after` is compared with, and counters that have not moved since
    then are not believed."""
    available = (after.when - before.when) * (len(start.cpus) or 1)
    change = (f"the usable CPUs were changed from {_listed(start.cpus)} to {_listed(after.cpus)}"
              if start.cpus and after.cpus and after.cpus != start.cpus else "")
    unknown = _why_unknown(start, before, after)
    if unknown or before.ticks is None or after.ticks is None:
        return Load(None, available, unknown, change)
    tick = 1 / os.sysconf("SC_CLK_TCK")
    stolen = max(0.0, (after.ticks.stolen - before.ticks.stolen) * tick)
    used = max(0.0, (after.ticks.busy - before.ticks.busy) * tick - (after.own - before.own))
    return Load(stolen + used, available, "", change)


def _why_unknown(start: LoadSample, before: LoadSample, after: LoadSample) -> str:
    if not start.cpus:
        return "the usable CPUs are not known"
    for sample in (start, before, after):
        if sample.ticks is None:
            return sample.why_not
    still = any(after.when - first.when >= STANDS_STILL_S and after.ticks.all <= first.ticks.all for first in (start, before))
    return f"{STAT} stands still" if still else ""


def _listed(cpus: Collection[int]) -> str:
    return ", ".join(map(str, sorted(cpus)))


def is_disturbance(foreign: float, available: float) -> bool:
    """Others took more than MOST_SHARE of the usable CPUs' time (`available`), and more than LEAST_SECONDS."""
    return foreign > max(MOST_SHARE * available, LEAST_SECONDS)


class LoadMeter:
    """Watches the CPUs that are usable when it is made, from then on. `why_unknown`, `change`: the first there was, of any
    interval."""

    def __init__(self) -> None:
        self._start = sample_load()
        self.why_unknown, self.change = "", ""

    def sample(self) -> LoadSample:
        return sample_load(self._start.cpus)

    def since(self, before: LoadSample) -> Load:
        load = between(self._start, before, self.sample())
        self.why_unknown = self.why_unknown or load.why_unknown
        self.change = self.change or load.change
        return load
