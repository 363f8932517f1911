"""A machine's history as a CSV file that Apache Otava (formerly Hunter) reads: https://otava.apache.org.

One row for each commit, in the order of the history, comma-separated, quoted with ":

    time,commit,<benchmark>,<benchmark>,...
    2024-01-01 00:00:00 +0000,0123456789abcdef0123456789abcdef01234567,511420.4,...

`time` is the commit's date in UTC (the record's start where that is no date), metrics are ns per task (of channels: per
operation). Otava takes a metric for better when it grows, unless it is told, so name the direction in otava.yaml:

    tests:
      mpmt:
        type: csv
        file: history.csv
        time_column: time
        attributes: [commit]
        metrics:
          prime_count/process_pool: {column: "prime_count/process_pool", direction: -1}

and run `otava analyze mpmt --since 2024-01-01` (without --since it looks at the last year). Otava knows no epochs, so
only the newest epoch is written, and it refuses empty cells: a value that is missing is carried forward from the commit
before (at the start: backward from the first one), as Otava itself does for its other sources. Points that are not
trusted, and cases placed `free`, are not written.

Names come from records and are not to be trusted: what is not printable is replaced, and a name that a spreadsheet would
take for a formula (beginning with = + - @) gets a ' before it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timezone

from mpmt.base.problem import NothingMeasured, Problem
from mpmt.base.shown import shown
from mpmt.history.series import Gathered, Order, Series
from mpmt.records.stored_files import moment


def csv_text(found: Gathered, order: Order) -> str:
    """The file's text. Raises Problem when there are several machines."""
    machines = sorted({series.machine for series in found.series})
    if len(machines) > 1:
        raise Problem(f"--csv: records of {len(machines)} machines ({', '.join(machines)}): choose one with --machine")
    newest = max(series.epoch for series in found.series)
    chosen = [series for series in found.series if series.epoch == newest and series.trusted]
    if not chosen:
        raise NothingMeasured("--csv: the newest epoch has no trusted value")
    places = sorted({point.at for series in chosen for point in series.trusted})
    columns = [_filled(series, places) for series in chosen]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["time", "commit", *column_names(chosen)])
    for row, at in enumerate(places):
        commit = order.commits[at]
        writer.writerow([_time(found.dates[commit]), commit, *(repr(column[row]) for column in columns)])
    return out.getvalue()


def column_names(chosen: Sequence[Series]) -> list[str]:
    """A unique, harmless heading for each series."""
    taken, unique = {"time", "commit"}, []
    for name in map(_harmless, chosen):
        number, candidate = 1, name
        while candidate in taken:
            number += 1
            candidate = f"{name} #{number}"
        taken.add(candidate)
        unique.append(candidate)
    return unique


def _harmless(series: Series) -> str:
    version = f" v{series.version}" if series.version != 1 else ""
    name = shown(series.name, 1000).strip() + version
    return f"'{name}" if name[:1] in ("=", "+", "-", "@") else name


def _filled(series: Series, places: Sequence[int]) -> list[float]:
    values = {point.at: point.value for point in series.trusted}
    last = series.trusted[0].value
    filled = []
    for at in places:
        last = values.get(at, last)
        filled.append(last)
    return filled


def _time(date: str) -> str:
    when = moment(date) or datetime.fromtimestamp(0, timezone.utc)
    return f"{when:%Y-%m-%d %H:%M:%S} +0000"
