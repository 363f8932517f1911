"""Bare channels between two sides: what was measured, which was fastest, and by size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Optional

from mpmt.answers import words
from mpmt.records.families import CHANNEL, comparisons_of
from mpmt.records.record_file import rules
from mpmt.views import channel_charts
from mpmt.views.channel_charts import PLACEMENTS, SIDES, WAITS
from mpmt.views.measured import Case, cases_of, of_first_program
from mpmt.views.ranking import Ranked, ranked
from mpmt.views.report import Shown
from mpmt.views.view import Chart, Column, Table, Value

Row = tuple[Optional[Value], ...]
PING_PONG, STREAM = "ping_pong", "stream"
PATTERNS = {PING_PONG: "round trip", STREAM: "stream"}
WAITING = {"block": "asleep", "yield": "yielding", "spin": "spinning"}
TOLD_BYTES = (64, 4096, 65536, 1 << 20)  # sentences are of the sizes nearest to these
BOOST = "boost_queue"
_MOST_ROWS = 12  # of comparisons that are open, with those that differ
_FASTER_BY = 1.1  # another way to wait is named from this factor on


class Bare:
    """The channels and floors of one record, of its first program; open loops are latency's."""

    def __init__(self, shown: Shown, prefix: str) -> None:
        every = cases_of(shown.record, CHANNEL)
        ours = of_first_program(every)
        self.prefix, self.record, self.number = prefix, shown.record, shown.number
        self.cases = [case for case in ours if case.said["pattern"] in PATTERNS]
        self.other_programs = list(dict.fromkeys(case.said["program"] for case in every[len(ours):]))
        self.confidence = rules(shown.record).confidence
        self.labels = _labels(self.cases)
        self.rankings = self._rankings()

    def _rankings(self) -> dict[tuple[Any, ...], Ranked]:
        """By pattern, size, sides, placement and wait: channels, each by its fastest variant. Floors and what nobody touches
        take no part."""
        grouped: dict[tuple[Any, ...], dict[str, list[Case]]] = {}
        for case in self.cases:
            said = case.said
            if not said["floor"] and said["touched"]:
                key = (said["pattern"], said["message_bytes"], said["sides"], said["placement"], said["wait"])
                grouped.setdefault(key, {}).setdefault(said["channel"], []).append(case)
        return {key: ranked([(channel, fastest(cases)) for channel, cases in found.items()], self.confidence)
                for key, found in grouped.items()}

    def sentences(self) -> Iterator[str]:
        sizes = sorted({key[1] for key in self.rankings})
        told = sorted({min(sizes, key=lambda size: max(size / wanted, wanted / size)) for wanted in TOLD_BYTES if sizes})
        for size in told:
            for sides in SIDES:
                parts = [part for pattern in PATTERNS if (part := self._answer(pattern, size, sides))]
                if parts:
                    yield f"{self.prefix}Messages of {words.size(size)} between {sides}: {'; '.join(parts)}."
        yield from self._sides()

    def _answer(self, pattern: str, size: int, sides: str) -> str:
        """Of the first placement and way to wait that were measured, and of another way where that is faster."""
        there = [key for key in self.rankings if key[:3] == (pattern, size, sides)]
        if not there:
            return ""
        placement = min((key[3] for key in there), key=lambda one: [*PLACEMENTS].index(one))
        of_wait = {key[4]: self.rankings[key] for key in there if key[3] == placement}
        wait = min(of_wait, key=lambda one: WAITS.index(one) if one in WAITS else len(WAITS))
        ranking = of_wait[wait]
        where = f"{PLACEMENTS[placement]}, {WAITING.get(wait, str(wait))}"
        said = f"{_noun(pattern)} ({where}): {self._leader(ranking, pattern, size)}"
        quickest = min(of_wait.values(), key=lambda one: one.best[1].median)
        if quickest.best[1].median * _FASTER_BY < ranking.best[1].median:
            other = next(key for key, one in of_wait.items() if one is quickest)
            case = quickest.best[1]
            said += f"; {WAITING.get(other, str(other))}, {self.labels[case.name]} {_figure(case, pattern, size)}"
        return said

    def _leader(self, ranking: Ranked, pattern: str, size: int) -> str:
        _, case = ranking.best
        figure = f"{self.labels[case.name]} {_figure(case, pattern, size)}" + (" (unstable)" if case.unstable else "")
        if len(ranking.cases) == 1:
            return f"{figure}, the only one measured"
        leads = [ranking.lead(1)]
        if (boost := ranking.lead_over(BOOST)) and boost.other != leads[0].other:
            leads.append(boost)
        return f"{figure}, {', '.join(one.in_words(self.confidence) for one in leads)}"

    def _sides(self) -> Iterator[str]:
        rows = [row for row in _compared(self) if row["table"] == "controlled"]
        if not rows:
            return
        counts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in ("threads", "processes", "same")}
        margin = words.percent(rules(self.record).margin)
        yield (f"{self.prefix}Over the same channel, of {words.plural(len(rows), 'comparison')} of processes with threads "
               f"{counts['same']} are the same within {margin}, in {counts['threads']} threads are faster, in "
               f"{counts['processes']} "
               f"processes; {len(rows) - sum(counts.values())} are open.")

    def notes(self) -> Iterator[str]:
        if self.other_programs:
            told = ", ".join(str(name) for name in self.other_programs)
            yield f"{self.prefix}charts and sentences are of one program; measured as well: {told}."
        if any(case.unstable for case in self.cases):
            count = sum(case.unstable for case in self.cases)
            yield (f"{self.prefix}{words.plural(count, 'case')} of {len(self.cases)} are unstable: no such one is named as "
                   "fastest where another is not.")


