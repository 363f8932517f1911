"""What others did to the usable CPUs meanwhile: the same rule as `mpmt run` has for its trials."""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass

MOST_SHARE = 0.02  # of the usable CPUs' time
LEAST_SECONDS = 0.025  # /proc/stat counts in ticks of 10 ms: less than that is its rounding


@dataclass(frozen=True)
class LoadSample:
    """CPU times in s since some moment: `busy` and `stolen` of the usable CPUs, `own` of this process and its reaped
    children."""

    when: float
    busy: float
    stolen: float
    own: float


def sample_load() -> LoadSample:
    cpus = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    busy = stolen = 0
    with open("/proc/stat", encoding="ascii", errors="replace") as file:
        for line in file:
            label, *ticks = line.split()
            if not label.startswith("cpu"):
                break
            if label in cpus:
                user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
                busy += user + nice + system + irq + softirq
                stolen += steal
    own = sum(used.ru_utime + used.ru_stime for used in
              (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))
    tick = 1 / os.sysconf("SC_CLK_TCK")
    return LoadSample(time.monotonic(), busy * tick, stolen * tick, own)


def foreign_seconds(before: LoadSample, after: LoadSample) -> float:
    """CPU time that others took: stolen by the hypervisor, or used by other processes."""
    stolen = max(0.0, after.stolen - before.stolen)
    return stolen + max(0.0, (after.busy - before.busy) - (after.own - before.own))


def is_disturbance(foreign: float, available: float) -> bool:
    """Others took more than MOST_SHARE of the usable CPUs' time (`available`), and more than LEAST_SECONDS."""
    return foreign > max(MOST_SHARE * available, LEAST_SECONDS)


def was_disturbed(before: LoadSample, after: LoadSample) -> bool:
    available = (after.when - before.when) * len(os.sched_getaffinity(0))
    return is_disturbance(foreign_seconds(before, after), available)
