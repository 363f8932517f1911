"""Pools that ran the same tasks over several channels: which channel was fastest, and from which task size on it does not
matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mpmt.answers import words
from mpmt.answers.rows import task_times, workload_of
from mpmt.records.families import POOL
from mpmt.records.record_file import rules
from mpmt.views.bare_channels import BOOST, TOLD_BYTES, without_empty
from mpmt.views.channel_charts import nearest
from mpmt.views.measured import cases_of, number_of, side_of
from mpmt.views.ranking import Lead, Ranked, ranked
from mpmt.views.report import Shown
from mpmt.views.view import PROCESSES, THREADS, Column, Table, Value

DIFFER, SAME, OPEN = "differ", "same", "open"
_BETWEEN = {PROCESSES: "between processes", THREADS: "between threads"}
_MOST_ROWS = 40  # of a table, before the rest is folded


@dataclass(frozen=True)
class Group:
    """The same tasks by the same workers, over two channels or more."""

    said: Any
    side: str
    task_ns: float | None
    ranking: Ranked
    next: Lead
    last: Lead  # over the slowest
    found: str


class Pools:
    """Of all programs of one record."""

    def __init__(self, shown: Shown, prefix: str) -> None:
        self.prefix, self.record = prefix, shown.record
        said = rules(shown.record)
        self.margin, self.confidence = said.margin, said.confidence
        times = {key: time for key, time in task_times(shown.record).items() if number_of(time) is not None}
        grouped: dict[tuple[Any, ...], list[Any]] = {}
        for case in cases_of(shown.record, POOL):
            if case.said["channel"] is not None:
                key = (case.said.get("program"), case.said["group"], case.said["executor"], case.said["workers"])
                grouped.setdefault(key, []).append((case.said["channel"], case))
        self.groups = [self._group(ranked(cases, self.confidence), times) for cases in grouped.values()
                       if len({name for name, _ in cases}) > 1]

    def _group(self, ranking: Ranked, times: dict[tuple[str, int], float]) -> Group:
        said, last = ranking.best[1].said, ranking.lead(len(ranking.cases) - 1)
        found = DIFFER if last.is_sure else SAME if last.high is not None and last.high <= 1 + self.margin else OPEN
        return Group(said, side_of(said), times.get((workload_of(said), said["grain"])), ranking, ranking.lead(1), last, found)

    def sentences(self) -> Iterator[str]:
        """For each size of payload, of the shortest tasks, which a channel costs most of; then how far it matters."""
        sizes = sorted({group.said["payload_bytes"] for group in self.groups})
        for size in nearest(sizes, TOLD_BYTES):
            yield from self._of_size([group for group in self.groups if group.said["payload_bytes"] == size], size)
        counts = {found: sum(group.found == found for group in self.groups) for found in (DIFFER, SAME, OPEN)}
        longest = max((group.task_ns for group in self.groups if group.found == DIFFER and group.task_ns is not None),
                      default=None)
        up_to = f" (the longest of these tasks takes {words.duration(longest)})" if longest is not None else ""
        if self.groups:
            yield (f"{self.prefix}In {words.plural(len(self.groups), 'place')} the same tasks ran over several channels: in "
                   f"{counts[DIFFER]} the "
                   f"slowest channel costs more than the fastest{up_to}, in {counts[SAME]} all are the same within "
                   f"{words.percent(self.margin)}, "
                   f"{counts[OPEN]} are open.")

    def _of_size(self, groups: Sequence[Group], size: int) -> Iterator[str]:
        timed = [group for group in groups if group.task_ns is not None]
        if not timed:
            return
        shortest = min(timed, key=lambda group: (group.task_ns or 0, -_workers_wanted(group)))
        data = f" with {words.size(size)}" if size else ""
        workers = words.plural(shortest.said["workers"], "worker")
        parts = [f"{self._who(group)} {self._told(group)}" for group in timed if _place(group) == _place(shortest)]
        yield (f"{self.prefix}{workload_of(shortest.said)} tasks of {words.duration(shortest.task_ns or 0)}{data} on "
               f"{workers}: {'; '.join(sorted(parts))}.")

    def _who(self, group: Group) -> str:
        who = _BETWEEN.get(group.side, group.said["executor"])
        return f"{group.said['program']}, {who}" if group.said.get("program") else who

    def _told(self, group: Group) -> str:
        name, case = group.ranking.best
        leads = [group.next]
        if (boost := group.ranking.lead_over(BOOST)) and boost.other != group.next.other:
            leads.append(boost)
        unstable = " (unstable)" if case.unstable else ""
        told = ", ".join(one.in_words(self.confidence) for one in leads)
        return f"{name} takes {words.duration(case.median)} a task{unstable}, {told}"

    def notes(self) -> Iterator[str]:
        if self.groups:
            yield ("Time per task of pools holds the task itself, shared by the workers: a channel matters the less, the "
                   "longer a task takes.")


def _workers_wanted(group: Group) -> int:
    """Two workers are what most ask of; else the more the better."""
    workers = int(group.said["workers"])
    return 1 << 30 if workers == 2 else workers


def _place(group: Group) -> tuple[Any, ...]:
    keys = ("grain", "payload_bytes", "workers", "batch", "window", "placement", "wait")
    return (workload_of(group.said), *(group.said[key] for key in keys))


# ---- the table ---------------------------------------------------------------------------------------------


def tables(pools: Sequence[Pools]) -> list[Table]:
    """What differs first, the largest difference first; what is the same, or open, is told in a line each."""
    rows = [(group, _row(pool, group)) for pool in pools for group in pool.groups]
    if not rows:
        return []
    differing = sorted(((group, row) for group, row in rows if group.found == DIFFER), key=lambda pair: -pair[0].last.factor)
    shown = [row for _, row in differing[:_MOST_ROWS]]
    rest = [row for _, row in differing[_MOST_ROWS:]]
    folded = [f"{words.plural(len(rest), 'row')} more: smaller differences"] if rest else []
    for found, told in ((OPEN, "open: a difference was not shown, nor that there is none"), (SAME, "all channels the same")):
        more = [row for group, row in rows if group.found == found]
        folded += [f"{words.plural(len(more), 'row')} more: {told}"] if more else []
        rest += more
    columns = (Column("record"), Column("program"), Column("workload"), Column("a task takes", "ns"),
               Column("payload", "bytes"),
               Column("workers", "count"), Column("side"), Column("waiting"), Column("fastest"), Column("time per task", "ns"),
               Column("next"),
               Column("next ÷ fastest", "ratio"), Column("from", "ratio"), Column("to", "ratio"), Column("slowest"),
               Column("slowest ÷ fastest", "ratio"), Column("finding"))
    return [without_empty(Table(columns, tuple(shown), "The same tasks over several channels", tuple(folded), tuple(rest)))]


def _row(pool: Pools, group: Group) -> tuple[Value | None, ...]:
    said, (name, case) = group.said, group.ranking.best
    return (pool.prefix.removesuffix(": ") or None, said.get("program"), workload_of(said), group.task_ns,
            said["payload_bytes"], said["workers"], group.side, said["wait"], name, case.median,
            group.next.other, group.next.factor, group.next.low, group.next.high,
            group.last.other, group.last.factor, group.found)
