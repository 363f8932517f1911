"""What must hold of the channels: each row of the table as a question to a record, with what is allowed.

Ratios of two cases are of laps in which they took turns; all else is medians over rounds of one record: the same ones, of
cases that were measured together. Only the row that sets a pool against bare channels takes its medians from two records:
each family has its own. """

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mpmt.checks.channel_runs import Case, Run, medians, paired
from mpmt.measuring.judge import interval
from mpmt.records import stats

SMALL, LARGE = 64, 1 << 20
SIDES, PLACEMENTS = ("threads", "processes"), ("same", "spread")
WAITS = ("block", "yield")
HOLDS, MISSES, OPEN, NO_DATA, STATED = "holds", "misses", "open", "no data", "stated"
DIFFERENCE = 0.10  # thread sides against process sides
SHARED_FIRST = ("shared", "private", None)


@dataclass(frozen=True)
class Answer:
    measured: str
    holds: bool | None  # None: stated, not judged
    rounds: int
    unstable: bool = False
    is_open: bool = False  # what is allowed lies within the interval

    @property
    def verdict(self) -> str:
        return OPEN if self.is_open else STATED if self.holds is None else HOLDS if self.holds else MISSES


@dataclass(frozen=True)
class Check:
    what: str
    allowed: str
    ask: Callable[[Run], Answer | None]  # None: the record does not have it
    optional: bool = False  # a row only where there is data


def checks() -> list[Check]:
    """All that one record can answer, in the order in which they are shown."""
    return [*_floors(), *_copies(), *_arena(), *_stream(), *_pools(), *_sides(), *_unpinned()]


def duration(ns: float) -> str:
    for size, unit in ((1e6, "ms"), (1e3, "µs")):
        if abs(ns) >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def _ratio(run: Run, ours: Case | None, theirs: Case | None, limit: float) -> Answer | None:
    """Of the first case to the second, lap by lap; with few rounds, of their medians."""
    found = medians(ours, theirs)
    if found is None or ours is None or theirs is None:
        return None
    known = interval(run.mpmt, paired(ours, theirs))
    if known is None:
        ratio = found.values[0] / found.values[1]
        return Answer(f"{ratio:.3f} ×", ratio <= limit, found.rounds, found.unstable)
    ratio, low, high = known
    return Answer(f"{ratio:.3f} × [{low:.3f} - {high:.3f}]", high <= limit, found.rounds, found.unstable,
                  is_open=low <= limit < high)


def _against_floor(channel: str, floor: str, limit: float, sides: str, placement: str, wait: str,
                   futexes: Sequence[str | None] = ("private", "shared", None)) -> Check:
    where: dict[str, Any] = {"sides": sides, "pattern": "ping_pong", "message_bytes": SMALL, "placement": placement,
                             "wait": wait}

    def ask(run: Run) -> Answer | None:
        case = run.channel(channel, futexes, **where)
        kind = case.fields["futex"] if case else None
        return _ratio(run, case, run.channel(floor, (kind, *futexes) if kind else futexes, **where), limit)
    return Check(f"{channel} 64 B round trip, {wait}, {placement}, {sides}", f"≤ {limit:g} × {floor}", ask)


def _floors() -> Iterator[Check]:
    for sides in SIDES:
        yield _against_floor("shm_ring", "floor_cache_line", 1.4, sides, "spread", "yield")
    # Below its floor, which wakes for every message: a ring of which a side has just found the next one sleeps less often.
    yield _against_floor("shm_ring", "floor_futex", 1.0, "processes", "same", "block", ("shared",))
    for channel, floor in (("pipe", "floor_pipe"), ("unix_seqpacket", "floor_seqpacket")):
        for placement in PLACEMENTS:
            for sides in SIDES:
                yield _against_floor(channel, floor, 1.05, sides, placement, "block")
    for channel, limit in (("boost_condition", 1.2), ("boost_queue", 1.1)):
        for sides in SIDES:  # boost_condition shares its futex whatever the sides are
            yield _against_floor(channel, "floor_futex", limit, sides, "same", "block", SHARED_FIRST)


