"""What a user asks: a case, with what was not said assumed, and told to be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mpmt.asking.catalogue import Catalogue, Workload
from mpmt.asking.spelling import list_text, percent_text, time_text
from mpmt.base.problem import Problem
from mpmt.base.shown import shown

CPU, WAIT, FILE, MIX, COPY, HAND_OVER = "cpu", "wait", "file", "mix", "copy", "hand_over"
KINDS: Mapping[str, str] = {
    CPU: "computes", WAIT: "waits for something else: another service, a timer", MIX: "computes, and waits in between",
    FILE: "reads and writes files", COPY: "reads and returns the data that it is sent",
    HAND_OVER: "does nothing: what handing it over costs"}
_WAITING = (WAIT, MIX)  # more workers than CPUs make sense
_TASKS_NS: Mapping[str, float] = {CPU: 100e3, WAIT: 1e6, MIX: 1e6, FILE: 200e3}  # where the user does not say
USUAL_PAYLOAD_OF_COPIES = 4096
USUAL_WAITING = 0.5
LARGE_PAYLOAD = 4096  # from here on it matters whether a channel copies
LONG_TASK_NS = 20e6  # from here on a few channels are what there is time for
MARGIN, BUDGET_S = 0.03, 25.0


@dataclass(frozen=True)
class Wish:
    """As it was given; None, or empty: it was not. Times in ns, sizes in bytes, shares."""

    kind: str | None = None
    like: str | None = None
    waiting: float | None = None
    task_ns: float | None = None
    payload: int | None = None
    workers: tuple[int, ...] = ()
    channels: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    must_survive_crash: bool = False
    margin: float | None = None
    budget_s: float | None = None

    def says_nothing(self) -> bool:
        """Of the case itself."""
        return self == Wish(margin=self.margin, budget_s=self.budget_s, channels=self.channels)


@dataclass(frozen=True)
class Assumed:
    """What was not said: the option, the value that stands for it, and why that."""

    option: str
    value: str
    why: str


@dataclass(frozen=True)
class Case:
    """What is measured. `task_ns`: None where a task is as long as it is (grain 1)."""

    kind: str
    workload: Workload
    task_ns: float | None
    payload: int
    workers: tuple[int, ...]
    channels: tuple[str, ...]
    waiting: float | None
    must_survive_crash: bool
    margin: float
    budget_s: float
    cpus: int = 1  # that may be used
    joining_both: tuple[str, ...] = ()  # of the channels, those that join threads and processes
    assumed: tuple[Assumed, ...] = field(default=())


@dataclass(frozen=True)
class Commands:
    """Two of them, NAME=COMMAND each."""

    texts: tuple[str, str]
    margin: float
    budget_s: float

    @property
    def names(self) -> tuple[str, str]:
        return self.texts[0].partition("=")[0], self.texts[1].partition("=")[0]


def commands(wish: Wish) -> Commands:
    """Raises Problem."""
    others = {"--kind": wish.kind, "--like": wish.like, "--waiting": wish.waiting, "--task": wish.task_ns,
              "--payload": wish.payload,
              "--workers": wish.workers or None, "--channel": wish.channels or None,
              "--must-survive-crash": wish.must_survive_crash or None}
    for option, given in others.items():
        if given is not None:
            raise Problem(f"{option}: nothing is known of what commands do: leave it out beside --command")
    if len(wish.commands) != 2:
        raise Problem(f"--command: two are set against each other, and {len(wish.commands)} given: "
                      "--command 'a=COMMAND' --command 'b=COMMAND'")
    made = Commands((wish.commands[0], wish.commands[1]), wish.margin or MARGIN, wish.budget_s or BUDGET_S)
    for text in made.texts:
        name, _, command = text.partition("=")
        if not name or not command.strip():
            raise Problem(f"--command: '{shown(text, 60)}' is not NAME=COMMAND")
    if made.names[0] == made.names[1]:
        raise Problem(f"--command: both are called '{shown(made.names[0], 60)}': give each a name of its own")
    return made


def case(wish: Wish, catalogue: Catalogue, cpus: int) -> Case:
    """`cpus`: that may be used. Raises Problem, which names the option at fault."""
    if wish.like is not None and wish.kind is not None:
        raise Problem("--like: names the workload, and so the kind of task: leave --kind out")
    assumed: list[Assumed] = []
    workload, kind = _work(wish, catalogue, assumed)
    payload = _payload(wish, workload, assumed)
    task_ns = _task(wish, workload, kind, assumed)
    waiting = _waiting(wish, workload, assumed)
    workers = wish.workers or _workers(kind, cpus, waiting, assumed)
    channels = _channels(wish, catalogue, workers, payload, task_ns, assumed)
    if wish.margin is None:
        assumed.append(Assumed("--margin", "3%", "differences below it are as good as none"))
    return Case(kind, workload, task_ns, payload, workers, channels, waiting, wish.must_survive_crash, wish.margin or MARGIN,
                wish.budget_s or BUDGET_S, cpus, tuple(name for name in channels
                                                 if catalogue.channels[name].joins_both), tuple(assumed))


def _work(wish: Wish, catalogue: Catalogue, assumed: list[Assumed]) -> tuple[Workload, str]:
    if wish.like is not None:
        found = catalogue.workloads.get(wish.like)
        if found is None:
            raise _unknown("--like", "workload", wish.like, catalogue.workloads)
        return found, found.question
    kind = wish.kind or (MIX if wish.waiting is not None else CPU)
    typical = catalogue.typical(kind)
    if typical is None:
        raise _unknown("--kind", "kind of task", kind, catalogue.questions())
    if wish.kind is None:
        assumed.append(Assumed("--kind", kind, f"a task {described(kind, catalogue)}"))
    assumed.append(Assumed("--like", typical.name, f"stands for --kind {kind}: {typical.summary}"))
    return typical, kind


def _unknown(option: str, what: str, name: str, known: Iterable[str]) -> Problem:
    return Problem(f"{option}: there is no {what} '{shown(name, 60)}': choose from {', '.join(sorted(known))}")


def described(kind: str, catalogue: Catalogue) -> str:
    """What a task of this kind does: in our words, or in those of what stands for it."""
    typical = catalogue.typical(kind)
    return KINDS.get(kind) or (typical.summary if typical else "")


def _task(wish: Wish, workload: Workload, kind: str, assumed: list[Assumed]) -> float | None:
    if not workload.grain_scales:
        if wish.task_ns is not None:
            raise Problem(f"--task: a task of {workload.name} has one size: leave it out")
        return None
    if wish.task_ns is not None:
        return wish.task_ns
    usual = usual_task_ns(kind, workload)
    assumed.append(Assumed("--task", time_text(usual), "an example of its kind") if usual else
                   Assumed("--grain", "1", f"{workload.grain_unit}: no size was given"))
    return usual


def _payload(wish: Wish, workload: Workload, assumed: list[Assumed]) -> int:
    if wish.payload is None:
        usual = usual_payload(workload)
        assumed.append(Assumed("--payload", str(usual), "data that travels with a task" if usual
                               else "no data travels with a task"))
        return usual
    if wish.payload < workload.least_payload:
        raise Problem(f"--payload: {workload.name} needs {workload.least_payload} byte or more")
    return wish.payload


def usual_payload(workload: Workload) -> int:
    return USUAL_PAYLOAD_OF_COPIES if workload.question == COPY else workload.least_payload


def _workers(kind: str, cpus: int, waiting: float | None, assumed: list[Assumed]) -> tuple[int, ...]:
    counts = usual_workers(kind, cpus, waiting)
    why = "more workers than CPUs, too, since tasks wait" if len(counts) > 1 else "as many as there are CPUs that may be used"
    assumed.append(Assumed("--workers", list_text(counts), why))
    return counts


def usual_workers(kind: str, cpus: int, waiting: float | None = None) -> tuple[int, ...]:
    """Of a known share of waiting: powers of two around where the CPUs are full, and one beyond."""
    if kind not in _WAITING:
        return (cpus,)
    if waiting is not None:
        last = math.ceil(math.log2(cpus / (1 - waiting)))
        return tuple(1 << power for power in range(max(0, last - 2), last + 2))
    return (1, 2, 4, 8, 16) if cpus <= 4 else (1, cpus // 4, cpus, 2 * cpus, 4 * cpus)


def usual_task_ns(kind: str, workload: Workload) -> float | None:
    """None: as long as a task of grain 1 is. Other files than the typical one are as slow as their device."""
    return None if kind in (COPY, HAND_OVER) or (kind == FILE and not workload.typical) else _TASKS_NS.get(kind, _TASKS_NS[CPU])


def _waiting(wish: Wish, workload: Workload, assumed: list[Assumed]) -> float | None:
    if workload.takes_waiting:
        if wish.waiting is None:
            assumed.append(Assumed("--waiting", percent_text(USUAL_WAITING), "of a task's time"))
        return USUAL_WAITING if wish.waiting is None else wish.waiting
    if wish.waiting is not None:
        raise Problem(f"--waiting: a task of {workload.name} has no share that waits: it goes with --kind mix")
    return None


def _channels(wish: Wish, catalogue: Catalogue, workers: tuple[int, ...], payload: int, task_ns: float | None,
              assumed: list[Assumed]) -> tuple[str, ...]:
    """Those that can win: an address for threads, a ring, a queue; and one that copies nothing, where that counts."""
    if wish.channels:
        return _checked(wish.channels, catalogue, payload)
    few = len(workers) > 2 or (task_ns or 0) >= LONG_TASK_NS
    wanted = ["by_reference", "shm_ring", *(["shm_arena"] if payload >= LARGE_PAYLOAD else []),
              *([] if few else ["boost_queue"])]
    chosen = tuple(name for name in wanted if name in catalogue.channels)
    assumed.append(Assumed("--channel", ",".join(chosen), "those that can win here"))
    return chosen


def _checked(channels: tuple[str, ...], catalogue: Catalogue, payload: int) -> tuple[str, ...]:
    for name in channels:
        if name not in catalogue.channels:
            raise _unknown("--channel", "channel", name, catalogue.channels)
        if payload > catalogue.channels[name].most_payload:
            raise Problem(f"--channel: {name} carries {catalogue.channels[name].most_payload} bytes at most")
    if not any(catalogue.channels[name].joins_both for name in channels):
        raise Problem(f"--channel: {', '.join(channels)} joins threads only: name one that joins processes, too, say shm_ring")
    return channels
