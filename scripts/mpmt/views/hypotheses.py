"""The claims, each with a hypothesis that figures can decide and a pure function that does. A new one is a line in CLAIMS."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from mpmt.answers import words
from mpmt.answers.rows import workload_of
from mpmt.views.channel_hypotheses import address_is_flat, classic_channels, threads_hand_over_faster
from mpmt.views.facts import Facts
from mpmt.views.measured import Case
from mpmt.views.verdict_of_claim import CONFIRMED, NOT_SHOWN, REFUTED, Finding, Interval, above, below, median_of, of_most
from mpmt.views.view import BASELINE, PROCESSES, THREADS

CPU = "cpu"
FULL = 0.9  # of a speed-up by as many as there are workers
NOTICED = 1.1  # a factor that anybody would notice
BUSY, IDLE = 0.95, 0.5  # shares of the CPUs


@dataclass(frozen=True)
class Claim:
    """`test`: when it counts as confirmed. `command`: what measures it. `decide`: None where the facts do not have what it
    takes."""

    says: str
    test: str
    command: str
    decide: Callable[[Facts], Finding | None]


def _widest(facts: Facts, cases: list[Case], most: int | None = None) -> tuple[Case, Interval] | None:
    """The case with the most workers, of several channels the fastest, that has a speed-up."""
    able = [(case, found) for case in facts.longest(cases) if case.said["workers"] > 1
            and (most is None or case.said["workers"] <= most)
            and (found := facts.speedup(case))]
    return max(able, key=lambda pair: (pair[0].said["workers"], pair[1].ratio)) if able else None


def _faster(case: Case, found: Interval) -> str:
    said = case.said
    return f"{workload_of(said)}: {found.in_words()} times as fast with {words.plural(said['workers'], 'worker')} as serially"


def _overlaps(workload: str) -> Callable[[Facts], Finding | None]:
    def decide(facts: Facts) -> Finding | None:
        best = _widest(facts, facts.of(THREADS, [workload]))
        return best and Finding(above(best[1], FULL * best[0].said["workers"]), _faster(*best))
    return decide


def _three_sleepers(facts: Facts) -> Finding | None:
    found = [(case, speedup) for side in (THREADS, PROCESSES) for case in facts.of(side, ["sleep_wait"])
             if case.said["workers"] == 3 and (speedup := facts.speedup(case))]
    if not found:
        return None
    told = "; ".join(f"{case.said['executor']} {speedup.in_words()} times as fast" for case, speedup in found)
    return Finding(of_most([speedup for _, speedup in found], 3 * FULL), f"three against one after the other: {told}")


def _no_gain_on_computing(facts: Facts) -> Finding | None:
    if facts.cpus < 2:
        return None
    best = _widest(facts, facts.of(THREADS, kind=CPU), facts.cpus)
    return best and Finding(below(best[1], NOTICED), _faster(*best))


def _processes_compute_faster(facts: Facts) -> Finding | None:
    longest = {case.name for case in facts.longest(facts.of(PROCESSES, kind=CPU))}
    found = [facts.ratio(threads, processes) for processes, threads in facts.pairs(CPU, 2) if processes.name in longest]
    if not found:
        return None
    return Finding(of_most(found, 1 + facts.margin), f"time of threads ÷ time of processes {median_of(found)}")


def _full_use(facts: Facts) -> Finding | None:
    """With as many processes as CPUs."""
    used = [(facts.time_of(case), shares) for case in facts.of(PROCESSES, kind=CPU)
            if case.said["workers"] == facts.cpus and (shares := facts.utilisation(case))]
    if not used:
        return None
    task_ns, shares = max(used)
    low = [time for time, other in used if statistics.median(other) < IDLE]
    short = f"; below {words.percent(IDLE)} up to tasks of {words.duration(max(low))}" if low else ""
    share = statistics.median(shares)
    figure = f"{words.percent(share)} of {words.plural(facts.cpus, 'CPU')} with tasks of {words.duration(task_ns)}{short}"
    return Finding(CONFIRMED if share >= BUSY else REFUTED if max(shares) < BUSY else NOT_SHOWN, figure)


def _lighter_start(facts: Facts) -> Finding | None:
    pairs = facts.pairs()
    found = facts.ratio_over_pairs(pairs, "startup_ns")
    if found is None:
        return None
    each = [statistics.median(time / pair[at].said["workers"] for pair in pairs
                              for time in facts.of_rounds(pair[at], "startup_ns"))
            for at in (0, 1)]
    return Finding(above(found, 1 + facts.margin), f"a process is ready after {words.duration(each[0])}, a thread after "
                   f"{words.duration(each[1])}: "
                   f"{found.in_words()} times as long, over {words.plural(len(pairs), 'pair')} of pools")


def _waits_are_shorter(facts: Facts) -> Finding | None:
    """A task's own time from dispatch to completion, under the most threads, against that of a task run serially."""
    found = []
    for case in facts.longest(facts.of(THREADS, ["sleep_wait"])):
        serial = [other for other in facts.of(BASELINE, ["sleep_wait"]) if other.said["group"] == case.said["group"]]
        latencies = facts.of_rounds(case, "latency_ns", "p50")
        if case.said["workers"] > 1 and serial and latencies:
            found.append((case.said["workers"], statistics.median(latencies), serial[0].median))
    if not found:
        return None
    workers, latency, alone = max(found)
    verdict = CONFIRMED if latency * NOTICED < alone else REFUTED
    return Finding(verdict, f"a task that waits {words.duration(alone)} is back after {words.duration(latency)} with "
                   f"{words.plural(workers, 'thread')}")