def _at(run: Run, channel: str, size: int, where: Mapping[str, Any], touched: bool = True) -> Case | None:
    return run.channel(channel, message_bytes=size, pattern="ping_pong", wait="yield", touched=touched, **where)


def _cells() -> Iterator[tuple[dict[str, str], str]]:
    for placement in PLACEMENTS:
        for sides in SIDES:
            yield {"sides": sides, "placement": placement}, f"yield, {placement}, {sides}"


def _copies() -> Iterator[Check]:
    for where, words in _cells():
        def ask(run: Run, where: Mapping[str, str] = where) -> Answer | None:
            found = medians(*(_at(run, channel, size, where) for channel in ("shm_ring", "floor_memcpy")
                              for size in (LARGE, SMALL)))
            if found is None:
                return None
            large, small, copied, bare = found.values
            due = small + copied - bare
            return Answer(f"{large / due:.3f} × ({duration(large)})", large <= 1.25 * due, found.rounds, found.unstable)
        yield Check(f"shm_ring 1 MiB round trip, {words}", "≤ 1.25 × (64 B + floor_memcpy's 1 MiB − 64 B)", ask)


def _arena() -> Iterator[Check]:
    for where, words in _cells():
        def untouched(run: Run, where: Mapping[str, str] = where) -> Answer | None:
            large, small = (_at(run, "shm_arena", size, where, touched=False) for size in (LARGE, SMALL))
            return _ratio(run, large, small, 1.2)

        def touching(run: Run, where: Mapping[str, str] = where) -> Answer | None:
            found = medians(*(_at(run, "shm_arena", LARGE, where, touched) for touched in (True, False)),
                            *(_at(run, "floor_cache_line", size, where) for size in (LARGE, SMALL)))
            if found is None:
                return None
            touched, bare, floor, small_floor = found.values
            return Answer(f"{duration(touched - bare)} (floor_cache_line: {duration(floor - small_floor)})", None,
                          found.rounds, found.unstable)
        yield Check(f"shm_arena 1 MiB untouched, {words}", "≤ 1.2 × its 64 B untouched", untouched)
        yield Check(f"shm_arena 1 MiB, its touching alone, {words}", "beside floor_cache_line's", touching)


def _stream() -> Iterator[Check]:
    def ask(run: Run) -> Answer | None:
        case = run.channel("shm_ring", sides="processes", pattern="stream", message_bytes=SMALL, placement="spread",
                           wait="yield")
        found = medians(case, field="messages_per_second")
        if found is None:
            return None
        return Answer(f"{found.values[0] / 1e6:.2f} M/s", found.values[0] >= 8e6, found.rounds, found.unstable)
    yield Check("shm_ring stream of 64 B, yield, spread, processes", "≥ 8 M messages/s", ask)


# ---- pools -------------------------------------------------------------------------------------------------


def _pool(run: Run, channel: str, **wanted: Any) -> list[Case]:
    return run.find(family="pool", workload="empty", executor="process_pool", channel=channel, workers=1, batch=1,
                    payload_bytes=0, **wanted)


def _pools() -> Iterator[Check]:
    def on_one(run: Run) -> Answer | None:
        found = medians(next(iter(_pool(run, "shm_ring", placement="same", wait="yield")), None))
        return Answer(duration(found.values[0]), found.values[0] <= 100, found.rounds, found.unstable) if found else None
    yield Check("process_pool over shm_ring, empty, batch 1, 1 worker, yield, same", "≤ 100 ns per task", on_one)
    for wait in WAITS:
        def on_two(run: Run, wait: str = wait) -> Answer | None:
            ours, theirs = (_pool(run, channel, placement="spread", wait=wait) for channel in ("shm_ring", "boost_queue"))
            pairs = [(a, b) for a in ours for b in theirs if a.fields["window"] == b.fields["window"]]
            return _ratio(run, *pairs[0], limit=0.3) if pairs else None
        yield Check(f"process_pool over shm_ring, empty, batch 1, 1 worker, {wait}, spread", "≤ 0.3 × over boost_queue",
                    on_two)