def _labels(cases: Sequence[Case]) -> dict[str, str]:
    """By case: the channel, and what else tells two of them apart that stand beside each other."""
    seen: dict[tuple[Any, ...], set[Any]] = {}
    for said in (case.said for case in cases):
        place = (said["channel"], said["sides"])
        seen.setdefault((*place, "futex"), set()).add(said["futex"])
        seen.setdefault((*place, said["pattern"], said["message_bytes"], said["placement"]), set()).add(said["window"])

    def label(said: Any) -> str:
        place = (said["channel"], said["sides"])
        windows = seen[(*place, said["pattern"], said["message_bytes"], said["placement"])]
        parts = [said["channel"], *([str(said["futex"])] if len(seen[(*place, "futex")]) > 1 else []),
                 *([] if said["touched"] else ["untouched"]), *([f"window {said['window']}"] if len(windows) > 1 else [])]
        return ", ".join(parts)
    return {case.name: label(case.said) for case in cases}


def fastest(cases: Sequence[Case]) -> Case:
    """Of one channel's variants; one that is unstable only where all are."""
    return min(cases, key=lambda case: (case.unstable, case.median))


def _noun(pattern: str) -> str:
    return {PING_PONG: "round trips", STREAM: "streams"}[pattern]


def bandwidth(ns: float, size: int) -> float:
    return size * 1e9 / ns


def _figure(case: Case, pattern: str, size: int) -> str:
    return words.duration(case.median) if pattern == PING_PONG else f"{words.size(bandwidth(case.median, size))}/s"


def _compared(bare: Bare) -> list[dict[str, Any]]:
    return [row for row in comparisons_of(bare.record, CHANNEL) if row["pattern"] in PATTERNS]


# ---- charts and tables -------------------------------------------------------------------------------------


def charts(bares: Sequence[Bare]) -> list[Chart]:
    return channel_charts.charts([channel_charts.Drawn(bare.cases, bare.labels, bare.prefix, bare.number) for bare in bares])


def tables(bares: Sequence[Bare]) -> list[Table]:
    if not bares:
        return []
    made = [_choices(bares), _every_case(bares), _comparisons(bares)]
    return [table for table in made if table.rows or table.rest]


_PLACE = (Column("record"), Column("what"), Column("message", "bytes"), Column("between"), Column("CPUs"), Column("waiting"))


def _place(bare: Bare, said: Any) -> Row:
    return (bare.prefix.removesuffix(": ") or None, PATTERNS[said["pattern"]], said["message_bytes"], said["sides"],
            PLACEMENTS.get(said["placement"], said["placement"]), WAITING.get(said["wait"], said["wait"]))


def _bandwidth_of(case: Case) -> float | None:
    return bandwidth(case.median, case.said["message_bytes"]) if case.said["pattern"] == STREAM else None


def _order(case: Case) -> tuple[Any, ...]:
    said = case.said
    return said["pattern"], said["message_bytes"], said["sides"], said["placement"], said["wait"] or "", case.median


