"""What a history says, in sentences and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mpmt.answers import words
from mpmt.base.row_names import common_parts, short_names
from mpmt.history.changes import LEAST_VALUES, ChangePoint
from mpmt.history.series import Change, Gathered, Order, Series, smallest_found
from mpmt.history.table import Pair, changes_of, epoch_spans, last_pairs, left_out, scatter, what_changed
from mpmt.views.bare_channels import without_empty
from mpmt.views.view import Column, Table

__all__ = ["Told", "effect_in_words", "without_empty"]

TOLD = 3  # changes that have a sentence of their own
_ID = 12  # characters of a commit
_MOST_EPOCHS = 5


def effect_in_words(point: ChangePoint) -> str:
    """"5.2 % slower (4.1 %–6.3 %)"; of times."""
    ends = sorted((abs(point.low), abs(point.high))) if point.low * point.high > 0 else [point.low, point.high]
    return (f"{words.percent(abs(point.effect))} {'slower' if point.effect > 0 else 'faster'} "
            f"({words.percent(ends[0])}–{words.percent(ends[1])})")


def _compared(ratio: float) -> str:
    return f"takes {words.factor(ratio)} as long" if ratio >= 1 else f"is {words.factor(1 / ratio)} faster"


class Told:
    def __init__(self, found: Gathered, order: Order) -> None:
        self.found, self.order = found, order
        self.machines = [machine for machine in sorted(found.unused) if any(one.machine == machine for one in found.series)]
        self.several = len(self.machines) > 1
        self._names = short_names(list(dict.fromkeys(one.name for one in found.series)))
        taken = Counter(commit[:_ID] for commit in order.commits)
        self._labels = [commit[:_ID] if taken[commit[:_ID]] == 1 else commit for commit in order.commits]

    def label(self, at: int) -> str:
        """Of a commit: short, where that is unique."""
        return self._labels[at]

    def name(self, series: Series) -> str:
        return self._names[series.name] + (f" (version {series.version})" if series.version != 1 else "")

    def _of(self, machine: str) -> list[Series]:
        return [one for one in self.found.series if one.machine == machine]

    # ---- sentences

    def sentences(self) -> Iterator[str]:
        for machine in self.machines:
            series = self._of(machine)
            prefix = f"Machine {machine}: " if self.several else ""
            for sentence in (*self._changed(series), *self._pairs(last_pairs(series), series), *self._drifted(series),
                             *self._smallest(series)):
                yield prefix + sentence

    def _changed(self, series: Sequence[Series]) -> Iterator[str]:
        changed = changes_of(series)
        long_enough = [one for one in series if one.detectable is not None]
        commits = len({point.at for one in series for point in one.points})
        over = f"{words.plural(len(long_enough), 'benchmark')} over {words.plural(commits, 'commit')}"
        if long_enough and not changed:
            yield f"Nothing changed in {over}."
        if not changed:
            return
        slower = sum(change.point.effect > 0 for _, change in changed)
        yield f"{words.plural(slower, 'step')} slower and {len(changed) - slower} faster, in {over}."
        for one, change in sorted(changed, key=lambda pair: -abs(pair[1].point.effect))[:TOLD]:
            yield (f"{self.name(one)}: {effect_in_words(change.point)}, after {self._before(change)} and at or before "
                   f"{self.label(change.first_bad)}.")

    def _before(self, change: Change) -> str:
        missing = f" ({words.plural(change.missing, 'commit')} between were not measured)" if change.missing else ""
        return self.label(change.last_good) + missing

    def _pairs(self, pairs: Sequence[Pair], series: Sequence[Series]) -> Iterator[str]:
        if not pairs:
            return
        most = pairs[0]
        (a, b), _ = Counter((pair.a.at, pair.b.at) for pair in pairs).most_common(1)[0]
        yield (f"Too few commits for change points in {words.plural(len(pairs), 'benchmark')} of {len(series)}: they take "
               f"{2 * LEAST_VALUES}. The last two stand "
               f"side by side, measured at different times; the most differs {self.name(most.series)}, which "
               f"{_compared(most.ratio)}. "
               f"To be sure: mpmt track compare {self.label(a)} {self.label(b)}")

    def _drifted(self, series: Sequence[Series]) -> Iterator[str]:
        drifting = sorted(((one, one.drift) for one in series if one.drift), key=lambda pair: -abs(pair[1].effect))
        if drifting:
            one, point = drifting[0]
            yield (f"{words.plural(len(drifting), 'benchmark')} drifted, with no step for which one commit could be to blame; "
                   f"the most {self.name(one)}, "
                   f"{effect_in_words(point)}.")

    def _smallest(self, series: Sequence[Series]) -> Iterator[str]:
        smallest = smallest_found(series)
        if smallest is not None:
            yield f"A step of {words.percent(smallest)} would have been found in four of five cases, in half of the benchmarks."

    def notes(self) -> Iterator[str]:
        common = common_parts(list(self._names))
        if common:
            yield f"All benchmarks have {common}."
        for machine in self.machines:
            series = self._of(machine)
            prefix = f"machine {machine}: " if self.several else ""
            spans = epoch_spans(series)
            for (_, before), (at, epoch) in list(zip(spans, spans[1:]))[:_MOST_EPOCHS]:
                changed = what_changed(self.found.epochs[machine, before], self.found.epochs[machine, epoch])
                yield f"{prefix}epoch {epoch} from {self.label(at)}, not compared with what was before: {changed}."
            if len(spans) > _MOST_EPOCHS + 1:
                yield f"{prefix}{words.plural(len(spans) - _MOST_EPOCHS - 1, 'further epoch')}."
            for line in left_out(self.found, series, machine):
                yield f"{prefix}{line}."

    # ---- tables

    def tables(self) -> list[Table]:
        return [without_empty(table) for table in (self._change_table(), self._pair_table(), self._drift_table())]

    def _place(self, series: Series) -> tuple[str | None, str]:
        return series.machine if self.several else None, self.name(series)

    def _change_table(self) -> Table:
        rows = tuple((*self._place(one), 1 + change.point.effect, 1 + change.point.low, 1 + change.point.high,
                      self.label(change.last_good),
                      self.label(change.first_bad), change.missing, change.measured_since)
                     for one, change in changes_of(self.found.series))
        columns = (Column("machine"), Column("benchmark"), Column("after ÷ before", "ratio"), Column("from", "ratio"),
                   Column("to", "ratio"),
                   Column("last good"), Column("first bad"), Column("not measured between", "count"),
                   Column("measured since", "count"))
        return Table(columns, rows, "Changes, the most recent first")

    def _pair_table(self) -> Table:
        rows = tuple((*self._place(pair.series), pair.ratio, scatter(pair.a), scatter(pair.b), self.label(pair.a.at),
                      self.label(pair.b.at))
                     for pair in last_pairs(self.found.series))
        columns = (Column("machine"), Column("benchmark"), Column("B ÷ A", "ratio"), Column("scatter of A", "share"),
                   Column("of B", "share"),
                   Column("A"), Column("B"))
        return Table(columns, rows, "The last two commits of benchmarks that have too few for change points")

    def _drift_table(self) -> Table:
        drifting = sorted(((one, one.drift) for one in self.found.series if one.drift), key=lambda pair: -abs(pair[1].effect))
        rows = tuple((*self._place(one), 1 + point.effect, 1 + point.low, 1 + point.high) for one, point in drifting)
        return Table((Column("machine"), Column("benchmark"), Column("last third ÷ first", "ratio"), Column("from", "ratio"),
                      Column("to", "ratio")), rows,
                     "Drifts")