def bulk_rows(runs: Sequence[Run]) -> Iterator[tuple[str, str, Answer | None]]:
    """(what, allowed, answer) of a pool over boost_queue against the bare pair, each from the records that have it."""
    for placement in PLACEMENTS:
        what = f"process_pool over boost_queue, empty, batch 1, window 64, 1 worker, block, {placement}"
        pooled = [case for run in runs for case in _pool(run, "boost_queue", placement=placement, wait="block", window=64)]
        bare = [case for run in runs if (case := run.channel(
            "boost_queue", SHARED_FIRST[::-1], sides="processes", pattern="stream", message_bytes=SMALL, placement=placement,
            wait="block"))]
        answer = None
        if pooled and bare:
            sides = [[value for case in cases for value in case.values().values()] for cases in (pooled, bare)]
            ratio = statistics.median(sides[0]) / (2 * statistics.median(sides[1]))
            answer = Answer(f"{ratio:.3f} ×", ratio <= 1.5, min(map(len, sides)),
                            any(case.status == "unstable" for case in (*pooled, *bare)))
        yield what, "≤ 1.5 × the bare pair (2 × boost_queue stream, 64 B)", answer


# ---- threads against processes, and what is not pinned ------------------------------------------------------


def _sides() -> Iterator[Check]:
    for pattern in ("ping_pong", "stream"):
        for placement in PLACEMENTS:
            for wait in (*WAITS, "spin"):
                where = {"pattern": pattern, "placement": placement, "wait": wait}
                yield Check(f"shm_ring {pattern}, {wait}, {placement}: processes ÷ threads with shared futexes",
                            "0.9 to 1.1 at every size", partial(_same_on_both_sides, where), wait not in WAITS)


def _same_on_both_sides(where: Mapping[str, str], run: Run) -> Answer | None:
    ratios: list[tuple[float, int]] = []
    rounds, unstable = [], False
    for case in run.find(family="channel", channel="shm_ring", sides="processes", futex="shared", **where):
        same = {key: case.fields[key] for key in ("message_bytes", "touched", "window", "rate")}
        others = run.find(family="channel", channel="shm_ring", sides="threads", futex="shared", **where, **same)
        found = medians(case, others[0]) if others else None
        if found:
            known = interval(run.mpmt, paired(case, others[0]))
            ratios.append((known[0] if known else found.values[0] / found.values[1], case.fields["message_bytes"]))
            rounds.append(found.rounds)
            unstable |= found.unstable
    if not ratios:
        return None
    worst, size = max(ratios, key=lambda one: abs(one[0] - 1))
    misses = sum(abs(ratio - 1) >= DIFFERENCE for ratio, _ in ratios)
    return Answer(f"worst of {len(ratios)}: {worst:.3f} at {size} B" + (f", {misses} beyond" if misses else ""),
                  misses == 0, min(rounds), unstable)


def _free(run: Run) -> list[Case]:
    return run.find(family="channel", pattern="ping_pong", placement="free", floor=False)


def _unpinned() -> Iterator[Check]:
    def winners(run: Run) -> Answer | None:
        rows = [row for row in run.comparisons() if (row["pattern"], row["placement"]) == ("ping_pong", "free")]
        named = sum(row["verdict"] in ("threads", "processes") for row in rows)
        return Answer(f"{named} of {len(rows)} rows name one", named == 0, max(row["rounds"] for row in rows)) if rows else None

    def marked(run: Run) -> Answer | None:
        cases = _free(run)
        bimodal = [case for case in cases if len(stats.modes([*case.values().values()])) > 1]
        good = sum(case.status == "unstable" and case.modes is not None for case in bimodal)
        if not cases:
            return None
        return Answer(f"{good} of {len(bimodal)} bimodal ones", good == len(bimodal), max(len(case.trials) for case in cases))
    yield Check("unpinned round trips: winners in the comparisons", "none", winners)
    yield Check("unpinned round trips: bimodal ones are `unstable`, with modes", "all", marked)