def _choices(bares: Sequence[Bare]) -> Table:
    rows = []
    for bare in bares:
        for _, ranking in sorted(bare.rankings.items(), key=lambda item: (*item[0][:3], str(item[0][3:]))):
            _, case = ranking.best
            lead = ranking.lead(1) if len(ranking.cases) > 1 else None
            over = ranking.lead_over(BOOST)
            rows.append((*_place(bare, case.said), bare.labels[case.name], case.median, _bandwidth_of(case),
                         *((lead.other, lead.factor, lead.low, lead.high) if lead else (None,) * 4),
                         over.factor if over else None))
    columns = (*_PLACE, Column("fastest"), Column("time", "ns"), Column("bandwidth", "bytes/s"), Column("next"),
               Column("next ÷ fastest", "ratio"),
               Column("from", "ratio"), Column("to", "ratio"), Column(f"{BOOST} ÷ fastest", "ratio"))
    return without_empty(Table(columns, tuple(rows), "The fastest channel"))


def _every_case(bares: Sequence[Bare]) -> Table:
    rows = [(*_place(bare, case.said), bare.labels[case.name], case.median, case.low, case.high,
             _bandwidth_of(case), len(case.rounds), ", ".join(case.marks) or None)
            for bare in bares for case in sorted(bare.cases, key=_order)]
    columns = (*_PLACE, Column("channel"), Column("time", "ns"), Column("lowest", "ns"), Column("highest", "ns"),
               Column("bandwidth", "bytes/s"), Column("rounds", "count"), Column("mark"))
    return without_empty(Table(columns, tuple(rows), "All channels and floors: median, lowest and highest round"))


def _comparisons(bares: Sequence[Bare]) -> Table:
    """Rows that differ; those that are the same, or where there are many open, are told in a line."""
    found: dict[str, list[Row]] = {}
    for bare in bares:
        for row in _compared(bare):
            kind = row["verdict"] if row["verdict"] in ("same", "undecided", "unstable") else "differ"
            found.setdefault(kind, []).append(_compared_row(bare, row))
    differing = sorted(found.get("differ", []), key=lambda row: -_distance(row[7]))
    folded, rest = [], []
    for kind in ("undecided", "unstable", "same"):
        rows = sorted(found.get(kind, []), key=lambda row: -_distance(row[7]))
        if kind != "same" and len(differing) + len(rows) <= _MOST_ROWS:
            differing += rows
        elif rows:
            folded.append(f"{words.plural(len(rows), 'row')} more: {kind}")
            rest += rows
    columns = (Column("record"), Column("what"), Column("message", "bytes"), Column("CPUs"), Column("waiting"),
               Column("channel"),
               Column("ratio of"), Column("ratio", "ratio"), Column("from", "ratio"), Column("to", "ratio"), Column("verdict"))
    return without_empty(Table(columns, tuple(differing), "Processes and threads, or two programs, over the same channel",
                               tuple(folded),
                               tuple(rest)))


def _compared_row(bare: Bare, row: dict[str, Any]) -> Row:
    a, b = (row["a"], row["b"]) if row["table"] == "programs" else ("threads", "processes")
    verdict = {"a": f"{a} faster", "b": f"{b} faster", "threads": "threads faster", "processes": "processes faster"}
    return (bare.prefix.removesuffix(": ") or None, PATTERNS[row["pattern"]], row["message_bytes"],
            PLACEMENTS.get(row["placement"], row["placement"]), WAITING.get(row["wait"], row["wait"]),
            row["channel"] or "best of either side", f"{b} ÷ {a}", row["ratio"], row["low"], row["high"],
            verdict.get(row["verdict"], row["verdict"]))


def _distance(ratio: Value | None) -> float:
    return max(ratio, 1 / ratio) if isinstance(ratio, float) and ratio > 0 else 0.0


def without_empty(table: Table) -> Table:
    """Without the columns that have nothing in any row."""
    kept = [at for at in range(len(table.columns)) if any(row[at] is not None for row in (*table.rows, *table.rest))]

    def chosen(rows: Sequence[Row]) -> tuple[Row, ...]:
        return tuple(tuple(row[at] for at in kept) for row in rows)
    return Table(tuple(table.columns[at] for at in kept), chosen(table.rows), table.title, table.folded, chosen(table.rest))