def _files_gain(workload: str) -> Callable[[Facts], Finding | None]:
    def decide(facts: Facts) -> Finding | None:
        best = _widest(facts, facts.of(THREADS, [workload]))
        return best and Finding(above(best[1], NOTICED), _faster(*best))
    return decide


def _more_than_cpus(facts: Facts) -> Finding | None:
    cases = {(case.said["group"], case.said["channel"], case.said["workers"]): case for case in facts.of(THREADS, kind=CPU)}
    found = [(facts.ratio(case, cases[group, channel, facts.cpus]), case) for (group, channel, workers), case in cases.items()
             if workers > facts.cpus and (group, channel, facts.cpus) in cases]
    if not found:
        return None
    ratios = [ratio for ratio, _ in found]
    most = max(case.said["workers"] for _, case in found)
    return Finding(of_most(ratios, 1 + facts.margin),
                   f"time with up to {most} threads ÷ with {facts.cpus} {median_of(ratios)}")


def _as_many_as_asked(facts: Facts) -> Finding | None:
    seen = [(entry["workers_seen"], case.said["workers"]) for case in facts.pools if case.said["channel"] is not None
            for entry in facts.entries[case.name] if entry.get("workers_seen") is not None]
    if not seen:
        return None
    as_asked = sum(there == asked for there, asked in seen)
    verdict = CONFIRMED if as_asked == len(seen) else REFUTED if any(there > asked for there, asked in seen) else NOT_SHOWN
    return Finding(verdict, f"as many as were asked for in {as_asked} of {words.plural(len(seen), 'round')}")


def _keep_cpus_busy(facts: Facts) -> Finding | None:
    """Of tasks that compute and wait in turns."""
    used = sorted((case.said["workers"], statistics.median(shares)) for case in facts.longest(facts.of(THREADS, ["mixed_wait"]))
                  if (shares := facts.utilisation(case)))
    if len({workers for workers, _ in used}) < 2:
        return None
    (few, least), (many, most) = used[0], used[-1]
    verdict = CONFIRMED if most >= NOTICED * least else REFUTED
    return Finding(verdict, f"{words.percent(least)} of the CPUs with {words.plural(few, 'thread')}, {words.percent(most)} "
                   f"with {many}")


CLAIMS = (
    Claim("Threads overlap waiting", "w threads that sleep are at least 0.9 w times as fast as one after the other",
          "mpmt run --workload sleep_wait --workers 1,2,4", _overlaps("sleep_wait")),
    Claim("Threads overlap calls over the network", "w threads that wait for a server are at least 0.9 w times as fast as one "
          "after the other",
          "mpmt run --workload loopback_echo --workers 1,2,4", _overlaps("loopback_echo")),
    Claim("Three that wait take no longer than one", "three workers that sleep are at least 2.7 times as fast as one after the "
          "other",
          "mpmt run --workload sleep_wait --workers 3", _three_sleepers),
    Claim("A task that waits is done sooner under threads", "its own time, from dispatch to completion, is shorter than "
          "serially",
          "mpmt run --workload sleep_wait --workers 1,2,4", _waits_are_shorter),
    Claim("Threads gain nothing on computing", "as many threads as CPUs are at most 1.1 times as fast as one",
          "mpmt run --workload prime_count --grain 1ms", _no_gain_on_computing),
    Claim("Processes compute faster than threads", "most computing takes threads longer than the margin of the record, and "
          "none less",
          "mpmt run --workload prime_count,hash_chain --grain 1ms --workers 2", _processes_compute_faster),
    Claim("Processes use all CPUs", "as many processes as CPUs use at least 95 % of them, with the longest tasks",
          "mpmt run --workload hash_chain --grain 1us,10us,100us,1ms", _full_use),
    Claim("A thread starts more easily than a process", "pools of processes take longer, by more than the margin of the "
          "record, until they are ready",
          "mpmt run --workload empty --workers 1,2", _lighter_start),
    Claim("Passing an address costs the same however large the data",
          "its time grows by at most a fifth, and that of copying by more",
          "mpmt run --workload empty --payload 64,64Ki --channel by_reference,boost_queue", address_is_flat),
    Claim("Most hand-overs are faster between threads", "in more round trips over the same channel threads are faster than not",
          "mpmt run --family channel --pattern ping_pong --placement same,spread", threads_hand_over_faster),
    Claim("Pipes and message queues are what processes should talk over",
          "no other channel has shorter round trips in most places",
          "mpmt run --family channel --pattern ping_pong --sides processes", classic_channels),
    Claim("Threads speed up files in the page cache", "the most threads are at least 1.1 times as fast as one",
          "mpmt run --workload file_cached", _files_gain("file_cached")),
    Claim("Threads speed up commits to a disk", "the most threads are at least 1.1 times as fast as one",
          "mpmt run --workload file_sync", _files_gain("file_sync")),
    Claim("More threads than CPUs slow computing down", "most take longer than the margin of the record, and none less",
          "mpmt run --workload prime_count --grain 1ms --executor thread_pool --workers 2,4,8,16", _more_than_cpus),
    Claim("Threads keep CPUs busy while others wait", "tasks that compute and wait use more of the CPUs with more threads",
          "mpmt run --workload mixed_wait --workers 1,2,4,8", _keep_cpus_busy),
    Claim("A pool has as many workers as were asked for", "each round saw as many distinct workers",
          "mpmt run --workload empty",
          _as_many_as_asked),
)

UNMEASURED = (
    "what threads see of each other's memory, and processes do not",
    "updates that are lost without a lock, and what locks cost",
    "a pool against a thread for each task", "results in the order in which they are done", "how late a busy program answers",
    "memory for each worker of a pool", "deadlocks by the order of locks",
)
