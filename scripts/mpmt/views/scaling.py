"""Scaling: how many workers are worth it, of threads and of processes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mpmt.answers import words
from mpmt.records import stats
from mpmt.records.record_file import rules, usable_cpus
from mpmt.records.stats import RatioInterval
from mpmt.views.pools import Group, Pool, groups_of, pools_of
from mpmt.views.report import Shown
from mpmt.views.scaled import Scaled, Spot
from mpmt.views.scaling_chart import USL, charts_of, tables_of
from mpmt.views.usl import FEWEST
from mpmt.views.view import FEW_ROUNDS, OVERSUBSCRIBED, PROCESSES, THREADS, UNSTABLE, Missing, View

_MOST_SENTENCES = 12
_COMMAND = "mpmt run --workload hash_chain --workers 1,2,4,8"


def view(shown: Sequence[Shown]) -> View | Missing:
    found = [scaled for one in shown for scaled in _scaled_of(one)]
    if not found:
        return Missing("scaling", "Scaling", "no pool of workers was measured", _COMMAND)
    subjects = {one.number: one.subject.title for one in shown} if len(shown) > 1 else {}
    ranked = sorted(found, key=lambda one: -_difference(one))
    tables = tables_of(ranked, subjects)
    charts, notes = charts_of(ranked, {one.number: one.record for one in shown}, subjects)
    sentences, more = _sentences(found, subjects)
    if not any(table.title == USL for table in tables) and any(one.over_serial and len(one.group.workers) > 1 for one in found):
        notes.append(f"No fit of the {USL}: it takes {FEWEST} numbers of workers, of work that computes with a CPU for each.")
    if more:
        notes.append(f"{more} more kinds of tasks have no sentence here: they are in the table.")
    if all(len(one.group.workers) == 1 for one in found):
        notes.append(f"One number of workers alone shows no growth: {_COMMAND}")
    return View("scaling", "Scaling", "How many workers?", tuple(sentences), charts, tables, tuple(notes))


# ---- what was measured --------------------------------------------------------------------------------------


def _scaled_of(shown: Shown) -> list[Scaled]:
    judged, cpus = rules(shown.record), usable_cpus(shown.record)
    return [_scaled(shown.number, group, cpus, judged.confidence) for group in groups_of(shown.record, pools_of(shown.record))]


def _scaled(subject: int, group: Group, cpus: int, confidence: float) -> Scaled:
    """Over the serial case of the same work in the same rounds; where no case has such rounds, time per task: what a pool is at
    its own fewest workers is no yardstick for another."""
    base = group.serial.by_round() if group.serial else {}
    over = {pool.name: stats.speedup(base, pool.by_round(), confidence) for pool in group.pools} if base else {}
    over_serial = any(over.values())
    lines: dict[str, tuple[Spot, ...]] = {}
    for series, pools in group.lines().items():
        values = [over[pool.name] if over_serial else _time(pool, confidence) for pool in pools]
        spots = tuple(Spot(pool, value, _marks(pool, group, value, cpus)) for pool, value in zip(pools, values)
                      if value is not None)
        if spots:
            lines[series] = spots
    return Scaled(subject, group, over_serial, lines, cpus, confidence)


def _time(pool: Pool, confidence: float) -> RatioInterval:
    return stats.log_mean_interval(list(pool.by_round().values()), confidence)


def _marks(pool: Pool, group: Group, value: RatioInterval, cpus: int) -> tuple[str, ...]:
    unstable = pool.unstable or bool(group.serial and group.serial.unstable)
    said = {UNSTABLE: unstable, OVERSUBSCRIBED: group.computes and pool.workers > cpus, FEW_ROUNDS: value.pairs < 2}
    return tuple(mark for mark, holds in said.items() if holds)


def _difference(one: Scaled) -> float:
    """How far threads and processes over the same channel are apart where their intervals do not touch, at most; else less than
    any that do."""
    sides: dict[tuple[str, int], dict[str, Spot]] = {}
    for spots in one.lines.values():
        for spot in spots:
            sides.setdefault((spot.pool.channel, spot.pool.workers), {})[spot.pool.side] = spot
    largest = 0.0
    for at in sides.values():
        if THREADS in at and PROCESSES in at:
            a, b = at[THREADS].value, at[PROCESSES].value
            apart = (a.low or 0) > (b.high or math.inf) or (b.low or 0) > (a.high or math.inf)
            size = abs(math.log(a.ratio / b.ratio))
            largest = max(largest, 1 + size if apart else size / (1 + size))
    return largest


# ---- sentences ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Best:
    side: str
    spot: Spot
    most: int  # the most workers that were measured of it


def _sentences(found: Sequence[Scaled], subjects: dict[int, str]) -> tuple[list[str], int]:
    """The shortest tasks first, and how many kinds of tasks have none."""
    kinds: dict[tuple[object, ...], list[Scaled]] = {}
    for one in found:
        kinds.setdefault((one.subject, one.group.program, one.group.workload, one.group.entry["grain"]), []).append(one)
    chosen = sorted((min(ones, key=lambda one: one.group.payload) for ones in kinds.values()),
                    key=lambda one: (one.subject, one.group.task_ns or math.inf, one.group.workload))
    told = chosen[:_MOST_SENTENCES]
    texts = [_sentence(one, kinds[one.subject, one.group.program, one.group.workload, one.group.entry["grain"]])
             for one in told]
    return ([f"{subjects[one.subject]}: {text}" if subjects else text for one, text in zip(told, texts)],
            len(chosen) - len(told))


def _sentence(one: Scaled, of_kind: Sequence[Scaled]) -> str:
    best = _best_of(one)
    place = one.group.place()
    if one.over_serial and all(_is_slower(side.spot.value) for side in best):
        top = max(best, key=lambda side: side.spot.value.ratio)
        speed, workers = words.ratio(top.spot.value.ratio), words.plural(top.spot.pool.workers, "worker")
        return (f"{place}: no number of workers is worth its messages; at best they have {speed}x the serial speed "
                f"({top.side}, {workers}).")
    counts = {side.spot.pool.workers for side in best}
    number = words.plural(best[0].spot.pool.workers, "worker")
    if len(one.group.workers) == 1:
        opening = f"on {number}, no other number was measured: "
    elif len(counts) == 1:
        opening = f"{number} {'is' if counts == {1} else 'are'} best: "
    else:
        opening = "best are "
    values = ", ".join(_value(one, side, len(counts) > 1) for side in best)
    return f"{place}: {opening}{values}{_end(one, best)}.{_others(one, of_kind)}"


def _is_slower(value: RatioInterval) -> bool:
    """Than serially, for all that is known."""
    return (value.ratio if value.high is None else value.high) < 1


def _best_of(one: Scaled) -> list[_Best]:
    """Of each side, over its best channel: the fewest workers that are as good as any, for all that is known."""
    best: dict[str, _Best] = {}
    for spots in one.lines.values():
        side = spots[0].pool.side or spots[0].pool.series
        top = max(spots, key=one.speed)
        spot = next(spot for spot in spots if _is_as_good(one, spot, top))
        there = best.get(side)
        if there is None or one.speed(spot) > one.speed(there.spot):
            best[side] = _Best(side, spot, spots[-1].pool.workers)
    return [best[side] for side in sorted(best, key=lambda side: (side != THREADS, side != PROCESSES, side))]


def _is_as_good(one: Scaled, spot: Spot, top: Spot) -> bool:
    """Within 3 % of it, or within 10 % where the intervals do not tell them apart."""
    share = one.speed(spot) / one.speed(top)
    low, high = max(spot.value.low or 0, top.value.low or 0), min(spot.value.high or 0, top.value.high or 0)
    return share >= 0.97 or (share >= 0.9 and low <= high)


def _value(one: Scaled, side: _Best, with_workers: bool) -> str:
    value = side.spot.value
    number = f"{words.ratio(value.ratio)}x the serial speed" if one.over_serial else f"{words.duration(value.ratio)} a task"
    shown = words.ratio if one.over_serial else words.duration
    said = [f"{words.percent(one.confidence)}: {shown(value.low)}–{shown(value.high)}"] if value.low and value.high else []
    said += ["unstable"] if UNSTABLE in side.spot.marks else []
    who = f"{words.plural(side.spot.pool.workers, 'worker')} of {side.side}" if with_workers else side.side
    return f"{who} {number}{' (' + '; '.join(said) + ')' if said else ''}"


def _end(one: Scaled, best: Sequence[_Best]) -> str:
    if len(one.group.workers) == 1:
        return ""
    if all(side.spot.pool.workers == side.most for side in best):
        return "; more were not measured"
    return "; more are no faster" if all(side.spot.pool.workers < side.most for side in best) else ""


def _others(one: Scaled, of_kind: Sequence[Scaled]) -> str:
    """Payloads for which other numbers of workers are best."""
    own = {side.side: side.spot.pool.workers for side in _best_of(one)}
    other: list[str] = []
    for scaled in sorted(of_kind, key=lambda other: other.group.payload):
        counts = {side.side: side.spot.pool.workers for side in _best_of(scaled)}
        if scaled.group.payload != one.group.payload and counts != own:
            text = " and ".join(f"{words.plural(count, 'worker')} of {side}" for side, count in counts.items())
            text = words.plural(next(iter(counts.values())), "worker") if len(set(counts.values())) == 1 else text
            other.append(f"with {words.size(scaled.group.payload)} {text}")
    return f" Otherwise {'; '.join(dict.fromkeys(other))}." if other else ""


