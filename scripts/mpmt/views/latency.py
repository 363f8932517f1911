"""Task latency: how long a message takes from dispatch to completion, up to the slowest in a thousand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mpmt.answers import words
from mpmt.records.families import CHANNEL, rounds_that_count
from mpmt.records.record_file import Record, usable_cpus
from mpmt.views.latency_chart import CLOSED, OPEN, POOLS, Measured, Profiles, charts_of, profile_of, tables_of
from mpmt.views.pools import Entry, Group, groups_of, pools_of
from mpmt.views.report import Shown
from mpmt.views.view import FLOOR, PROCESSES, THREADS, Missing, View

_MOST_SENTENCES = 6  # of each kind


def view(shown: Sequence[Shown]) -> View | Missing:
    """Closed loop, where a new message waits for an answer (pools, round trips of channels), and open loop, where messages come at
    a rate of their own (channels), are told apart: the second has what a stall costs those behind it."""
    found = [profiles for one in shown for profiles in (*_of_pools(one), *_of_channels(one))]
    if not found:
        return Missing("latency", "Task latency", "no latencies were recorded", "mpmt run --workload hash_chain --grain 50us --workers 2")
    subjects = {one.number: one.subject.title for one in shown} if len(shown) > 1 else {}
    sentences = [text for kind in (POOLS, OPEN, CLOSED) for text in _sentences([one for one in found if one.kind == kind], subjects)]
    charts, notes = charts_of(found, subjects)
    if not any(one.kind == OPEN for one in found):
        notes.append("All in closed loop. Messages at a rate of their own, stalls included: "
                     "mpmt run --family channel --pattern open_loop --rate 10000")
    return View("latency", "Task latency", "How long does a task take, at worst?", tuple(sentences), charts, tables_of(found, subjects),
                tuple(notes))


# ---- what was measured --------------------------------------------------------------------------------------


def _of_pools(shown: Shown) -> list[Profiles]:
    """Of each kind of task, with the most workers that the CPUs hold."""
    cpus = usable_cpus(shown.record)
    made = []
    for group in groups_of(shown.record, pools_of(shown.record)):
        workers = max((count for count in group.workers if count <= cpus), default=group.workers[0])
        measured = [one for series, pools in group.lines().items() for pool in pools if pool.workers == workers
                    and (one := profile_of(shown.record, series, pool.side, pool.channel, pool.entries, pool.unstable)) is not None]
        if measured:
            made.append(Profiles(POOLS, shown.number, f"{group.title}, {words.plural(workers, 'worker')}",
                                 f"{group.place()} on {words.plural(workers, 'worker')}", _order(group), tuple(measured), group.task_ns,
                                 group.payload, workers))
    return made


def _order(group: Group) -> tuple[Any, ...]:
    return group.task_ns or math.inf, group.workload, group.payload


def _of_channels(shown: Shown) -> list[Profiles]:
    """Round trips and messages at a rate, by what is equal of them but side, channel and kind of futex."""
    groups: dict[tuple[Any, ...], dict[str, list[Entry]]] = {}
    for _, entry in rounds_that_count(shown.record):
        if entry["family"] == CHANNEL and entry.get("latency_ns"):
            key = tuple(entry.get(field) for field in ("program", "pattern", "message_bytes", "rate", "placement", "touched", "wait"))
            groups.setdefault(key, {}).setdefault(entry["name"], []).append(entry)
    unstable = _unstable(shown.record)
    made = []
    for key, cases in groups.items():
        measured = [one for name, entries in cases.items()
                    if (one := _of_case(shown.record, entries, name in unstable)) is not None]
        if measured:
            made.append(_channel_profiles(shown.number, key, measured))
    return made


def _unstable(record: Record) -> set[str]:
    return {entry["run_name"] for entry in record["benchmarks"] if entry["run_type"] == "aggregate" and entry.get("unstable") is not None}


def _of_case(record: Record, entries: Sequence[Entry], unstable: bool) -> Measured | None:
    first = entries[0]
    channel = first["channel"]
    side = FLOOR if first["floor"] else THREADS if first["sides"] == "threads" else PROCESSES
    private = " (private futex)" if first.get("futex") == "private" else ""
    name = channel if side == FLOOR else f"{side} over {channel}{private}"
    return profile_of(record, name, side, channel, entries, unstable)


def _channel_profiles(subject: int, key: tuple[Any, ...], measured: Sequence[Measured]) -> Profiles:
    program, pattern, size, rate, placement, touched, wait = key
    where = {"same": "one CPU", "spread": "two CPUs", "free": "not pinned"}.get(placement, placement)
    parts = [f"{program}" if program else "", words.size(size), f"{words.significant(rate)}/s" if rate else "", where, wait or "",
             "untouched" if touched is False else ""]
    title = ", ".join(part for part in parts if part)
    kind = OPEN if pattern == "open_loop" else CLOSED
    return Profiles(kind, subject, title, f"messages of {title}", (rate or 0, size, where, wait or ""),
                    tuple(sorted(measured, key=lambda one: (one.channel, one.side != THREADS, one.series))), None, size, None)


# ---- sentences ----------------------------------------------------------------------------------------------


def _sentences(found: Sequence[Profiles], subjects: dict[int, str]) -> list[str]:
    """Of the channel that is quickest for half of the messages: the shortest tasks, the lowest rates and the smallest messages
    first."""
    ordered = sorted(found, key=lambda one: (one.subject, *one.order))
    seen: dict[tuple[Any, ...], Profiles] = {}
    for one in ordered:  # of tasks that differ in their payload only, that with the least
        seen.setdefault((one.subject, one.kind, one.order[0], one.order[1]) if one.kind == POOLS else (id(one),), one)
    told = list(seen.values())
    return [f"{subjects[one.subject]}: {text}" if subjects else text for one in told[:_MOST_SENTENCES] if (text := _sentence(one))]


def _sentence(one: Profiles) -> str:
    best = _best(one)
    if not best:
        return ""
    opening = {POOLS: one.place, OPEN: f"Open loop, {one.place}", CLOSED: f"Round trips, {one.place}"}[one.kind]
    parts = []
    arrive = "arrive" if one.kind == OPEN else "are back"
    for share, words_of in (("p50", f"half {arrive} within"), ("p99", "99 % within"), ("p99.9", "99.9 % within")):
        values = [f"{words.duration(value)} ({measured.side})" for measured in best if (value := measured.shares[share]) is not None]
        if values:
            parts.append(f"{words_of} {', '.join(values)}")
    return f"{opening}, over {best[0].channel}: {'; '.join(parts)}."


def _best(one: Profiles) -> list[Measured]:
    """Threads and processes over the channel with the lowest median that both have, else that any has; private futexes aside."""
    sides: dict[str, dict[str, Measured]] = {}
    for measured in one.measured:
        if measured.side in (THREADS, PROCESSES) and measured.channel:
            sides.setdefault(measured.channel, {}).setdefault(measured.side, measured)
    if not sides:
        return []
    channel = min(sides, key=lambda name: (-len(sides[name]), min(each.shares["p50"] or math.inf for each in sides[name].values())))
    return [sides[channel][side] for side in (THREADS, PROCESSES) if side in sides[channel]]
